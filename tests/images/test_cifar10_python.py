"""The official archive's format, on a small archive pickled as Python 2 did."""

import hashlib
import os
import tarfile

import numpy as np
import pytest
from official_archive import CLASSES, IMAGES, LABELS, files, make_archive, python2_pickle, source_of
from torchvision.datasets import CIFAR10

from foundation.errors import UserError
from images import cifar10_python
from params import Cifar10Python


def read(path, source):
    return cifar10_python.decode(cifar10_python.pinned_files(path, source), source)


def test_planes_become_pixels_and_batches_are_joined_in_order(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    splits = read(path, source_of(path))
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
        tar.extractall(tmp_path)
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *arguments: True)
    theirs = CIFAR10(tmp_path, train=True)
    images, labels = read(path, source_of(path))["train"]
    assert (theirs.data == images).all()
    assert theirs.targets == labels.tolist()


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"bytes": 1}, "expected 1 bytes, found "), ({"md5": "0" * 32}, f"expected md5 {'0' * 32}, found ")],
)
def test_another_archive_is_refused(tmp_path, changes, says):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    with pytest.raises(UserError, match=says):
        cifar10_python.pinned_files(path, source_of(path, **changes))


def test_a_folder_stands_in_for_the_official_archive_when_every_file_is_right(tmp_path, monkeypatch):
    contents = files()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    archive = make_archive(tmp_path / "archive.tar.gz", contents)
    official = source_of(archive, md5=CIFAR10.tgz_md5)
    with pytest.raises(UserError, match=r"batches.meta: expected md5 5ff9c542aee3614f3951f8cda6e48888, found "):
        cifar10_python.pinned_files(tmp_path, official)
    right = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(cifar10_python, "FILE_MD5", right)
    assert len(read(tmp_path, official)["train"][1]) == 50
    with pytest.raises(UserError, match="a folder can stand in for the official archive only"):
        cifar10_python.pinned_files(tmp_path, source_of(archive))


def test_a_pipe_in_its_place_is_refused(tmp_path):
    os.mkfifo(tmp_path / "archive.tar.gz")
    with pytest.raises(UserError, match="expected 1 bytes, found 0"):
        cifar10_python.pinned_files(tmp_path / "archive.tar.gz", SOURCE)


def test_a_missing_batch_is_named(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", {k: v for k, v in files().items() if k != "data_batch_3"})
    with pytest.raises(UserError, match="has no data_batch_3"):
        read(path, source_of(path))


def other_files() -> dict[str, bytes]:
    """Sound batches with other images."""
    other = python2_pickle({b"data": 255 - IMAGES[:10], b"labels": LABELS[:10]})
    return files() | dict.fromkeys([*cifar10_python.TRAIN, *cifar10_python.TEST], other)


def test_an_archive_exchanged_once_it_was_checked_is_not_read(tmp_path, monkeypatch):
    path = make_archive(tmp_path / "archive.tar.gz", files())
    other = make_archive(tmp_path / "other.tar.gz", other_files()).read_bytes()
    source, read_files = source_of(path), cifar10_python.read_files

    def exchanged(*arguments):
        path.write_bytes(other)
        return read_files(*arguments)

    monkeypatch.setattr(cifar10_python, "read_files", exchanged)
    images, _ = read(path, source)["train"]
    assert path.read_bytes() == other
    assert (images.transpose(0, 3, 1, 2).reshape(50, -1) == IMAGES[:50]).all()


def test_a_folder_exchanged_once_it_was_checked_is_not_read(tmp_path, monkeypatch):
    contents = files()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    archive = make_archive(tmp_path / "archive.tar.gz", contents)
    official = source_of(archive, md5=CIFAR10.tgz_md5)
    right = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(cifar10_python, "FILE_MD5", right)
    pinned = cifar10_python.pinned_files(tmp_path, official)
    for name, content in other_files().items():
        (tmp_path / name).write_bytes(content)
    images, _ = cifar10_python.decode(pinned, official)["train"]
    assert (images.transpose(0, 3, 1, 2).reshape(50, -1) == IMAGES[:50]).all()


def refused(name: str, content: bytes, says: str):
    with pytest.raises(UserError, match=says) as error:
        cifar10_python.decode(files() | {name: content}, SOURCE)
    assert str(error.value).startswith(f"{name} is not as CIFAR-10 has it: ")
    assert str(error.value).isprintable()


SOURCE = Cifar10Python(
    format="cifar10-python",
    md5="0" * 32,
    bytes=1,
    lossless=True,
    class_names={name: name for name in CLASSES},
    urls=[],
)
DATA, TEN = IMAGES[:10], LABELS[:10]


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        ([DATA, TEN], "it is no dictionary"),
        ({b"labels": TEN}, "b'data'"),
        ({b"data": DATA}, "b'labels'"),
        ({b"data": DATA.tolist(), b"labels": TEN}, r"its data are \(10, 3072\) int64, expected \(10, 3072\) uint8"),
        ({b"data": DATA.astype(np.float32), b"labels": TEN}, r"its data are \(10, 3072\) float32, expected"),
        ({b"data": DATA.astype(np.int8), b"labels": TEN}, r"its data are \(10, 3072\) int8, expected"),
        ({b"data": DATA.astype(object), b"labels": TEN}, r"its data are \(10, 3072\) object, expected"),
        ({b"data": DATA[:, :-1], b"labels": TEN}, r"its data are \(10, 3071\) uint8, expected"),
        ({b"data": DATA.ravel(), b"labels": TEN}, r"its data are \(30720,\) uint8, expected"),
        ({b"data": DATA, b"labels": TEN[:9]}, r"its data are \(10, 3072\) uint8, expected \(9, 3072\) uint8"),
        ({b"data": DATA[:0], b"labels": []}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], 10]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], -1]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], 1.0]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], b"9"]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [[label] for label in TEN]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": 3}, "len"),
    ],
)
def test_a_batch_of_another_form_is_refused(batch, says):
    refused("data_batch_2", python2_pickle(batch), says)


