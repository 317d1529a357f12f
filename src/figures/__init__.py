"""The pictures in `plots/`: how they look, and what each shows. Never torch.

Imports `results` and `params`.
"""
