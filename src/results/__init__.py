"""What stages hand to each other in the files of `metrics/`, as types: of a trained net, and of an evaluated one.

Imports `images`, `params` and `foundation`; never torch.
"""
