"""The training loop. The images stay on the device as one uint8 tensor; nothing is read back between two log rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.sgd import sgd

from dataset import scale
from errors import UserError
from params import Recipe

MEAN = STD = 0.5  # as the study scales its images


@dataclass(frozen=True)
class LogRow:
    """Mean loss and accuracy (%) over the training images since the last row."""

    step: int
    epoch: int
    loss: float
    accuracy: float
    images: int


def steps_per_epoch(images: int, recipe: Recipe) -> int:
    return math.ceil(images / recipe.batch_size)


def mean_row(rows: list[LogRow]) -> LogRow:
    """`rows` as one, each weighted by its images."""
    images = sum(row.images for row in rows)
    loss = sum(row.loss * row.images for row in rows) / images
    accuracy = sum(row.accuracy * row.images for row in rows) / images
    return LogRow(rows[-1].step, rows[-1].epoch, loss, accuracy, images)


@dataclass
class State:
    """What a training step changes."""

    net: nn.Module
    parameters: list[torch.Tensor]
    momenta: list[torch.Tensor]
    loss_sum: torch.Tensor  # over the images since the last row, like `correct`
    correct: torch.Tensor


def train(net: nn.Module, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int) -> Iterator[LogRow]:
    """Train `net` in place by `recipe`; one row every `log_every` steps of an epoch and one at its end.

    images: (N, 32, 32, 3) uint8; targets: (N,) int64; both, and `net`, on one device.
    """
    parameters = list(net.train().parameters())
    loss_sum, correct = torch.zeros(2, device=images.device)
    state = State(net, parameters, [torch.zeros_like(p) for p in parameters], loss_sum, correct)
    shuffle = torch.Generator().manual_seed(seed)  # on the CPU: the same order of images on every device
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(images), generator=shuffle).to(images.device)
        batches = order.split(recipe.batch_size)
        seen = 0
        for i, batch in enumerate(batches, start=1):
            train_step(state, images, targets, batch, recipe)
            step += 1
            seen += len(batch)
            if i % recipe.log_every == 0 or i == len(batches):
                yield read_log(state, step, epoch, seen, recipe)
                seen = 0


def train_step(state: State, images: torch.Tensor, targets: torch.Tensor, batch: torch.Tensor, recipe: Recipe) -> None:
    """One SGD step on the images at the indices `batch`. Nothing is read back, so a GPU never waits for Python."""
    inputs = scale(images.index_select(0, batch), MEAN, STD)
    target = targets.index_select(0, batch)
    logits = state.net(inputs)
    loss = F.cross_entropy(logits, target)
    for parameter in state.parameters:
        parameter.grad = None
    loss.backward()  # not autograd.grad: its gradients may have another memory layout, and fused SGD does not look
    with torch.no_grad():
        # The arithmetic of torch.optim.SGD without its bookkeeping around each step.
        sgd(
            state.parameters,
            [parameter.grad for parameter in state.parameters],
            state.momenta,
            fused=True,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        state.loss_sum.add_(loss, alpha=len(batch))
        state.correct += (logits.argmax(1) == target).sum()


def read_log(state: State, step: int, epoch: int, images: int, recipe: Recipe) -> LogRow:
    """The row of the `images` since the last one, which starts the sums anew; raises `UserError` for a lost loss."""
    row = LogRow(step, epoch, state.loss_sum.item() / images, 100 * state.correct.item() / images, images)
    if not math.isfinite(row.loss):
        raise UserError(
            f"the loss became {row.loss} by step {step} at learning rate {recipe.learning_rate}: "
            "try a smaller learning_rate in params.yaml"
        )
    state.loss_sum.zero_()
    state.correct.zero_()
    return row