@pytest.mark.parametrize("names", [CLASSES[:9], CLASSES[::-1], [*CLASSES, "zebra"], None])
def test_other_classes_are_refused(names):
    names = names and [name.encode() for name in names]
    refused("batches.meta", python2_pickle({b"label_names": names}), "its classes are not airplane, ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"cposix\nsystem\n(S'touch hacked'\ntR.", "'posix.system' is not part of a batch"),
        (b"(S'touch hacked'\niposix\nsystem\n.", "'posix.system' is not part of a batch"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "'builtins.eval' is not part of a batch"),
        (b"cnumpy\nload\n(S'x'\ntR.", "'numpy.load' is not part of a batch"),
        (b"cnumpy.core.multiarray\n_reconstruct.__globals__\n.", "is not part of a batch"),
        (b"cesc\x1b[2J\nx\n.", r"'esc\\x1b\[2J.x' is not part of a batch"),
    ],
)
def test_whoever_pins_a_checksum_cannot_run_code(tmp_path, monkeypatch, content, says):
    monkeypatch.chdir(tmp_path)
    refused("test_batch", content, says)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no pickle", b"Plink\n.", python2_pickle({b"data": DATA})[:-9]])
def test_what_is_no_pickle_of_data_is_refused(content):
    refused("test_batch", content, "is not as CIFAR-10 has it")


def test_a_batch_with_python_2s_numbers_for_false_and_true_is_the_same():
    ours = files()["data_batch_1"]
    theirs = ours.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")
    assert theirs != ours
    images, _ = cifar10_python.decode(files() | {"data_batch_1": theirs}, SOURCE)["train"]
    assert (images == cifar10_python.decode(files(), SOURCE)["train"][0]).all()


def test_an_array_in_fortrans_order_is_the_same():
    content = python2_pickle({b"data": np.asfortranarray(DATA), b"labels": TEN})
    images, _ = cifar10_python.decode(files() | {"data_batch_1": content}, SOURCE)["train"]
    assert (images == cifar10_python.decode(files(), SOURCE)["train"][0]).all()


def test_a_batch_twice_is_refused(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", files() | {"other/test_batch": files()["test_batch"]})
    with pytest.raises(UserError, match="holds test_batch twice"):
        cifar10_python.pinned_files(path, source_of(path))
