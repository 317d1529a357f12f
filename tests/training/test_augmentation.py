"""Augmented images against numpy's pad, and the random numbers behind them."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from dataset import scale
from model.build import build
from training.augmentation import EFFECTS, augment, draw

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(256, size=(40, 32, 32, 3), dtype=np.uint8))
CPU = torch.device("cpu")


def augmented(effects: dict[str, float], batch: torch.Tensor, seed: int = 0, epoch: int = 1) -> torch.Tensor:
    return augment(IMAGES, batch, draw(effects, len(IMAGES), seed, epoch, CPU), effects)


def by_numpy(image: np.ndarray, random: dict[str, np.ndarray], effects: dict[str, float]) -> np.ndarray:
    """`random` has two numbers in [0, 1) for each effect."""
    if "flip" in effects and random["flip"][0] < effects["flip"]:
        image = image[:, ::-1]
    if by := effects.get("shift"):
        down, right = (int(number * (2 * by + 1)) - by for number in random["shift"])
        image = np.pad(image, ((by, by), (by, by), (0, 0)), mode="reflect")
        image = image[by - down : by - down + 32, by - right : by - right + 32]
    return image.copy()


@pytest.mark.parametrize("effects", [{"flip": 0.5}, {"shift": 4}, {"shift": 31}, {"flip": 0.3, "shift": 3}], ids=str)
def test_as_numpy_flips_and_pads(effects):
    batch = torch.randperm(40, generator=torch.Generator().manual_seed(0))[:25]
    random = {name: numbers.numpy().astype(np.float64) for name, numbers in draw(effects, 40, 0, 1, CPU).items()}
    expected = [by_numpy(IMAGES[i].numpy(), {name: n[i] for name, n in random.items()}, effects) for i in batch]
    assert augmented(effects, batch).equal(torch.from_numpy(np.stack(expected)))


def test_an_image_looks_the_same_in_any_batch_and_otherwise_in_another_epoch_and_seed():
    effects, everything = {"flip": 0.5, "shift": 5}, torch.arange(40)
    whole = augmented(effects, everything)
    parts = torch.cat([augmented(effects, batch) for batch in everything.split(7)])
    assert parts.equal(whole)
    for other in ({"epoch": 2}, {"seed": 1}):
        assert not augmented(effects, everything, **other).equal(whole)


def test_an_effect_more_leaves_the_numbers_of_the_others():
    alone = draw({"shift": 3}, 40, 0, 1, CPU)["shift"]
    assert draw(dict.fromkeys(EFFECTS, 1), 40, 0, 1, CPU)["shift"].equal(alone)
    numbers = draw(dict.fromkeys(EFFECTS, 1), 40, 0, 1, CPU)
    assert len({tuple(values.flatten().tolist()) for values in numbers.values()}) == len(EFFECTS)


@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this build of PyTorch has no CUDA")
def test_augmentation_and_the_forward_pass_leave_no_tensor_off_the_gpu():
    """PyTorch's fake tensors show this without a GPU; only CUDA builds have them."""
    amounts = dict.fromkeys(EFFECTS, 3) | {"flip": 0.5}
    with FakeTensorMode(allow_non_fake_inputs=False):
        device = torch.device("cuda:0")
        images = torch.zeros((30, 32, 32, 3), dtype=torch.uint8, device=device)
        batch = torch.randperm(30).to(device)[:4]
        inputs = scale(augment(images, batch, draw(amounts, 30, 0, 1, device), amounts), 0.5, 0.5)
        with device:
            net = build("net3", 10)
        logits = net(inputs)
    assert (logits.device.type, logits.shape) == ("cuda", (4, 10))
