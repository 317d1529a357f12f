"""A small archive in the official one's format, pickled as Python 2 did."""

import hashlib
import io
import pickle
import struct
import tarfile

import numpy as np

from images import cifar10_python
from params import Cifar10Python

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
IMAGES = np.arange(60 * 3072, dtype=np.uint32).astype(np.uint8).reshape(60, 3072)
LABELS = [i % 10 for i in range(60)]


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2's `str`, as the official batches have them."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python2_pickle(value) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue().replace(b"numpy._core", b"numpy.core")


def files() -> dict[str, bytes]:
    batches = [*cifar10_python.TRAIN, *cifar10_python.TEST]
    contents = {
        name: python2_pickle({b"data": IMAGES[i * 10 : i * 10 + 10], b"labels": LABELS[i * 10 : i * 10 + 10]})
        for i, name in enumerate(batches)
    }
    return contents | {"batches.meta": python2_pickle({b"label_names": [name.encode() for name in CLASSES]})}


def make_archive(path, contents):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def source_of(path, **changes) -> Cifar10Python:
    values = {
        "format": "cifar10-python",
        "md5": hashlib.md5(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "lossless": True,
        "class_names": {name: name for name in CLASSES},
        "urls": [],
    }
    return Cifar10Python(**values | changes)
