"""The official CIFAR-10 archive: pickled batches, opened only once their checksum has matched.

Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import hashlib
import io
import pickle
from pathlib import Path

import numpy as np
from torchvision.datasets import CIFAR10

from archive import read_files
from errors import UserError
from params import Cifar10Python

TRAIN = [name for name, _ in CIFAR10.train_list]
TEST = [name for name, _ in CIFAR10.test_list]
META = CIFAR10.meta["filename"]
FILE_MD5 = dict([*CIFAR10.train_list, *CIFAR10.test_list, (META, CIFAR10.meta["md5"])])


def check(path: Path, source: Cifar10Python) -> None:
    """Raise `UserError` unless `path` is the pinned archive, or a folder with the files of the official one."""
    if path.is_dir():
        _check_folder(path, source)
        return
    if path.stat().st_size != source.bytes:
        raise UserError(f"{path}: expected {source.bytes:,} bytes, found {path.stat().st_size:,}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != source.md5:
        raise UserError(f"{path}: expected md5 {source.md5}, found {found}")


def read(path: Path, source: Cifar10Python) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}` of what `check` has passed.

    images: (N, 32, 32, 3) uint8; labels: (N,) uint8 in the order of `source.class_names`.
    """
    files = _files(path)
    names = [name.decode() for name in _unpickle(files[META])[b"label_names"]]
    if names != list(source.class_names):
        raise UserError(f"{path}: expected the classes {list(source.class_names)}, found {names}")
    return {"train": _join([files[name] for name in TRAIN]), "test": _join([files[name] for name in TEST])}


def _check_folder(path: Path, source: Cifar10Python) -> None:
    if source.md5 != CIFAR10.tgz_md5:
        raise UserError(f"{path}: a folder can stand in for the official archive only, and {source.md5} is another")
    for name, content in _files(path).items():
        found = hashlib.md5(content).hexdigest()
        if found != FILE_MD5[name]:
            raise UserError(f"{path}: {name}: expected md5 {FILE_MD5[name]}, found {found}")


def _files(path: Path) -> dict[str, bytes]:
    """The batch files by their names, from whatever folder they lie in."""
    files = {Path(name).name: content for name, content in read_files(path) if Path(name).name in FILE_MD5}
    if missing := FILE_MD5.keys() - files.keys():
        raise UserError(f"{path}: has no {', '.join(sorted(missing))}")
    return files


def _join(batches: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    contents = [_unpickle(batch) for batch in batches]
    images = np.concatenate([content[b"data"] for content in contents])
    labels = np.concatenate([content[b"labels"] for content in contents]).astype(np.uint8)
    return np.ascontiguousarray(images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels


class _BatchUnpickler(pickle.Unpickler):
    """Builds the arrays of a batch file and nothing else: a pickle may call only what is listed here."""

    ALLOWED = frozenset({("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")})

    def find_class(self, module: str, name: str):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a CIFAR-10 batch")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _unpickle(content: bytes) -> dict:
    try:
        return _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    except (pickle.UnpicklingError, EOFError) as error:
        raise UserError(f"not a CIFAR-10 batch: {error}") from None
