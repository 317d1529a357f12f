"""Random changes to the training images.

Each effect is one function and one entry in EFFECTS. It takes a batch of images (B, 32, 32, 3) uint8, two random
numbers for each image (B, 2) in [0, 1), and the amount that the recipe gives; it returns the changed images. The entry
also says which amounts are allowed; the check of params.yaml and its error messages come from there.

The random numbers of an image depend on the seed, the epoch, the effect's name and the image's place in the training
set. So they are the same on every device, for every batch size, and after an interruption; and a new effect leaves the
numbers of all others as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

if TYPE_CHECKING:
    import torch

SIZE = 32  # pixels in a row and in a column
Probability = Annotated[float, Field(gt=0, le=1)]
Pixels = Annotated[int, Field(gt=0, lt=SIZE)]


def flip(images: torch.Tensor, random: torch.Tensor, probability: float) -> torch.Tensor:
    """Mirror images left to right with this probability."""
    is_flipped = random[:, 0] < probability
    return images.flip(2).where(is_flipped[:, None, None, None], images)


def shift(images: torch.Tensor, random: torch.Tensor, pixels: int) -> torch.Tensor:
    """Move images by up to so many pixels in both directions; the uncovered border is filled by reflection."""
    rows, columns = _moved(random, pixels)
    last = SIZE - 1
    return _gather(images, last - (last - rows.abs()).abs(), last - (last - columns.abs()).abs())


def crop(images: torch.Tensor, random: torch.Tensor, pixels: int) -> torch.Tensor:
    """Move images by up to so many pixels in both directions; the uncovered border is black, as DLStudio has it."""
    rows, columns = _moved(random, pixels)
    is_inside = ((rows >= 0) & (rows < SIZE))[:, :, None] & ((columns >= 0) & (columns < SIZE))[:, None, :]
    return _gather(images, rows.clamp(0, SIZE - 1), columns.clamp(0, SIZE - 1)) * is_inside[..., None]


EFFECTS: dict[str, tuple[Callable[..., torch.Tensor], Any]] = {  # applied in this order
    "flip": (flip, Probability),
    "shift": (shift, Pixels),
    "crop": (crop, Pixels),
}


def draw(
    effects: dict[str, float], images: int, seed: int, epoch: int, device: torch.device
) -> dict[str, torch.Tensor]:
    """For each effect of a recipe the random numbers of all `images` in `epoch`, (images, 2) float32 in [0, 1)."""
    import torch  # here and not above: every command reads params.yaml, and with it this file's EFFECTS

    generators = {name: np.random.default_rng([seed, epoch, *name.encode()]) for name in effects}
    return {
        name: torch.from_numpy(generator.random((images, 2), dtype=np.float32)).to(device)
        for name, generator in generators.items()
    }


def augment(
    images: torch.Tensor, batch: torch.Tensor, random: dict[str, torch.Tensor], effects: dict[str, float]
) -> torch.Tensor:
    """The images (B, 32, 32, 3) uint8 at the indices `batch` (B,) of all `images`, with each effect applied."""
    seen = images.index_select(0, batch)  # for Net1 a hundredth faster than images[batch]
    for name, (effect, _) in EFFECTS.items():
        if name in effects:
            seen = effect(seen, random[name][batch], effects[name])
    return seen


def _range(length: int, like: torch.Tensor) -> torch.Tensor:
    """0, 1, … on the device of `like`."""
    import torch

    return torch.arange(length, device=like.device)


def _moved(random: torch.Tensor, pixels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """From which row and from which column each pixel comes, (B, 32) each; outside the image too."""
    moves = (random * (2 * pixels + 1)).long() - pixels
    place = _range(SIZE, random)
    return place - moves[:, [0]], place - moves[:, [1]]


def _gather(images: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """The pixels (B, 32, 32, 3) of `images` at `rows` and `columns`, (B, 32) each."""
    return images[_range(len(images), images)[:, None, None], rows[:, :, None], columns[:, None, :]]
