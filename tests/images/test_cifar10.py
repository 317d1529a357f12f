"""CIFAR-10 in each of its forms: made-up batches in the official format, and the official ones."""

import hashlib
import io
import os
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dataset
from errors import UserError
from images import Splits, cifar10
from params import Archive, load_params

SOURCE = load_params(Path(__file__).parents[2] / "params.yaml").data.sources["cifar10"]
OFFICIAL = Path(os.environ.get("CIFAR10_ARCHIVE", "none"))


def png_files(folder: Path) -> dict[str, bytes]:
    """The images of the batch files in `folder` as PNG files, by the names that GitHub's copy has."""
    files = {}
    for split, names in cifar10.BATCHES.items():
        for name in names:
            batch = pickle.loads((folder / name).read_bytes(), encoding="latin1")
            for planes, label, file in zip(batch["data"], batch["labels"], batch["filenames"], strict=True):
                content = io.BytesIO()
                Image.fromarray(planes.reshape(3, 32, 32).transpose(1, 2, 0)).save(content, "PNG", compress_level=1)
                files[f"{split}/{cifar10.CLASSES[label]}/{file}"] = content.getvalue()
    return files


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    """As GitHub packs them: in one folder at the top, with other files beside."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name, content in {"README.md": b"# Images", ".gitignore": b"*", **files}.items():
            member = tarfile.TarInfo(f"CIFAR-10-dataset-a828d74/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def npz(splits: Splits, folder: Path) -> dict[str, bytes]:
    """The bytes that `fetch` would write of each split."""
    described = dataset.Dataset(
        source="cifar10", content=SOURCE.sha256, train_images=1, evaluated_on="test", evaluated_images=1
    )
    for name, arrays in splits.items():
        dataset.save(folder / f"{name}.npz", dataset.Split(*arrays, cifar10.CLASSES, described))
    return {name: (folder / f"{name}.npz").read_bytes() for name in splits}


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


def pinned(folder: Path) -> Archive:
    """The source with the checksum of the images in `folder`, worked out image by image."""
    digest = hashlib.sha256()
    for names in cifar10.BATCHES.values():
        rows = []
        for name in names:
            batch = pickle.loads((folder / name).read_bytes())
            rows += zip(batch["filenames"], batch["data"], batch["labels"], strict=True)
        rows.sort(key=lambda row: row[0])
        for _, planes, _ in rows:
            digest.update(np.stack(np.split(planes, 3), axis=1).tobytes())  # red, green, blue of each pixel in turn
        digest.update(bytes(label for _, _, label in rows))
    return SOURCE.model_copy(update={"sha256": digest.hexdigest()})


def test_archive_batch_folder_and_png_files_give_the_same_bytes(batches, tmp_path):
    source = pinned(batches)
    splits = cifar10.read(source, batches)
    assert [array.shape for array in splits["train"] + splits["test"]] == [
        (60, 32, 32, 3),
        (60,),
        (12, 32, 32, 3),
        (12,),
    ]
    expected = npz(splits, tmp_path)
    tree = tmp_path / "tree"
    for name, content in png_files(batches).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
        (tree / name).with_name(f"._{file}" if (file := (tree / name).name) else "").write_bytes(b"of macOS")
    forms = [
        Path(shutil.make_archive(str(tmp_path / "batches"), "gztar", tmp_path, batches.name)),
        tree,
        Path(shutil.make_archive(str(tmp_path / "png"), "zip", tree)),
        write_tar(tmp_path / "png.tar.gz", png_files(batches)),
    ]
    for path in forms:
        assert npz(cifar10.read(source, path), tmp_path) == expected, path


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
    source, files = pinned(batches), png_files(batches)
    first, second = next(name for name in files if "/cat/" in name), next(name for name in files if "/dog/" in name)
    swapped = files | {first: files[second], second: files[first]}
    moved = {name.replace("/cat/", "/dog/") if name == first else name: content for name, content in files.items()}
    for changed in (swapped, moved):
        with pytest.raises(UserError, match=source.sha256):
            cifar10.read(source, write_tar(tmp_path / "png.tar.gz", changed))


def test_class_names_in_another_order_are_refused(batches):
    """Labels are numbers, so another order would give each image the name of another class."""
    turned = pinned(batches).model_copy(update={"class_names": dict(reversed(SOURCE.class_names.items()))})
    with pytest.raises(UserError, match=r"params\.yaml"):
        cifar10.read(turned, batches)


@pytest.mark.skipif(
    not (OFFICIAL / "data_batch_1").is_file(), reason="CIFAR10_ARCHIVE names no folder with the official batches"
)
def test_the_official_batches_and_their_images_as_png_files_give_the_same_bytes(tmp_path):
    expected = npz(cifar10.read(SOURCE, OFFICIAL), tmp_path)
    packed = write_tar(tmp_path / "png.tar", png_files(OFFICIAL))
    assert npz(cifar10.read(SOURCE, packed), tmp_path) == expected
