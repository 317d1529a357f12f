import hashlib
import json

import numpy as np
import pytest
import torch
from torchvision.transforms import Compose, Normalize, ToTensor

import dataset
from errors import UserError

DESCRIBED = dataset.Dataset(source="mine", content="0" * 64, train_images=2, evaluated_on="test", evaluated_images=2)
SPLIT = dataset.Split(
    images=np.arange(2 * 32 * 32 * 3).astype(np.uint8).reshape(2, 32, 32, 3),
    labels=np.array([1, 0], dtype=np.uint8),
    class_names=["ant", "bee"],
    dataset=DESCRIBED,
)


def test_what_is_saved_is_loaded_and_has_the_same_bytes_by_every_version_of_python(tmp_path):
    """This md5 was seen with Python 3.11.2, 3.11.7 and 3.13.0; that of `np.savez` changes after the first."""
    dataset.save(tmp_path / "a.npz", SPLIT)
    loaded = dataset.load(tmp_path / "a.npz")
    assert (loaded.images == SPLIT.images).all()
    assert (loaded.labels == SPLIT.labels).all()
    assert (loaded.class_names, loaded.dataset) == (SPLIT.class_names, DESCRIBED)
    assert hashlib.md5((tmp_path / "a.npz").read_bytes()).hexdigest() == "4f7edbacf968939191f55ce9b19f974e"


def test_missing_and_damaged_files_are_one_line(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(UserError, match=r"a.npz is missing"):
        dataset.load(path)
    dataset.save(path, SPLIT)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UserError, match=r"a.npz is damaged"):
        dataset.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": np.array(json.dumps(DESCRIBED.model_dump() | {"train_images": "many"}))},
        {"images": np.array([None])},
    ],
)
def test_what_is_no_split_is_one_line(tmp_path, change):
    described = np.array(DESCRIBED.model_dump_json())
    arrays = {"images": SPLIT.images, "labels": SPLIT.labels, "class_names": ["ant", "bee"], "dataset": described}
    np.savez(tmp_path / "a.npz", **arrays)
    dataset.load(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **arrays | change)
    with pytest.raises(UserError, match=r"a.npz is damaged"):
        dataset.load(tmp_path / "a.npz")


def test_scaling_is_torchvisions_to_tensor_and_normalize():
    ours = dataset.scale(torch.from_numpy(SPLIT.images), mean=0.5, std=0.5)
    transform = Compose([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)])  # as in DLStudio
    assert torch.equal(ours, torch.stack([transform(image) for image in SPLIT.images]))
    assert ours.is_contiguous(memory_format=torch.channels_last)
