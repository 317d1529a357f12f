"""From first weights to a trained net: the loop and its step, the saved state it goes on from, what is shown of it.

Imports `images`, `params` and `foundation`. It knows nothing of how a net is evaluated or compared.
"""
