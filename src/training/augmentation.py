"""Random views of the training images: flipped, shifted, with a square cut out.

How an image looks in an epoch is drawn from the seed and the epoch alone, on the CPU, for every image: it depends
neither on the device, nor on how the images are shuffled and batched, nor on where a run was cut short.

Flip and shift say from where each pixel comes, and one gather of pixels does both. Net1 then takes 5 to 7 µs an image
longer; 7 to 12 with torch's grid_sample; 62 to 65 with torchvision's RandomHorizontalFlip and RandomCrop, which change
all images of a batch alike and so must be called for each. Without augmentation it takes 310 µs an image at batch 5 and
98 at 512. (Medians over 40 turns of 100 steps, and 60 of 4. Two shared cores of an Intel Xeon, torch 2.14.1.)
"""

import numpy as np
import torch

from images.dataset import IMAGE_SHAPE
from params import Recipe

SIZE, _, CHANNELS = IMAGE_SHAPE


def draw_views(recipe: Recipe, images: int, seed: int, epoch: int, device: torch.device) -> torch.Tensor | None:
    """How each of `images` images looks in `epoch`, on `device`; None by a recipe without augmentation.

    (N, 5) int64: whether it is flipped; by how many pixels it is then shifted down and to the right; which row and
    column are the first that are cut out.
    """
    if not (recipe.flip or recipe.shift or recipe.cutout):
        return None
    shift, last = recipe.shift, SIZE - recipe.cutout
    least, most = [0, -shift, -shift, 0, 0], [recipe.flip, shift, shift, last, last]
    views = np.random.default_rng([seed, epoch]).integers(least, most, (images, 5), endpoint=True)
    return torch.from_numpy(views).to(device)


def gather(images: torch.Tensor, some: torch.Tensor, views: torch.Tensor | None, recipe: Recipe) -> torch.Tensor:
    """The images at the indices `some`, as they look by the `views` drawn for all `images`.

    images: (N, 32, 32, 3) uint8; some: (B,) int64; all on one device. Returns (B, 32, 32, 3) uint8.
    """
    if views is None:
        return images.index_select(0, some)
    flipped, down, right, top, left = views.index_select(0, some).unsqueeze(2).unbind(1)  # (B, 1) each
    at = torch.arange(SIZE, device=images.device)
    rows, columns = at - down, at - right  # (B, 32): where each comes from
    from_columns = reflect(columns)
    from_columns = torch.where(flipped == 1, SIZE - 1 - from_columns, from_columns)
    pixels = ((some.unsqueeze(1) * SIZE + reflect(rows)) * SIZE).unsqueeze(2) + from_columns.unsqueeze(1)
    seen = images.view(-1, CHANNELS).index_select(0, pixels.flatten()).view(-1, *IMAGE_SHAPE)
    if recipe.border == "zero":
        seen.masked_fill_(~both(within(rows, 0, SIZE), within(columns, 0, SIZE)), 0)
    if recipe.cutout:
        seen.masked_fill_(both(within(at, top, recipe.cutout), within(at, left, recipe.cutout)), 0)
    return seen


def reflect(index: torch.Tensor) -> torch.Tensor:
    """`index` put back into the image from less than its size outside; the row at the border is not repeated."""
    last = SIZE - 1
    return last - (last - index.abs()).abs()


def within(index: torch.Tensor, first: torch.Tensor | int, count: int) -> torch.Tensor:
    return (index >= first) & (index < first + count)


def both(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Of (B, 32) each, (B, 32, 32, 1): whether it is so of a pixel's row and of its column."""
    return (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(3)
