"""The optimizer that a recipe names, and its learning rate at each step."""

import math

import torch
import torch.nn as nn

from params import Recipe


def make_optimizer(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """Fused, which updates all tensors in one kernel."""
    common = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay, "fused": True}
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parameters, **common)
    return torch.optim.SGD(parameters, momentum=recipe.momentum, nesterov=recipe.nesterov, **common)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of the step that comes after `step` others, of `steps` in all.

    From these numbers alone, so that a run that goes on from a saved state needs no scheduler's.
    """
    if recipe.schedule == "cosine":  # as torch's CosineAnnealingLR
        return recipe.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
    if recipe.schedule == "one-cycle":  # up in a straight line to the end of the warm-up, then down; never quite 0
        warm_up = max(1, recipe.warm_up * steps)
        return recipe.learning_rate * min((step + 1) / warm_up, (steps - step) / (steps - warm_up + 1))
    return recipe.learning_rate
