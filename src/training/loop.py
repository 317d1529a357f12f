"""The training loop. The images stay on the device as one uint8 tensor; nothing is read back between two log rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.sgd import sgd

from foundation.errors import UserError
from images.dataset import scale
from params import Recipe

MEAN = STD = 0.5  # as the study scales its images
IMAGES_AT_ONCE = 100  # gathered, scaled and counted together, whole batches of them: less to do around a small batch


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
    step: int = 0


def initial_state(net: nn.Module) -> State:
    """The state before the first step of training `net`, on the net's device."""
    parameters = list(net.train().parameters())
    loss_sum, correct = torch.zeros(2, device=parameters[0].device)
    return State(net, parameters, [torch.zeros_like(p) for p in parameters], loss_sum, correct)


def snapshot(state: State) -> dict:
    """`state` at a log row, where the sums are zero, with torch's random state, for nets that draw from it."""
    random = {"cpu": torch.get_rng_state()}
    if state.loss_sum.is_cuda:
        random["cuda"] = torch.cuda.get_rng_state(state.loss_sum.device)
    return {"step": state.step, "net": state.net.state_dict(), "momenta": state.momenta, "random": random}


def restore(state: State, saved: dict) -> None:
    """Put `state` back to where `snapshot` has taken `saved`."""
    state.step = saved["step"]
    state.net.load_state_dict(saved["net"])
    for momentum, value in zip(state.momenta, saved["momenta"], strict=True):
        momentum.copy_(value)
    torch.set_rng_state(saved["random"]["cpu"])
    if state.loss_sum.is_cuda:
        torch.cuda.set_rng_state(saved["random"]["cuda"], state.loss_sum.device)


def train(state: State, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int) -> Iterator[LogRow]:
    """Train on from `state` by `recipe`; one row every `log_every` steps of an epoch and one at its end.

    images: (N, 32, 32, 3) uint8; targets: (N,) int64; both on the device of `state`, which is at a row or at the start.
    """
    shuffle = torch.Generator().manual_seed(seed)  # on the CPU: the same order of images on every device
    end_of_row = 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(images), generator=shuffle).to(images.device)
        for row in order.split(recipe.batch_size * recipe.log_every):
            end_of_row += math.ceil(len(row) / recipe.batch_size)
            if end_of_row <= state.step:
                continue  # done before the run was cut short
            for some in row.split(recipe.batch_size * max(1, IMAGES_AT_ONCE // recipe.batch_size)):
                train_steps(state, images, targets, some, recipe)
            yield read_log(state, epoch, len(row), recipe)
    if not all(parameter.isfinite().all() for parameter in state.parameters):
        raise UserError(f"the weights are no longer finite after the last step: {advice(recipe)}")


def train_steps(state: State, images: torch.Tensor, targets: torch.Tensor, some: torch.Tensor, recipe: Recipe) -> None:
    """SGD steps over the images at the indices `some`. Nothing is read back, so a GPU never waits for Python."""
    inputs = scale(images.index_select(0, some), MEAN, STD)
    if not torch.backends.mkldnn.enabled:
        inputs = inputs.contiguous()  # PyTorch's own convolutions are slow for the order in which the bytes lie
    targets = targets.index_select(0, some)
    batches = zip(inputs.split(recipe.batch_size), targets.split(recipe.batch_size), strict=True)
    logits = torch.cat([train_step(state, *batch, recipe) for batch in batches])
    state.loss_sum += F.cross_entropy(logits, targets, reduction="sum")
    state.correct += (logits.argmax(1) == targets).sum()


def train_step(state: State, inputs: torch.Tensor, targets: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """One SGD step on the batch `inputs` (B, 3, 32, 32), `targets` (B,); the logits before it, (B, classes)."""
    logits = state.net(inputs)
    for parameter in state.parameters:
        parameter.grad = None
    # Not autograd.grad: its gradients may have another memory layout, and fused SGD does not look.
    F.cross_entropy(logits, targets).backward()
    with torch.no_grad():
        # All tensors in one kernel, and the arithmetic of torch.optim.SGD without its bookkeeping around each step.
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
    state.step += 1
    return logits.detach()


def read_log(state: State, epoch: int, images: int, recipe: Recipe) -> LogRow:
    """The row of the `images` since the last one, which starts the sums anew; raises `UserError` for a lost loss."""
    row = LogRow(state.step, epoch, state.loss_sum.item() / images, 100 * state.correct.item() / images, images)
    if not math.isfinite(row.loss):
        raise UserError(f"the loss became {row.loss} by step {row.step}: {advice(recipe)}")
    state.loss_sum.zero_()
    state.correct.zero_()
    return row


def advice(recipe: Recipe) -> str:
    return f"with learning rate {recipe.learning_rate} training diverges; try a smaller learning_rate in params.yaml"
