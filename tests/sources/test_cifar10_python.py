"""The official archive's format, on a small archive pickled as Python 2 did."""

import hashlib
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from errors import UserError
from params import Cifar10Python
from sources import cifar10_python

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


def test_planes_become_pixels_and_batches_are_joined_in_order(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    cifar10_python.check(path, source_of(path))
    splits = cifar10_python.read(path, source_of(path))
    images, labels = splits["train"]
    assert images.shape == (50, 32, 32, 3)
    assert labels.tolist() == LABELS[:50]
    assert labels.dtype == np.uint8
    red, green, blue = IMAGES[7].reshape(3, 32, 32)
    assert (images[7] == np.stack([red, green, blue], axis=2)).all()
    assert splits["test"][1].tolist() == LABELS[50:]


def test_the_files_agree_with_torchvisions_own_reader(tmp_path, monkeypatch):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path, filter="data")
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *arguments: True)
    theirs = CIFAR10(tmp_path, train=True)
    images, labels = cifar10_python.read(path, source_of(path))["train"]
    assert (theirs.data == images).all()
    assert theirs.targets == labels.tolist()


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"bytes": 1}, "expected 1 bytes, found "), ({"md5": "0" * 32}, f"expected md5 {'0' * 32}, found ")],
)
def test_another_archive_is_refused(tmp_path, changes, says):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    with pytest.raises(UserError, match=says):
        cifar10_python.check(path, source_of(path, **changes))


def test_a_folder_stands_in_for_the_official_archive_when_every_file_is_right(tmp_path, monkeypatch):
    contents = files()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    archive = make_archive(tmp_path / "archive.tar.gz", contents)
    official = source_of(archive, md5=CIFAR10.tgz_md5)
    with pytest.raises(UserError, match=r"batches.meta: expected md5 5ff9c542aee3614f3951f8cda6e48888, found "):
        cifar10_python.check(tmp_path, official)
    right = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(cifar10_python, "FILE_MD5", right)
    cifar10_python.check(tmp_path, official)
    assert len(cifar10_python.read(tmp_path, official)["train"][1]) == 50
    with pytest.raises(UserError, match="a folder can stand in for the official archive only"):
        cifar10_python.check(tmp_path, source_of(archive))


def test_a_missing_batch_is_named(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", {k: v for k, v in files().items() if k != "data_batch_3"})
    with pytest.raises(UserError, match="has no data_batch_3"):
        cifar10_python.read(path, source_of(path))


def test_a_pickle_that_would_run_something_does_not():
    with pytest.raises(UserError, match=r"not a CIFAR-10 batch: posix.system is not part of a CIFAR-10 batch"):
        cifar10_python._unpickle(b"cposix\nsystem\n(S'echo hacked'\ntR.")
