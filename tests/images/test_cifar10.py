"""CIFAR-10 in each of its forms: made-up batches in the official format, and the official ones."""

import hashlib
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_image_folders import encoded, write

import fetch
from errors import UserError
from images import cifar10
from params import Source, load_params

SOURCE = load_params(Path(__file__).parents[2] / "params.yaml").data.sources["cifar10"]
OFFICIAL = Path(os.environ.get("CIFAR10_ARCHIVE", "none"))


def rows(folder: Path) -> Iterator[tuple[str, str, int, np.ndarray]]:
    """Split, file name, label and colour planes of each image of the batch files in `folder`."""
    for split, names in cifar10.BATCHES.items():
        for name in names:
            batch = pickle.loads((folder / name).read_bytes(), encoding="latin1")
            for row in zip(batch["filenames"], batch["labels"], batch["data"], strict=True):
                yield split, *row


def png_files(folder: Path) -> dict[str, bytes]:
    """The same images as PNG files, by the names that GitHub's copy has."""
    files = {}
    for split, file, label, planes in rows(folder):
        image = Image.fromarray(planes.reshape(3, 32, 32).transpose(1, 2, 0))
        files[f"{split}/{cifar10.CLASSES[label]}/{file}"] = encoded(image, compress_level=1)
    return files


@pytest.fixture
def batches(tmp_path, monkeypatch) -> Path:
    """A folder with six batch files of 12 random images, and their md5 in place of the official ones."""
    folder, random, md5 = tmp_path / "cifar-10-batches-py", np.random.default_rng(0), {}
    folder.mkdir()
    for name in [name for names in cifar10.BATCHES.values() for name in names]:
        batch = {
            "data": random.integers(0, 256, (12, 3072), dtype=np.uint8),
            "labels": [i % 10 for i in range(12)],
            "filenames": [f"{random.integers(10**9)}_s_{i}.png" for i in range(12)],
        }
        (folder / name).write_bytes(pickle.dumps(batch))
        md5[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    table = {split: {name: md5[name] for name in names} for split, names in cifar10.BATCHES.items()}
    monkeypatch.setattr(cifar10, "BATCHES", table)
    return folder


def pin(folder: Path) -> Source:
    """The source with the checksum of the images in `folder`, worked out image by image."""
    digest = hashlib.sha256()
    for split in cifar10.BATCHES:
        of_split = sorted((row for row in rows(folder) if row[0] == split), key=lambda row: row[1])
        for *_, planes in of_split:
            digest.update(np.stack(np.split(planes, 3), axis=1).tobytes())  # red, green, blue of each pixel in turn
        digest.update(bytes(label for _, _, label, _ in of_split))
    return SOURCE.model_copy(update={"sha256": digest.hexdigest()})


def test_archive_batch_folder_and_png_files_give_the_pinned_images_and_labels(batches, tmp_path):
    files = png_files(batches)
    of_macos = {name.replace("/airplane/", "/airplane/._"): b"of macOS" for name in files if "/airplane/" in name}
    beside = {"README.md": b"# Images", ".gitignore": b"*"}
    tree = write(tmp_path / "packed/CIFAR-10-dataset-a828d74", of_macos | files | beside)
    forms = [
        batches,
        Path(shutil.make_archive(str(tmp_path / "batches"), "gztar", tmp_path, batches.name)),
        tree,
        Path(shutil.make_archive(str(tmp_path / "png"), "zip", tree)),
        Path(shutil.make_archive(str(tmp_path / "png"), "gztar", tree.parent)),  # in one folder, as GitHub packs them
    ]
    for path in forms:
        splits = fetch.pinned("images", cifar10.read(SOURCE, path), pin(batches))
        assert [len(labels) for _, labels in splits.values()] == [60, 12]
        assert [images.shape[1:] for images, _ in splits.values()] == [(32, 32, 3)] * 2


def test_a_pickle_with_another_md5_is_not_opened(batches, tmp_path):
    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    (batches / "test_batch").write_bytes(pickle.dumps(Attack()))
    with pytest.raises(UserError, match="test_batch"):
        cifar10.read(SOURCE, batches)
    assert not (tmp_path / "opened").exists()


def test_a_missing_batch_is_named(batches):
    (batches / "data_batch_3").unlink()
    with pytest.raises(UserError, match="data_batch_3"):
        cifar10.read(SOURCE, batches)


def test_one_changed_pixel_or_label_is_refused(batches, tmp_path):
    source, files = pin(batches), png_files(batches)
    first, second = next(name for name in files if "/cat/" in name), next(name for name in files if "/dog/" in name)
    swapped = files | {first: files[second], second: files[first]}
    moved = {name.replace("/cat/", "/dog/") if name == first else name: content for name, content in files.items()}
    for label, changed in {"swapped": swapped, "moved": moved}.items():
        splits = cifar10.read(SOURCE, write(tmp_path / label, changed))
        with pytest.raises(UserError, match=source.sha256):
            fetch.pinned("images", splits, source)


def test_class_names_in_another_order_are_refused(batches):
    """Labels are numbers, so another order would give each image the name of another class."""
    turned = SOURCE.model_copy(update={"class_names": dict(reversed(SOURCE.class_names.items()))})
    with pytest.raises(UserError, match=r"params\.yaml"):
        cifar10.read(turned, batches)


@pytest.mark.skipif(
    not (OFFICIAL / "data_batch_1").is_file(), reason="CIFAR10_ARCHIVE names no folder with the official batches"
)
def test_the_official_batches_and_their_images_as_png_files_give_the_pinned_images_and_labels(tmp_path):
    for path in (OFFICIAL, write(tmp_path, png_files(OFFICIAL))):
        splits = fetch.pinned("images", cifar10.read(SOURCE, path), SOURCE)
        assert len(splits["train"][1]) == 50_000
