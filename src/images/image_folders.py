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

    Other files do not count. Raises `UserError` unless the bytes that were read are the pinned ones; for others it says
    first what `decode` would refuse, because mending that gives them another checksum.
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
        try:
            decode(images, source)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        raise UserError(f"{path}: expected images of sha256 {source.sha256}, found {found}")
    return images


def decode(files: dict[str, bytes], source: ImageFolders) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}` of the `pinned_files`, in the order of their names.

    images: (N, 32, 32, 3) uint8; labels: (N,) uint8 in the order of `source.class_names`. Raises `UserError` that names
    all that is wrong with them, or the first of it.
    """
    faults: list[str] = []
    splits = {split: _split(split, files, list(source.class_names), faults) for split in ("train", "test")}
    if faults:
        raise UserError(_listed(faults, "; "))
    return splits


def checksum(images: dict[str, bytes]) -> str:
    """sha256 over the sorted names and their bytes; the same however the files are packed."""
    digest = hashlib.sha256()
    for name in sorted(images):
        digest.update(f"{name}\0{len(images[name])}\0".encode())
        digest.update(images[name])
    return digest.hexdigest()


def _split(split: str, files: dict[str, bytes], classes: list[str], faults: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of `split`; what is wrong with them is added to `faults`."""
    names = sorted(name for name in files if name.startswith(f"{split}/"))
    found = {_class(name) for name in names}
    if missing := sorted(set(classes) - found):
        faults.append(f"{split}/ holds no image of {_listed(missing)}")
    if unknown := sorted(found - set(classes)):
        faults.append(f"{split}/ holds images of {_listed(unknown)}, which params.yaml does not name")
    names = [name for name in names if _class(name) in classes]
    images = np.zeros((len(names), *IMAGE_SHAPE), dtype=np.uint8)
    labels = np.array([classes.index(_class(name)) for name in names], dtype=np.uint8)
    for i, name in enumerate(names):
        try:
            images[i] = _pixels(name, files[name])
        except UserError as error:
            faults.append(str(error))
    return images, labels


def _class(name: str) -> str:
    return name.split("/")[1]


def _listed(texts: list[str], separator: str = ", ") -> str:
    return separator.join(texts[:10]) + (f" and {len(texts) - 10:,} more" if len(texts) > 10 else "")


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
