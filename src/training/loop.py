"""The training loop: from first weights, or from where a run was interrupted, to a trained net.

The images stay on the device as one uint8 tensor. Nothing is read back from a GPU between two log rows.
"""

import math
from contextlib import nullcontext
from dataclasses import astuple, dataclass

from stage import defer_signals, end_by

import torch
import torch.nn as nn
import torch.nn.functional as F

from dataset import scale
from errors import UserError
from progress import progress_bar
from saved_state import SavedState
from training.augmentation import augment, draw
from training.recipe import Recipe

MEAN = STD = 0.5  # as the study scales its images


@dataclass(frozen=True)
class LogRow:
    """Mean cross-entropy (nats) and accuracy (%) over the `images` since the last row, as they were trained on."""

    step: int
    epoch: int
    loss: float
    accuracy: float
    images: int


def train(
    net: nn.Module, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int, bfloat16: bool,
    saved: SavedState,
) -> list[LogRow]:  # fmt: skip
    """Train `net` by `recipe`; returns a log row every `log_every` steps of an epoch and at its end.

    images: (N, 32, 32, 3) uint8; targets: (N,) int64; both on the net's device. bfloat16: convolve and multiply in it,
    by PyTorch's autocast; weights, their updates and the loss stay in float32. Raises `UserError` where the loss
    diverges. At Ctrl-C and SIGTERM the state is saved and the process ends; after the last step the run is completed.
    """
    device = images.device
    effects = recipe.augmentation.model_dump(exclude_none=True)
    parameters = list(net.train().parameters())
    optimizer = recipe.optimizer.make(parameters, recipe.learning_rate)
    precision = torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()
    shuffle = torch.Generator().manual_seed(seed)  # on the CPU: the same order of images on every device
    steps = recipe.epochs * math.ceil(len(images) / recipe.batch_size)
    step = 0
    rows: list[LogRow] = []
    unlogged: list[tuple[torch.Tensor, torch.Tensor]] = []  # logits and labels of the batches since the last row
    done = restore(saved.load(), net, optimizer, rows, unlogged)

    signals = defer_signals()
    with progress_bar(saved.run, steps, done) as bar:
        for epoch in range(1, recipe.epochs + 1):
            order = torch.randperm(len(images), generator=shuffle).to(device)
            random = draw(effects, len(images), seed, epoch, device)
            batches = order.split(recipe.batch_size)
            for number, batch in enumerate(batches, start=1):
                step += 1
                if step <= done:
                    continue  # before the interruption
                inputs = scale(augment(images, batch, random, effects), MEAN, STD)
                with precision:
                    logits = net(inputs)
                logits, labels = logits.float(), targets[batch]
                loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
                for parameter in parameters:  # as optimizer.zero_grad(), which takes 2 % of Net1's time
                    parameter.grad = None
                loss.backward()
                optimizer.param_groups[0]["lr"] = recipe.schedule.learning_rate(recipe.learning_rate, step - 1, steps)
                optimizer.step()

                unlogged.append((logits.detach(), labels))
                ends_row = number % recipe.log_every == 0 or number == len(batches)
                if ends_row:
                    rows.append(log_row(step, epoch, unlogged, recipe))
                    unlogged.clear()
                    bar.set_postfix_str(f"loss {rows[-1].loss:.3f}, accuracy {rows[-1].accuracy:.1f} %", refresh=False)
                bar.update()
                if signals or (ends_row and saved.is_due()) or step == steps:
                    saved.save(snapshot(step, net, optimizer, rows, unlogged))
                if signals:
                    end_by(signals[0], f"run it again, and it goes on from step {step:,} of {steps:,}")
    return rows


def log_row(step: int, epoch: int, unlogged: list[tuple[torch.Tensor, torch.Tensor]], recipe: Recipe) -> LogRow:
    """The row of the `unlogged` batches, logits (B, classes) and labels (B,) each.

    The loss is without the recipe's label smoothing, so that recipes can be compared.
    """
    logits, labels = (torch.cat(tensors) for tensors in zip(*unlogged, strict=True))
    loss = F.cross_entropy(logits, labels).item()
    if not math.isfinite(loss):
        raise UserError(
            f"the loss became {loss} by step {step:,}: training diverges with learning rate {recipe.learning_rate}; "
            "try a smaller one in params.yaml"
        )
    accuracy = 100 * (logits.argmax(1) == labels).double().mean().item()
    return LogRow(step, epoch, loss, accuracy, len(labels))


def snapshot(step: int, net: nn.Module, optimizer: torch.optim.Optimizer, rows: list[LogRow], unlogged: list) -> dict:
    """All that the rest of the run depends on, after `step`; with torch's random state, for nets that draw from it."""
    return {
        "step": step,
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rows": [astuple(row) for row in rows],
        "unlogged": [tuple(torch.cat(tensors) for tensors in zip(*unlogged, strict=True))] if unlogged else [],
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all(),
    }


def restore(state: dict | None, net: nn.Module, optimizer: torch.optim.Optimizer, rows: list, unlogged: list) -> int:
    """Put everything back to where `snapshot` took `state`; returns the number of steps that are done."""
    if state is None:
        return 0
    device = next(net.parameters()).device
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    rows += [LogRow(*row) for row in state["rows"]]
    unlogged += [(logits.to(device), labels.to(device)) for logits, labels in state["unlogged"]]
    torch.set_rng_state(state["random"])
    torch.cuda.set_rng_state_all(state["random_cuda"])
    return state["step"]
