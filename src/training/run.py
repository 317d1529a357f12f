"""A training run, from its first step or from where it was cut short to its last."""

import dataclasses
import sys
import time

import torch

from params import Recipe
from training import loop
from training.log import LogRow
from training.progress import shown
from training.resume import SavedState


def run(
    name: str, state: loop.State, images: torch.Tensor, targets: torch.Tensor, recipe: Recipe, seed: int,
    saved: SavedState,
) -> tuple[list[LogRow], float]:  # fmt: skip
    """Train the net `name` from the `saved` state on if there is one; all log rows, and the seconds spent in all.

    images, targets: as `loop.train` takes them.
    """
    steps = loop.steps_per_epoch(len(images), recipe) * recipe.epochs
    rows, seconds = [], 0.0
    if found := saved.load():
        loop.restore(state, found["state"])
        rows = [LogRow(*row) for row in found["rows"]]
        seconds = found["seconds"]
        print(f"{name} goes on from step {state.step:,} of {steps:,}", file=sys.stderr)
    start = time.perf_counter() - seconds
    try:
        events = loop.train(state, images, targets, recipe, seed)
        for _ in shown(events, rows, name, recipe.epochs, steps, state.step):
            seconds = time.perf_counter() - start
            if saved.is_due():
                log = [dataclasses.astuple(row) for row in rows]
                saved.save({"step": state.step, "state": loop.snapshot(state), "rows": log, "seconds": seconds})
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"run it again, and {name} goes on from step {saved.step:,} of {steps:,}") from None
    return rows, seconds
