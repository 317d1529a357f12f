"""A training run, from its first step or from where it was cut short to its last.

Its log is a file of ours and not DVCLive's, which appends each row to its file, with the time of day: no two runs would
have the same bytes, and one that goes on would have the rows since its last saved state twice.
"""

import dataclasses
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch

from foundation.atomic import write_csv
from foundation.errors import Terminated, UserError, is_out_of_memory, reason
from params import Recipe
from training import loop
from training.log import LogRow, loss_curve
from training.progress import shown
from training.resume import SavedState


def train_to_the_end(
    name: str, state: loop.State, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int,
    saved: SavedState, log_to: str,
) -> tuple[list[LogRow], float]:  # fmt: skip
    """Train the run `name` from the `saved` state on if there is one; all log rows, and the seconds spent in all.

    images, targets: as `loop.train` takes them. The state is saved from time to time, at SIGTERM, and at the end.
    The loss curve in `log_to` grows meanwhile, once a second at most and each time whole, for whoever watches.
    """
    steps = loop.steps_per_epoch(len(images), recipe) * recipe.epochs
    rows, seconds = [], 0.0
    if found := saved.load():
        loop.restore(state, found["state"])
        rows = [LogRow(*row) for row in found["rows"]]
        seconds = found["seconds"]
        print(f"{name} goes on from step {state.step:,} of {steps:,}", file=sys.stderr)
    start = time.perf_counter() - seconds
    written = time.perf_counter()

    def save() -> None:
        log = [dataclasses.astuple(row) for row in rows]
        saved.save({"step": state.step, "state": loop.snapshot(state), "rows": log, "seconds": seconds})

    try:
        with termination_asked_for() as asked_for:
            events = loop.train(state, images, targets, recipe, seed)
            for row in shown(events, rows, state, name, recipe.epochs, steps):
                seconds = time.perf_counter() - start
                if row:
                    rows.append(row)
                if row and time.perf_counter() - written >= 1:
                    write_csv(log_to, loss_curve(rows))
                    written = time.perf_counter()
                if saved.is_due() or asked_for:
                    save()
                if asked_for:
                    raise Terminated(how_to_go_on(name, saved.step, steps))
            if saved.step < steps:
                save()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(how_to_go_on(name, saved.step, steps)) from None
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"out of memory in training {name} with batch size {recipe.batch_size} ({reason(error)}): "
            "try a smaller batch_size in params.yaml, or another device"
        ) from None
    return rows, seconds


def how_to_go_on(name: str, step: int, steps: int) -> str:
    if step == 0:
        return f"nothing of {name} is saved yet; run it again to start anew"
    return f"run it again, and {name} goes on from step {step:,} of {steps:,}"


@contextmanager
def termination_asked_for() -> Iterator[list[int]]:
    """A list that is empty until SIGTERM arrives, which otherwise would end the process at once."""
    asked_for: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        asked_for.append(number)

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield asked_for
    finally:
        signal.signal(signal.SIGTERM, before)
