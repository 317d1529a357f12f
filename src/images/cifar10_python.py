"""The official CIFAR-10 archive: pickled batches, opened only once their checksum has matched.

Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import hashlib
import io
import math
import pickle
import pickletools
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
from torchvision.datasets import CIFAR10

from foundation.errors import UserError
from images.archive import read_files
from params import Cifar10Python

TRAIN = [name for name, _ in CIFAR10.train_list]
TEST = [name for name, _ in CIFAR10.test_list]
META = CIFAR10.meta["filename"]
FILE_MD5 = dict([*CIFAR10.train_list, *CIFAR10.test_list, (META, CIFAR10.meta["md5"])])
PIXELS = 3 * 32 * 32  # of one image: its red, green and blue planes
MAX_MEMO = 2**20  # an official batch remembers about 10,000 objects


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
    classes = list(source.class_names)
    with _reading(path, META):
        if _unpickle(files[META])[b"label_names"] != [name.encode() for name in classes]:
            raise ValueError(f"its classes are not {', '.join(classes)}, in this order")
    splits = {}
    for split, names in (("train", TRAIN), ("test", TEST)):
        batches = []
        for name in names:
            with _reading(path, name):
                batches.append(_batch(files[name], len(classes)))
        splits[split] = tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return splits


def _check_folder(path: Path, source: Cifar10Python) -> None:
    if source.md5 != CIFAR10.tgz_md5:
        raise UserError(f"{path}: a folder can stand in for the official archive only, and {source.md5} is another")
    for name, content in _files(path).items():
        found = hashlib.md5(content).hexdigest()
        if found != FILE_MD5[name]:
            raise UserError(f"{path}: {name}: expected md5 {FILE_MD5[name]}, found {found}")


def _files(path: Path) -> dict[str, bytes]:
    """The batch files by their names, from whatever folder they lie in."""
    files = {}
    for file, content in read_files(path):
        name = Path(file).name
        if name in files:
            raise UserError(f"{path}: holds {name} twice")
        if name in FILE_MD5:
            files[name] = content
    if missing := FILE_MD5.keys() - files.keys():
        raise UserError(f"{path}: has no {', '.join(sorted(missing))}")
    return files


@contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a pickle can raise whatever it likes
        reason = textwrap.shorten(str(error) or type(error).__name__, 200, placeholder=" …")
        raise UserError(f"{path}: {name} is not as CIFAR-10 has it: {reason}") from None


def _batch(content: bytes, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) and labels (N,) of one batch file, both uint8."""
    batch = _unpickle(content)
    planes, labels = _uint8(batch[b"data"]), batch[b"labels"]
    if planes.ndim != 2 or planes.shape[1] != PIXELS or not len(planes):
        raise ValueError(f"its data have the shape {planes.shape}, expected (N, {PIXELS})")
    if type(labels) is not list or not all(type(label) is int and 0 <= label < num_classes for label in labels):
        raise ValueError(f"its labels are not a list of numbers from 0 to {num_classes - 1}")
    if len(labels) != len(planes):
        raise ValueError(f"it has {len(planes):,} images and {len(labels):,} labels")
    images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, np.array(labels, dtype=np.uint8)


class _Kept:
    """Stands for an object in a pickle: keeps what it is made from and runs nothing, numpy's code included."""

    def __init__(self, *arguments):
        self.arguments, self.state = arguments, ()

    def __setstate__(self, state):
        self.state = state


class _Array(_Kept):
    pass


class _Dtype(_Kept):
    pass


class _BatchUnpickler(pickle.Unpickler):
    """Reads text, numbers, lists, dictionaries and arrays: a pickle may name only what is listed here."""

    ALLOWED = MappingProxyType(
        {
            ("numpy.core.multiarray", "_reconstruct"): _Array,
            ("numpy", "ndarray"): _Kept,
            ("numpy", "dtype"): _Dtype,
        }
    )

    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{f'{module}.{name}'!a} is not part of a batch")
        return self.ALLOWED[module, name]


def _unpickle(content: bytes) -> dict:
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name.endswith("PUT") and int(argument) > MAX_MEMO:  # pickle makes room up to any index it is given
            raise ValueError(f"it remembers an object as number {argument}")
    value = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    if type(value) is not dict or not value.keys() & {b"data", b"label_names"}:
        raise ValueError("it is no dictionary of data or label_names")
    return value


def _uint8(array: _Array) -> np.ndarray:
    """The array, from what numpy would rebuild it from: version, shape, dtype, whether in Fortran's order, bytes."""
    if type(array) is not _Array or len(array.state) != 5:
        raise ValueError("its data are not an array")
    _, shape, dtype, fortran_order, content = array.state
    if type(dtype) is not _Dtype or dtype.arguments[:1] not in (("u1",), (b"u1",)):
        raise ValueError("its data are not of type uint8")
    if type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape) or type(content) is not bytes:
        raise ValueError("its data are not an array")
    if math.prod(shape) != len(content):
        raise ValueError(f"its data have {len(content):,} bytes, which make no array of shape {shape}")
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran_order else "C")
