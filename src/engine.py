"""The training loop. The images stay on the device as one uint8 tensor; nothing is read back between two log rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

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


def train(net: nn.Module, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int) -> Iterator[LogRow]:
    """Train `net` in place by `recipe`; one row every `log_every` steps of an epoch and one at its end.

    images: (N, 32, 32, 3) uint8; targets: (N,) int64; both, and `net`, on one device.
    """
    net.train()
    optimizer = torch.optim.SGD(
        net.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    shuffle = torch.Generator().manual_seed(seed)  # on the CPU: the same order of images on every device
    loss_sum, correct = torch.zeros(2, device=images.device)
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(images), generator=shuffle).to(images.device)
        batches = order.split(recipe.batch_size)
        seen = 0
        for i, batch in enumerate(batches, start=1):
            train_step(net, optimizer, images, targets, batch, loss_sum, correct)
            step += 1
            seen += len(batch)
            if i % recipe.log_every == 0 or i == len(batches):
                row = LogRow(step, epoch, loss_sum.item() / seen, 100 * correct.item() / seen, seen)
                if not math.isfinite(row.loss):
                    raise UserError(
                        f"the loss became {row.loss} by step {step} at learning rate {recipe.learning_rate}: "
                        "try a smaller learning_rate in params.yaml"
                    )
                yield row
                loss_sum.zero_()
                correct.zero_()
                seen = 0


def train_step(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    targets: torch.Tensor,
    batch: torch.Tensor,
    loss_sum: torch.Tensor,
    correct: torch.Tensor,
) -> None:
    """One SGD step on the images at the indices `batch`; adds to `loss_sum` and `correct` without reading them."""
    inputs = scale(images.index_select(0, batch), MEAN, STD)
    target = targets.index_select(0, batch)
    logits = net(inputs)
    loss = F.cross_entropy(logits, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        loss_sum += loss * len(batch)
        correct += (logits.argmax(1) == target).sum()
