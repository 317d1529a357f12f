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
    import torch

    moves = (random * (2 * pixels + 1)).long() - pixels
    sources = torch.arange(SIZE, device=images.device) - moves[:, :, None]  # the row and the column of each pixel
    rows, columns = (SIZE - 1 - (SIZE - 1 - sources.abs()).abs()).unbind(1)  # (B, 32) each
    place = torch.arange(len(images), device=images.device)
    return images[place[:, None, None], rows[:, :, None], columns[:, None, :]]


EFFECTS: dict[str, tuple[Callable[..., torch.Tensor], Any]] = {  # applied in this order
    "flip": (flip, Probability),
    "shift": (shift, Pixels),
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
