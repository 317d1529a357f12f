"""The pictures in `plots/`: how they look, and what each shows. Never torch.

Imports `foundation` and nothing else of the project.
"""
