"""The official CIFAR-10 archive: pickled batches, opened only once their checksum has matched.

Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import hashlib
import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from torchvision.datasets import CIFAR10

from foundation.errors import UserError, is_of_the_system, reason
from images.archive import read_files
from params import Cifar10Python

TRAIN = [name for name, _ in CIFAR10.train_list]
TEST = [name for name, _ in CIFAR10.test_list]
META = CIFAR10.meta["filename"]
FILE_MD5 = dict([*CIFAR10.train_list, *CIFAR10.test_list, (META, CIFAR10.meta["md5"])])
PIXELS = 3 * 32 * 32  # of one image: its red, green and blue planes
ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}  # what they are made by


def pinned_files(path: Path, source: Cifar10Python) -> dict[str, bytes]:
    """The batch files by their names, from whatever folder they lie in.

    `path` is the pinned archive, or a folder with the files of the official one; raises `UserError` unless the bytes
    that were read are the pinned ones.
    """
    archive = None if path.is_dir() else _pinned_archive(path, source)
    if archive is None and source.md5 != CIFAR10.tgz_md5:
        raise UserError(f"{path}: a folder can stand in for the official archive only, and {source.md5} is another")
    files = {}
    for file, content in read_files(path, archive):
        name = Path(file).name
        if name in files:
            raise UserError(f"{path}: holds {name} twice")
        if name in FILE_MD5:
            files[name] = content
    if missing := FILE_MD5.keys() - files.keys():
        raise UserError(f"{path}: has no {', '.join(sorted(missing))}")
    if archive is None:
        for name, content in files.items():
            _check_md5(f"{path}: {name}", content, FILE_MD5[name])
    return files


def decode(files: dict[str, bytes], source: Cifar10Python) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}` of the `pinned_files`.

    images: (N, 32, 32, 3) uint8; labels: (N,) uint8 in the order of `source.class_names`.
    """
    classes = list(source.class_names)
    with _reading(META):
        if _unpickle(files[META])[b"label_names"] != [name.encode() for name in classes]:
            raise ValueError(f"its classes are not {', '.join(classes)}, in this order")
    splits = {}
    for split, names in (("train", TRAIN), ("test", TEST)):
        batches = []
        for name in names:
            with _reading(name):
                batches.append(_batch(files[name], len(classes)))
        splits[split] = tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return splits


def _pinned_archive(path: Path, source: Cifar10Python) -> bytes:
    size = path.stat().st_size
    if size != source.bytes:
        raise UserError(f"{path}: expected {source.bytes:,} bytes, found {size:,}")
    content = path.read_bytes()
    _check_md5(str(path), content, source.md5)
    return content


def _check_md5(where: str, content: bytes, expected: str) -> None:
    found = hashlib.md5(content).hexdigest()
    if found != expected:
        raise UserError(f"{where}: expected md5 {expected}, found {found}")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a pickle can raise whatever it likes
        if is_of_the_system(error):
            raise
        raise UserError(f"{name} is not as CIFAR-10 has it: {reason(error)}") from None


def _batch(content: bytes, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) and labels (N,) of one batch file, both uint8."""
    batch = _unpickle(content)
    planes, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    if planes.shape != (len(labels), PIXELS) or planes.dtype != np.uint8:
        raise ValueError(f"its data are {planes.shape} {planes.dtype}, expected ({len(labels)}, {PIXELS}) uint8")
    if labels.ndim != 1 or labels.dtype.kind != "i" or not np.isin(labels, range(num_classes)).all():
        raise ValueError(f"its labels are not a list of numbers from 0 to {num_classes - 1}")
    images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, labels.astype(np.uint8)


class _ArrayUnpickler(pickle.Unpickler):
    """Makes arrays of numbers and runs nothing else: a checksum in params.yaml says which bytes, not whose code."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"{f'{module}.{name}'!a} is not part of a batch")
        return super().find_class(module, name)


def _unpickle(content: bytes) -> dict:
    value = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    if not isinstance(value, dict):
        raise ValueError("it is no dictionary")
    return value
