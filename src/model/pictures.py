"""What a net says of a picture: any file that Pillow can open, of any size."""

from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from PIL import Image, ImageOps, UnidentifiedImageError

from foundation.errors import UserError, is_of_the_system, reason
from images.dataset import IMAGE_SHAPE, scale
from results.trained import Description


@torch.inference_mode()
def classify(path: str | Path, net: nn.Module, trained: Description) -> dict[str, float]:
    """The probability of each class for the picture in `path`, the likeliest first; `net` and `trained` as loaded.

    A net knows only its own classes: they add up to 1 whatever the picture shows. Raises `UserError` for what is no
    picture, and `OSError` where the system does not open it.
    """
    image = torch.from_numpy(read(path))[None]
    logits = net(scale(image, trained.normalisation.mean, trained.normalisation.std))
    probabilities, order = logits[0].softmax(0).sort(descending=True)
    return {trained.class_names[i]: p for i, p in zip(order.tolist(), probabilities.tolist(), strict=True)}


def read(path: str | Path) -> np.ndarray:
    """The picture in `path` as nets take it, (32, 32, 3) uint8: its middle square, by Pillow's bicubic filter.

    It is turned as its camera says, and what is transparent is white. One of 32×32 RGB keeps its pixels.
    """
    height, width, _ = IMAGE_SHAPE
    try:
        with Image.open(path) as image:
            image = _rgb(ImageOps.exif_transpose(image))
            return np.array(ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC))
    except UnidentifiedImageError:
        raise UserError(f"{path} is no picture, or is damaged") from None
    except Exception as error:  # the decoders raise whatever a damaged or hostile file leads them to
        if is_of_the_system(error):
            raise
        raise UserError(f"{path} does not decode ({reason(error)})") from None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"its numbers, mode {image.mode}, do not say what white is")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
