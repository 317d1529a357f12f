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


def test_scaling_is_torchvisions_to_tensor_and_normalize():
    images = torch.from_numpy(SPLIT.images)
    ours = dataset.scale(images, mean=0.5, std=0.5)
    transform = Compose([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)])  # as in DLStudio
    theirs = torch.stack([transform(image) for image in SPLIT.images])
    assert ours.shape == (2, 3, 32, 32)
    assert torch.equal(ours, theirs)
    assert ours.is_contiguous(memory_format=torch.channels_last)
