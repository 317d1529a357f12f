"""Bits flipped, bytes zeroed and files cut at random: no damage changes what is read.

Damage is refused in one line or lies where it does not matter (a file's date, padding), and then what is read is what
was there before. Nothing else is accepted.
"""

import hashlib
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up import DESCRIPTION
from official_archive import CLASSES, python2_pickle
from pictures import png

import nets
from foundation.errors import UserError
from images import cifar10_python, dataset, image_folders
from model import checkpoint
from params import Cifar10Python, ImageFolders

RANDOM = np.random.default_rng(0)
BATCHES = {
    name: python2_pickle({b"data": RANDOM.integers(0, 256, (10, 3072), np.uint8), b"labels": list(range(10))})
    for name in [*cifar10_python.TRAIN, *cifar10_python.TEST]
} | {"batches.meta": python2_pickle({b"label_names": [name.encode() for name in CLASSES]})}
IMAGES = {f"{split}/{name}/{i}.png": png(i) for split in ("train", "test") for name in "ab" for i in range(10)}
FOLDERS = ImageFolders(
    format="image-folders",
    sha256=image_folders.checksum(IMAGES),
    lossless=True,
    class_names={"a": "ant", "b": "bee"},
    urls=[],
)
KINDS = ["images.tar", "images.tar.gz", "images.tar.xz", "images.zip", "cifar10.tar.gz", "split.npz", "net.pt"]
CASES = [(kind, seed) for kind in KINDS for seed in range(8)]


def write(path: Path) -> Callable[[], list[bytes]]:
    """Write a sound file of the kind its name says; returns what checks and reads it, as the stages do."""
    if path.name == "net.pt":
        return write_checkpoint(path)
    if path.name == "split.npz":
        return write_split(path)
    contents = BATCHES if path.name.startswith("cifar10") else IMAGES
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        mode = {".tar": "w", ".gz": "w:gz", ".xz": "w:xz"}[path.suffix]
        with tarfile.open(path, mode) as archive:
            for name, content in contents.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    reader, source = (cifar10_python, pinned(path)) if contents is BATCHES else (image_folders, FOLDERS)

    def read() -> list[bytes]:
        splits = reader.decode(reader.pinned_files(path, source), source)
        return [array.tobytes() for split in splits.values() for array in split]

    return read


def write_checkpoint(path: Path) -> Callable[[], list[bytes]]:
    torch.manual_seed(0)
    checkpoint.save(path, nets.build("net1", {}, 2), DESCRIPTION)

    def read() -> list[bytes]:
        net, description = checkpoint.load(path)
        return [str(description).encode(), *(tensor.numpy().tobytes() for tensor in net.state_dict().values())]

    return read


def write_split(path: Path) -> Callable[[], list[bytes]]:
    described = dataset.Dataset(source="some", content="sha256:0", lossless=True, train_images=10, test_images=10)
    images, labels = RANDOM.integers(0, 256, (10, 32, 32, 3), np.uint8), np.arange(10, dtype=np.uint8)
    dataset.save(path, dataset.Split(images, labels, CLASSES, described))

    def read() -> list[bytes]:
        split = dataset.load(path)
        return [split.images.tobytes(), split.labels.tobytes(), str((split.class_names, split.dataset)).encode()]

    return read


def pinned(path: Path) -> Cifar10Python:
    return Cifar10Python(
        format="cifar10-python",
        md5=hashlib.md5(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        lossless=True,
        class_names={name: name for name in CLASSES},
        urls=[],
    )


def damage(content: bytes, seed: int) -> bytes:
    """Flip 1 to 8 bits, set up to 1,000 bytes to zero, or cut the end off: by turns, each at random places."""
    chance, damaged = random.Random(seed), bytearray(content)
    if seed % 3 == 0:
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif seed % 3 == 1:
        start = chance.randrange(len(content))
        end = min(start + chance.randint(1, 1000), len(content))
        damaged[start:end] = bytes(end - start)
    else:
        del damaged[chance.randrange(len(content)) :]
    return bytes(damaged)


def is_refused(path: Path, seed: int) -> bool:
    """Whether the damage of this seed is refused; when it is not, what is read must be what was there before."""
    read = write(path)
    before = read()
    path.write_bytes(damage(path.read_bytes(), seed))
    try:
        after = read()
    except UserError as error:
        line = str(error)
    else:
        assert after == before
        return False
    assert str(path) in line
    assert line.isprintable()
    return True


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_damage_changes_nothing_that_is_read(tmp_path, kind, seed):
    is_refused(tmp_path / kind, seed)


def test_damage_is_refused_nearly_always(tmp_path):
    assert sum(is_refused(tmp_path / kind, seed) for kind, seed in CASES) > 0.8 * len(CASES)


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_batch_file_is_refused_or_of_the_right_form(seed):
    """Behind the checksum, which has refused it long before: what the reader alone does."""
    content = BATCHES["test_batch"]
    content = damage(content[:200], seed) + content[200:] if seed % 2 else damage(content, seed)
    try:
        with cifar10_python._reading("test_batch"):
            images, labels = cifar10_python._batch(content, num_classes=10)
    except UserError:
        return
    assert images.shape == (len(labels), 32, 32, 3)
    assert images.dtype == labels.dtype == np.uint8
    assert len(labels) > 0
    assert labels.max() < 10
