"""Images as PNG or JPEG files in folders `train/CLASS/` and `test/CLASS/`, packed or not."""

import hashlib
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dataset import IMAGE_SHAPE
from errors import UserError, printable
from images import Splits
from images.archive import read_files
from params import Source

READABLE = re.compile(r"(?:.*/)?((?:train|test)/[^/]+/[^/]+\.(?i:png|jpe?g))")
PICTURE = re.compile(r".*\.(?i:png|jpe?g|webp|gif|bmp|tiff?|heic|avif)")


def read(source: Source, path: Path) -> Splits:
    """The images of `path` in the order of their names; `images` says what is returned."""
    pictures, unread = pictures_in(path, dict(read_files(path)))
    if unread:
        print(
            f"pictures that are not read: {len(unread):,}, for example {printable(unread[0])} "
            "(only .png, .jpg and .jpeg in train/CLASS/ and test/CLASS/ are)"
        )
    classes = [unicodedata.normalize("NFC", name) for name in source.class_names]
    splits = decode(path, pictures, classes)
    warn_of_repeats(pictures, splits)
    return splits


def pictures_in(path: Path, files: dict[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """The files that are read, by their names from `train/` or `test/` on in Unicode NFC; and pictures that are not.

    macOS decomposes the letters of file names, so the same folder can have two names that look alike.
    """
    pictures, unread = {}, []
    for name, content in files.items():
        if match := READABLE.fullmatch(name):
            short = unicodedata.normalize("NFC", match[1])
            if short in pictures:
                raise UserError(f"{path}: holds {short} twice")
            pictures[short] = content
        elif PICTURE.fullmatch(name):
            unread.append(name)
    if not pictures:
        raise UserError(f"{path}: holds no image named train/CLASS/*.png or *.jpg, or test/CLASS/…")
    return pictures, sorted(unread)


def decode(
    path: Path, pictures: dict[str, bytes], classes: list[str], order: Callable[[str], str] | None = None
) -> Splits:
    """The arrays of each split in the order of names, or of what `order` makes of a name.

    Raises `UserError` that names what is wrong: pictures that are damaged or no 32×32 RGB, classes without images,
    folders that are no class.
    """
    faults: list[str] = []
    splits = {}
    for split in ("train", "test"):
        names = sorted(_names(pictures, split), key=order)
        found = {_class(name) for name in names}
        faults += [f"{split}/ holds no image of {name}" for name in sorted(set(classes) - found)]
        faults += [f"{split}/ holds {name}/, which params.yaml does not name" for name in sorted(found - set(classes))]
        images = np.zeros((len(names), *IMAGE_SHAPE), dtype=np.uint8)
        for i, name in enumerate(names):
            try:
                images[i] = _pixels(name, pictures[name])
            except UserError as error:
                faults.append(str(error))
        labels = [classes.index(_class(name)) for name in names if _class(name) in classes]
        splits[split] = images, np.array(labels, dtype=np.uint8)
    if faults:
        more = f" and {len(faults) - 10:,} more" if len(faults) > 10 else ""
        raise UserError(f"{path}: {'; '.join(faults[:10])}{more}")
    return splits


def warn_of_repeats(pictures: dict[str, bytes], splits: Splits) -> None:
    """Print how many images stand in both training and test set or in two classes, and an example of each."""
    names_of = defaultdict(list)  # by the digest of the pixels
    for split, (images, _) in splits.items():
        for name, image in zip(sorted(_names(pictures, split)), images, strict=True):
            names_of[hashlib.sha256(image).digest()].append(name)
    for what, part in (("both training and test set", 0), ("two classes", 1)):
        repeated = [names for names in names_of.values() if len({name.split("/")[part] for name in names}) > 1]
        if repeated:
            first, *others = repeated[0]
            other = next(name for name in others if name.split("/")[part] != first.split("/")[part])
            print(printable(f"warning: images in {what}: {len(repeated):,}, for example {first} and {other}"))


def _names(pictures: dict[str, bytes], split: str) -> list[str]:
    return [name for name in pictures if name.startswith(f"{split}/")]


def _class(name: str) -> str:
    return name.split("/")[1]


def _pixels(name: str, content: bytes) -> np.ndarray:
    """The image (32, 32, 3) uint8, turned as its camera says. Its size is checked before it is decoded."""
    height, width, _ = IMAGE_SHAPE
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG", "JPEG"])
        if image.size == (width, height) and image.mode == "RGB":
            return np.asarray(ImageOps.exif_transpose(image))
    except Exception:  # Pillow raises errors of many types for a damaged file
        raise UserError(f"{name} is damaged or neither PNG nor JPEG") from None
    raise UserError(f"{name} is {image.size[0]}×{image.size[1]} {image.mode}, expected {width}×{height} RGB")
