"""What a net says of a picture of any size, in a common format."""

from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from PIL import Image, ImageOps

from dataset import IMAGE_SHAPE, scale
from errors import UserError, printable, reading
from model.records import Description

FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]  # not EPS, for which Pillow starts another program
MOST_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None  # Pillow only warns above its own limit


@torch.inference_mode()
def classify(path: str | Path, net: nn.Module, description: Description) -> dict[str, float]:
    """The probability of each class for the picture in `path`, the likeliest first. `checkpoint.load` gives the net.

    A net knows only its own classes: the probabilities add up to 1 whatever the picture shows.
    """
    image = torch.from_numpy(read(path))[None]
    logits = net(scale(image, description.normalisation.mean, description.normalisation.std))
    probabilities, order = logits[0].softmax(0).sort(descending=True)
    return {description.class_names[i]: p for i, p in zip(order.tolist(), probabilities.tolist(), strict=True)}


def read(path: str | Path) -> np.ndarray:
    """The picture in `path` as nets take it, (32, 32, 3) uint8: its middle square, by Pillow's bicubic filter.

    EXIF orientation is applied, and what is transparent becomes white. A 32×32 RGB picture keeps its pixels.
    Raises `UserError` for anything that is no such picture.
    """
    height, width, _ = IMAGE_SHAPE
    name = printable(str(path))
    if not Path(path).is_file():  # a pipe would be waited for without end
        raise UserError(f"{name} is no file")
    with (
        reading(name, "picture", f"{', '.join(FORMATS)} are read, up to {MOST_PIXELS:,} pixels"),
        Image.open(path, formats=FORMATS) as image,
    ):
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width}×{image.height} pixels")
        return np.array(ImageOps.fit(_rgb(ImageOps.exif_transpose(image)), (width, height), Image.Resampling.BICUBIC))


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # Pillow would cut its values off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"its mode {image.mode} does not say which value is white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
