"""Images as PNG or JPEG files in folders `train/<class>/` and `test/<class>/`, packed or not."""

import hashlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from foundation.errors import UserError, is_of_the_system, reason
from images.archive import read_files
from images.dataset import IMAGE_SHAPE
from params import ImageFolders

IMAGE_NAME = re.compile(r"(?:.*/)?((?:train|test)/[^/]+/[^/]+\.(?i:png|jpe?g))")


def pinned_files(path: Path, source: ImageFolders) -> dict[str, bytes]:
    """The image files of `path`, an archive or a folder, by their names from `train/` or `test/` on.

    Other files do not count. Raises `UserError` unless the bytes that were read are the pinned ones.
    """
    images = {}
    for name, content in read_files(path):
        if match := IMAGE_NAME.fullmatch(name):
            if match[1] in images:
                raise UserError(f"{path}: holds {match[1]} twice")
            images[match[1]] = content
    if not images:
        raise UserError(f"{path}: holds no image named train/<class>/*.png or *.jpg, or test/<class>/…")
    found = checksum(images)
    if found != source.sha256:
        raise UserError(f"{path}: expected images of sha256 {source.sha256}, found {found}")
    return images


def decode(files: dict[str, bytes], source: ImageFolders) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}` of the `pinned_files`, in the order of their names.

    images: (N, 32, 32, 3) uint8; labels: (N,) uint8 in the order of `source.class_names`.
    """
    return {split: _split(split, files, list(source.class_names)) for split in ("train", "test")}


def checksum(images: dict[str, bytes]) -> str:
    """sha256 over the sorted names and their bytes; the same however the files are packed."""
    digest = hashlib.sha256()
    for name in sorted(images):
        digest.update(f"{name}\0{len(images[name])}\0".encode())
        digest.update(images[name])
    return digest.hexdigest()


def _split(split: str, files: dict[str, bytes], classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    names = sorted(name for name in files if name.startswith(f"{split}/"))
    found = {name.split("/")[1] for name in names}
    if missing := sorted(set(classes) - found):
        raise UserError(f"{split}/ holds no image of {_listed(missing)}")
    if unknown := sorted(found - set(classes)):
        raise UserError(f"{split}/ holds images of {_listed(unknown)}, which params.yaml does not name")
    images = np.empty((len(names), *IMAGE_SHAPE), dtype=np.uint8)
    labels = np.empty(len(names), dtype=np.uint8)
    for i, name in enumerate(names):
        images[i] = _pixels(name, files[name])
        labels[i] = classes.index(name.split("/")[1])
    return images, labels


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _pixels(name: str, content: bytes) -> np.ndarray:
    """The image (32, 32, 3) uint8; its size is known from the header, before anything is decoded."""
    height, width, _ = IMAGE_SHAPE
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            image = Image.open(io.BytesIO(content), formats=["PNG", "JPEG"])
            if image.size == (width, height) and image.mode == "RGB":
                return np.asarray(image)
    except UnidentifiedImageError:
        raise UserError(f"{name} is neither PNG nor JPEG, or is damaged") from None
    except Exception as error:  # the decoders raise whatever a damaged or hostile file leads them to
        if is_of_the_system(error):
            raise
        raise UserError(f"{name} does not decode ({reason(error)})") from None
    raise UserError(f"{name} is {image.size[0]}×{image.size[1]} {image.mode}, expected {width}×{height} RGB")
