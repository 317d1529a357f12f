"""The optimizers and schedules that a recipe can name.

Each is one class: its name and options as params.yaml has them, and what it does. A new one is a class here and its
name in the union below it; the check of params.yaml and its error messages come from there.
This file imports torch only where it makes an optimizer, because every command reads params.yaml.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from schema import StrictModel

if TYPE_CHECKING:
    import torch

Share = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Sgd(StrictModel):
    """Stochastic gradient descent; the weight decay is added to the gradient."""

    name: Literal["sgd"]
    momentum: Share = 0.0
    nesterov: bool = False
    weight_decay: NotNegative = 0.0

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Sgd:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self

    def make(self, parameters: list[torch.nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(parameters, lr=learning_rate, fused=True, **self.model_dump(exclude={"name"}))


class AdamW(StrictModel):
    """Adam with a weight decay that is decoupled from the gradient (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"]
    weight_decay: NotNegative = 0.0

    def make(self, parameters: list[torch.nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        import torch

        return torch.optim.AdamW(parameters, lr=learning_rate, fused=True, **self.model_dump(exclude={"name"}))


Optimizer = Annotated[Sgd | AdamW, Field(discriminator="name")]


class Constant(StrictModel):
    """The same learning rate in all steps."""

    name: Literal["constant"]

    def learning_rate(self, highest: float, step: int, steps: int) -> float:
        return highest


class Cosine(StrictModel):
    """From the highest learning rate to 0 in half a cosine wave, as torch's CosineAnnealingLR."""

    name: Literal["cosine"]

    def learning_rate(self, highest: float, step: int, steps: int) -> float:
        return highest * (1 + math.cos(math.pi * step / steps)) / 2


class OneCycle(StrictModel):
    """Up in a straight line during the warm-up, a share of all steps, then down in another to almost 0."""

    name: Literal["one-cycle"]
    warm_up: Annotated[float, Field(ge=0, le=1)]

    def learning_rate(self, highest: float, step: int, steps: int) -> float:
        warm_up = max(1, self.warm_up * steps)
        return highest * min((step + 1) / warm_up, (steps - step) / (steps - warm_up + 1))


# `learning_rate`: `step` counts the steps that are done, `steps` all steps. It depends on nothing else, so a run that
# goes on from a saved state needs no scheduler's state.
Schedule = Annotated[Constant | Cosine | OneCycle, Field(discriminator="name")]
