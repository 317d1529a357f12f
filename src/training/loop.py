"""The training loop. The images stay on the device as one uint8 tensor; nothing is read back between two log rows."""

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F

from foundation.errors import UserError
from images.dataset import scale
from params import Recipe
from training.augmentation import draw_views, gather
from training.log import LogRow
from training.optimizer import learning_rate, make_optimizer

MEAN = STD = 0.5  # as the study scales its images
IMAGES_AT_ONCE = 100  # gathered, scaled and counted together, whole batches of them: less to do around a small batch


def steps_per_epoch(images: int, recipe: Recipe) -> int:
    return math.ceil(images / recipe.batch_size)


def memory_format(onednn: bool) -> torch.memory_format:
    """In which a net gets its images: channels last, as their bytes lie, but where PyTorch's own code convolves."""
    return torch.channels_last if onednn else torch.contiguous_format


@dataclass
class State:
    """What a training step changes, and in which memory format and precision it computes."""

    net: nn.Module
    parameters: list[nn.Parameter]
    optimizer: torch.optim.Optimizer
    memory_format: torch.memory_format
    precision: AbstractContextManager  # around the net
    loss_sum: torch.Tensor  # over the `images` since the last row, like `correct`
    correct: torch.Tensor
    images: int = 0
    step: int = 0
    update: Callable[[torch.optim.Optimizer], object] = field(init=False)

    def __post_init__(self) -> None:
        # `optimizer.step()` without what it does for a profiler, which takes 60 µs, a twentieth of a step of Net1.
        self.update = inspect.unwrap(type(self.optimizer).step)


def initial_state(
    net: nn.Module, recipe: Recipe, memory_format: torch.memory_format = torch.channels_last, bfloat16: bool = False
) -> State:
    """The state before the first step of training `net` by `recipe`, on the net's device.

    bfloat16: convolve and multiply in it, by PyTorch's autocast; weights, their updates and the loss stay in float32.
    """
    parameters = list(net.train().parameters())
    if not any(parameter.requires_grad for parameter in parameters):
        raise UserError("the net has no parameter that can be trained")
    device = parameters[0].device
    loss_sum, correct = torch.zeros(2, device=device)
    precision = torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()
    return State(net, parameters, make_optimizer(parameters, recipe), memory_format, precision, loss_sum, correct)


def snapshot(state: State) -> dict:
    """`state` between two steps, with torch's random state, for nets that draw from it."""
    random = {"cpu": torch.get_rng_state()}
    if state.loss_sum.is_cuda:
        random["cuda"] = torch.cuda.get_rng_state(state.loss_sum.device)
    return {
        "step": state.step,
        "net": state.net.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "loss_sum": state.loss_sum,
        "correct": state.correct,
        "images": state.images,
        "random": random,
    }


def restore(state: State, saved: dict) -> None:
    """Put `state` back to where `snapshot` has taken `saved`."""
    state.step = saved["step"]
    state.net.load_state_dict(saved["net"])
    state.optimizer.load_state_dict(saved["optimizer"])
    state.loss_sum.copy_(saved["loss_sum"])
    state.correct.copy_(saved["correct"])
    state.images = saved["images"]
    torch.set_rng_state(saved["random"]["cpu"])
    if state.loss_sum.is_cuda:
        torch.cuda.set_rng_state(saved["random"]["cuda"], state.loss_sum.device)


def train(
    state: State, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int
) -> Iterator[LogRow | None]:
    """Train on from `state` by `recipe`; one row every `log_every` steps of an epoch and one at its end.

    The rows have the plain cross-entropy, whatever the label smoothing, so that the curves of different recipes can be
    compared; it is of the images as they were trained on. Between rows it yields None every few steps. Wherever it
    yields, a `snapshot` can be taken from which another call goes on to the same bytes.
    images: (N, 32, 32, 3) uint8; targets: (N,) int64; both on the device of `state`.
    """
    shuffle = torch.Generator().manual_seed(seed)  # on the CPU: the same order of images on every device
    steps, step = steps_per_epoch(len(images), recipe) * recipe.epochs, 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(images), generator=shuffle).to(images.device)
        views = draw_views(recipe, len(images), seed, epoch, images.device)
        for row in order.split(recipe.batch_size * recipe.log_every):
            end_of_row = step + math.ceil(len(row) / recipe.batch_size)
            for some in row.split(recipe.batch_size * max(1, IMAGES_AT_ONCE // recipe.batch_size)):
                step += math.ceil(len(some) / recipe.batch_size)
                if step <= state.step:
                    continue  # done before the run was cut short
                train_steps(state, gather(images, some, views, recipe), targets.index_select(0, some), recipe, steps)
                yield read_log(state, epoch, recipe) if step == end_of_row else None
    if not all(parameter.isfinite().all() for parameter in state.parameters):
        raise UserError(f"the weights are no longer finite after the last step: {advice(recipe)}")


def train_steps(state: State, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, steps: int) -> None:
    """Training steps over `images` as they are given, in order; `steps`: how many the whole run has.

    Nothing is read back, so a GPU never waits for Python.
    """
    inputs = scale(images, MEAN, STD).contiguous(memory_format=state.memory_format)
    batches = zip(inputs.split(recipe.batch_size), targets.split(recipe.batch_size), strict=True)
    logits = torch.cat([train_step(state, *batch, recipe, steps) for batch in batches])
    state.loss_sum += F.cross_entropy(logits, targets, reduction="sum")
    state.correct += (logits.argmax(1) == targets).sum()
    state.images += len(targets)


def train_step(state: State, inputs: torch.Tensor, targets: torch.Tensor, recipe: Recipe, steps: int) -> torch.Tensor:
    """One step of the optimizer on `inputs` (B, 3, 32, 32), `targets` (B,); the logits before it, (B, classes)."""
    with state.precision:
        logits = state.net(inputs).float()
    for parameter in state.parameters:
        parameter.grad = None
    F.cross_entropy(logits, targets, label_smoothing=recipe.label_smoothing).backward()
    state.optimizer.param_groups[0]["lr"] = learning_rate(recipe, state.step, steps)
    with torch.no_grad():
        state.update(state.optimizer)
    state.step += 1
    return logits.detach()


def read_log(state: State, epoch: int, recipe: Recipe) -> LogRow:
    """The row of the images since the last one, which starts the sums anew; raises `UserError` for a lost loss."""
    loss, accuracy = state.loss_sum.item() / state.images, 100 * state.correct.item() / state.images
    row = LogRow(state.step, epoch, loss, accuracy, state.images)
    if not math.isfinite(row.loss):
        raise UserError(f"the loss became {row.loss} by step {row.step}: {advice(recipe)}")
    state.loss_sum.zero_()
    state.correct.zero_()
    state.images = 0
    return row


def advice(recipe: Recipe) -> str:
    return f"with learning rate {recipe.learning_rate} training diverges; try a smaller learning_rate in params.yaml"
