"""The official archive's format, on a small archive pickled as Python 2 did."""

import hashlib
import tarfile

import numpy as np
import pytest
from official_archive import CLASSES, IMAGES, LABELS, files, make_archive, python2_pickle, source_of
from torchvision.datasets import CIFAR10

from foundation.errors import UserError
from images import cifar10_python


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
        tar.extractall(tmp_path)
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


def refused(tmp_path, name: str, content: bytes, says: str):
    path = make_archive(tmp_path / "archive.tar.gz", files() | {name: content})
    with pytest.raises(UserError, match=says) as error:
        cifar10_python.read(path, source_of(path))
    assert str(error.value).startswith(f"{path}: {name} is not as CIFAR-10 has it: ")
    assert str(error.value).isprintable()


DATA, TEN = IMAGES[:10], LABELS[:10]


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        ({b"labels": TEN}, "it is no dictionary of data or label_names"),
        ([DATA, TEN], "it is no dictionary of data or label_names"),
        ({b"data": DATA}, "b'labels'"),
        ({b"data": DATA.tolist(), b"labels": TEN}, "its data are not an array"),
        ({b"data": DATA.astype(np.float32), b"labels": TEN}, "its data are not of type uint8"),
        ({b"data": DATA.astype(np.int8), b"labels": TEN}, "its data are not of type uint8"),
        ({b"data": DATA.astype(object), b"labels": TEN}, "its data are not of type uint8"),
        ({b"data": DATA[:, :-1], b"labels": TEN}, r"its data have the shape \(10, 3071\), expected \(N, 3072\)"),
        ({b"data": DATA.ravel(), b"labels": TEN}, r"its data have the shape \(30720,\)"),
        ({b"data": DATA[:0], b"labels": []}, r"its data have the shape \(0, 3072\)"),
        ({b"data": DATA, b"labels": TEN[:9]}, "it has 10 images and 9 labels"),
        ({b"data": DATA, b"labels": [*TEN[:9], 10]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], -1]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], 1.0]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": [*TEN[:9], True]}, "its labels are not a list of numbers from 0 to 9"),
        ({b"data": DATA, b"labels": tuple(TEN)}, "its labels are not a list of numbers from 0 to 9"),
    ],
)
def test_a_batch_of_another_form_is_refused(tmp_path, batch, says):
    refused(tmp_path, "data_batch_2", python2_pickle(batch), says)


@pytest.mark.parametrize("names", [CLASSES[:9], CLASSES[::-1], [*CLASSES, "zebra"], None])
def test_other_classes_are_refused(tmp_path, names):
    names = names and [name.encode() for name in names]
    refused(tmp_path, "batches.meta", python2_pickle({b"label_names": names}), "its classes are not airplane, ")


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(tR"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"cposix\nsystem\n(S'echo hacked'\ntR.", "'posix.system' is not part of a batch"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "'builtins.eval' is not part of a batch"),
        (b"cnumpy\nload\n(S'x'\ntR.", "'numpy.load' is not part of a batch"),
        (b"cnumpy.core.multiarray\n_reconstruct.__globals__\n.", "is not part of a batch"),
        (b"(S'echo hacked'\niposix\nsystem\n.", "'posix.system' is not part of a batch"),
        (b"cesc\x1b[2J\nx\n.", r"'esc\\x1b\[2J.x' is not part of a batch"),
        (b"cnumpy\nndarray\n((I999999999999\nttR.", "it is no dictionary"),  # numpy would make room for a terabyte
        (b"cnumpy\nndarray\n}S'x'\nI1\nsb.", "is not as CIFAR-10 has it"),  # sets an attribute of a class
        (b"cnumpy\ndtype\n(S'O'\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb.", "it is no dictionary"),
        (b"(dS'data'\n" + ARRAY + b"sS'labels'\n(lsS.", "is not as CIFAR-10 has it"),
        (b"(dS'data'\n" + ARRAY + b"sS'labels'\n(ls.", "its data are not an array"),
        (b"(dS'data'\n" + ARRAY + b"(I1\n(I9\ntNI0\nS''\ntbsS'labels'\n(ls.", "its data are not of type uint8"),
        (b"]r\xff\xff\xff\xff.", "it remembers an object as number 4294967295"),  # 64 GB of room
        (b"Plink\n.", "is not as CIFAR-10 has it"),
        (b"(" * 100_000 + b"t" * 100_000 + b".", "it is no dictionary"),
        (b"", "is not as CIFAR-10 has it"),
        (b"no pickle", "is not as CIFAR-10 has it"),
    ],
)
def test_a_hostile_pickle_is_refused(tmp_path, content, says):
    refused(tmp_path, "test_batch", content, says)


def test_an_array_of_another_size_than_its_bytes_is_refused(tmp_path):
    content = python2_pickle({b"data": DATA, b"labels": TEN})
    twenty = content.replace(b"K\x0aM\x00\x0c", b"K\x14M\x00\x0c")
    assert twenty != content
    refused(tmp_path, "test_batch", twenty, r"its data have 30,720 bytes, which make no array of shape \(20, 3072\)")


def test_an_array_in_fortrans_order_is_the_same(tmp_path):
    content = python2_pickle({b"data": np.asfortranarray(DATA), b"labels": TEN})
    path = make_archive(tmp_path / "archive.tar.gz", files() | {"data_batch_1": content})
    plain = make_archive(tmp_path / "plain.tar.gz", files())
    images, _ = cifar10_python.read(path, source_of(path))["train"]
    assert (images == cifar10_python.read(plain, source_of(plain))["train"][0]).all()


def test_a_batch_twice_is_refused(tmp_path):
    path = make_archive(tmp_path / "archive.tar.gz", files() | {"other/test_batch": files()["test_batch"]})
    with pytest.raises(UserError, match="holds test_batch twice"):
        cifar10_python.read(path, source_of(path))
