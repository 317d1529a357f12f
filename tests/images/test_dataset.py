import errno
import io
import json
import os
import zipfile

import numpy as np
import pytest
import torch
from torchvision.transforms import Compose, Normalize, ToTensor

from foundation.errors import UserError
from images import dataset

SPLIT = dataset.Split(
    images=np.arange(2 * 32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 32, 32, 3),
    labels=np.array([1, 0], dtype=np.uint8),
    class_names=["ant", "bee"],
    dataset=dataset.Dataset(source="mine", content="sha256:0", lossless=True, train_images=2, test_images=2),
)


def test_what_is_saved_is_loaded(tmp_path):
    dataset.save(tmp_path / "a.npz", SPLIT)
    loaded = dataset.load(tmp_path / "a.npz")
    assert (loaded.images == SPLIT.images).all()
    assert (loaded.labels == SPLIT.labels).all()
    assert (loaded.class_names, loaded.dataset) == (SPLIT.class_names, SPLIT.dataset)


def test_the_same_split_gives_the_same_bytes(tmp_path):
    dataset.save(tmp_path / "a.npz", SPLIT)
    dataset.save(tmp_path / "b.npz", SPLIT)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_missing_and_damaged_files_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"a.npz is missing: `dvc repro fetch` makes it"):
        dataset.load(tmp_path / "a.npz")
    dataset.save(tmp_path / "a.npz", SPLIT)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-50])
    with pytest.raises(UserError, match=r"a.npz is damaged .*: delete it"):
        dataset.load(tmp_path / "a.npz")


VALIDATION = dataset.Dataset(source="mine", content="sha256:0", lossless=True, train_images=2, validation_images=2)


def test_files_name_the_kind_of_images_that_is_evaluated_on_and_no_other():
    test = SPLIT.dataset
    common = {"source": "mine", "content": "sha256:0", "lossless": True, "train_images": 2}
    assert test.model_dump() == common | {"test_images": 2}
    assert VALIDATION.model_dump() == common | {"validation_images": 2}
    for described, on in ((test, "test"), (VALIDATION, "validation")):
        assert dataset.Dataset.model_validate(described.model_dump()) == described
        assert (described.evaluated_on, described.evaluated_images) == (on, 2)
    assert (test.title, VALIDATION.title) == ("mine", "mine with 2 validation images")


def arrays(**changes) -> dict[str, np.ndarray]:
    """What `save` writes, with changes."""
    return {
        "images": SPLIT.images,
        "labels": SPLIT.labels,
        "class_names": np.array(SPLIT.class_names),
        "source": np.array(SPLIT.dataset.model_dump_json()),
    } | changes


def described(**changes) -> np.ndarray:
    return np.array(json.dumps(SPLIT.dataset.model_dump() | changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"images": SPLIT.images.astype(np.float32)}, r"images: expected \(2, 32, 32, 3\) uint8, found .* float32"),
        ({"images": SPLIT.images.astype(np.int8)}, r"found \(2, 32, 32, 3\) int8"),
        ({"images": SPLIT.images[:, :31]}, r"found \(2, 31, 32, 3\) uint8"),
        ({"images": SPLIT.images[..., 0]}, r"found \(2, 32, 32\) uint8"),
        ({"images": SPLIT.images[:1]}, r"found \(1, 32, 32, 3\) uint8"),
        ({"labels": SPLIT.labels[:1]}, r"images: expected \(1, 32, 32, 3\) uint8, found \(2, 32, 32, 3\) uint8"),
        ({"labels": SPLIT.labels[:0], "images": SPLIT.images[:0]}, "there are no images"),
        ({"labels": SPLIT.labels.astype(np.int64)}, r"labels: expected \(N,\) uint8, found \(2,\) int64"),
        ({"labels": SPLIT.labels[:, None]}, r"labels: expected \(N,\) uint8, found \(2, 1\) uint8"),
        ({"labels": np.array(1, np.uint8)}, r"labels: expected \(N,\) uint8, found \(\) uint8"),
        ({"labels": np.array([0, 2], np.uint8)}, "labels: expected 0 to 1, found 2"),
        ({"class_names": np.array(["ant"])}, "labels: expected 0 to 0, found 1"),
        ({"class_names": np.array([1, 2])}, "class_names: expected a list of texts"),
        ({"class_names": np.array("ant")}, "class_names: expected a list of texts"),
        ({"class_names": np.array([["ant", "bee"]])}, "class_names: expected a list of texts"),
        ({"source": np.array("{")}, "Expecting property name"),
        ({"source": np.array('"digits"')}, "source"),
        ({"source": described(train_images="many")}, "source: train_images = 'many': input should be a valid integer"),
        ({"source": described(test_images=0)}, "source: .* expected either test_images or validation_images"),
        ({"source": described(validation_images=2)}, "source: .* expected either test_images or validation_images"),
        ({"source": described(mirror="here")}, "source: mirror = 'here': unknown key"),
        ({"images": np.array([None])}, "Object arrays cannot be loaded"),
    ],
)
def test_what_is_no_split_is_one_line(tmp_path, changes, says):
    np.savez(tmp_path / "a.npz", **arrays(**changes))
    with pytest.raises(UserError, match=says) as error:
        dataset.load(tmp_path / "a.npz")
    assert str(error.value).startswith(f"{tmp_path / 'a.npz'} is damaged (")
    assert str(error.value).endswith("): delete it, then `dvc repro fetch` makes it again")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["images", "labels", "class_names", "source"])
def test_a_missing_array_is_one_line(tmp_path, name):
    left = {key: array for key, array in arrays().items() if key != name}
    np.savez(tmp_path / "a.npz", **left)
    with pytest.raises(UserError, match=f"a.npz is damaged .*{name}.*: delete it"):
        dataset.load(tmp_path / "a.npz")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_its_place_is_refused(tmp_path, make):
    make(tmp_path / "a.npz")
    with pytest.raises(UserError, match=r"a.npz is not a file: remove it, then `dvc repro fetch` makes it"):
        dataset.load(tmp_path / "a.npz")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ESTALE])
def test_what_the_system_refuses_is_not_called_damage(tmp_path, monkeypatch, number):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number), str(tmp_path / "a.npz"))

    dataset.save(tmp_path / "a.npz", SPLIT)
    monkeypatch.setattr(dataset.np, "load", refuse)
    with pytest.raises(OSError, match=rf"\[Errno {number}\] {os.strerror(number)}: '{tmp_path}/a.npz'"):
        dataset.load(tmp_path / "a.npz")


def test_out_of_memory_is_not_called_damage(tmp_path):
    """Images that no machine has room for."""
    np.savez(tmp_path / "a.npz", **{name: array for name, array in arrays().items() if name != "images"})
    header = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**12, 32, 32, 3)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as file:
        file.writestr("images.npy", header.getvalue())
    with pytest.raises(UserError, match=r"a.npz does not fit into memory \(Unable to allocate 2.73 PiB .*\)"):
        dataset.load(tmp_path / "a.npz")


def test_scaling_is_torchvisions_to_tensor_and_normalize():
    images = torch.from_numpy(SPLIT.images)
    ours = dataset.scale(images, mean=0.5, std=0.5)
    transform = Compose([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)])  # as in DLStudio
    theirs = torch.stack([transform(image) for image in SPLIT.images])
    assert ours.shape == (2, 3, 32, 32)
    assert torch.equal(ours, theirs)
    assert ours.is_contiguous(memory_format=torch.channels_last)
