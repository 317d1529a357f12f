"""Augmented images against numpy's pad, and what is drawn for them."""

import numpy as np
import pytest
import torch

from params import Recipe
from training.augmentation import draw_views, gather

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(1, 256, (40, 32, 32, 3), dtype=np.uint8))  # none is 0
SOME = torch.randperm(40, generator=torch.Generator().manual_seed(0))[:25]


def recipe(**changes) -> Recipe:
    return Recipe(learning_rate=0.1, weight_decay=0.0, batch_size=5, epochs=1, log_every=10, **changes)


def draw(chosen: Recipe, images: int = 40, seed: int = 0, epoch: int = 1) -> torch.Tensor:
    return draw_views(chosen, images, seed, epoch, torch.device("cpu"))


def by_numpy(image: np.ndarray, view: list[int], chosen: Recipe) -> np.ndarray:
    flipped, down, right, top, left = view
    mode, by = {"reflect": "reflect", "zero": "constant"}[chosen.border], chosen.shift
    padded = np.pad(image[:, ::-1] if flipped else image, ((by, by), (by, by), (0, 0)), mode=mode)
    result = padded[by - down : by - down + 32, by - right : by - right + 32].copy()
    result[top : top + chosen.cutout, left : left + chosen.cutout] = 0
    return result


@pytest.mark.parametrize(
    "changes",
    [
        {"flip": True},
        {"shift": 4},
        {"shift": 4, "border": "zero"},
        {"shift": 31},
        {"shift": 31, "border": "zero"},
        {"cutout": 1},
        {"cutout": 31},
        {"flip": True, "shift": 3, "cutout": 8},
        {"flip": True, "shift": 3, "border": "zero", "cutout": 8},
    ],
    ids=str,
)
def test_as_numpy_flips_pads_and_cuts(changes):
    chosen = recipe(**changes)
    views = draw(chosen)
    expected = [by_numpy(IMAGES[i].numpy(), views[i].tolist(), chosen) for i in SOME]
    assert gather(IMAGES, SOME, views, chosen).equal(torch.from_numpy(np.stack(expected)))


def test_without_augmentation_nothing_is_drawn():
    assert draw(recipe()) is None
    assert gather(IMAGES, SOME, None, recipe()).equal(IMAGES[SOME])


def test_every_flip_shift_and_place_occurs_about_as_often():
    chosen = recipe(flip=True, shift=2, cutout=28)
    views = draw(chosen, images=10_000)
    for column, values in zip(views.T, [range(2), range(-2, 3), range(-2, 3), range(5), range(5)], strict=True):
        found, counts = column.unique(return_counts=True)
        assert found.tolist() == list(values)
        assert counts.double().div(10_000 / len(values)).sub(1).abs().max() < 0.1
    pairs = views.T.double().corrcoef().fill_diagonal_(0)
    assert pairs.abs().max() < 0.05


def test_what_is_drawn_depends_on_seed_and_epoch():
    chosen = recipe(flip=True, shift=4)
    assert draw(chosen, seed=2**63 - 1).equal(draw(chosen, seed=2**63 - 1))
    drawn = [draw(chosen, seed=seed, epoch=epoch) for seed in (0, 1, 2) for epoch in (1, 2)]
    assert not any(a.equal(b) for i, a in enumerate(drawn) for b in drawn[:i])


@pytest.mark.parametrize("parts", [1, 4, 25])
def test_an_image_looks_the_same_whatever_is_gathered_with_it(parts):
    chosen = recipe(flip=True, shift=4, cutout=8)
    views = draw(chosen)
    whole = gather(IMAGES, SOME, views, chosen)
    assert torch.cat([gather(IMAGES, part, views, chosen) for part in SOME.split(25 // parts)]).equal(whole)


def test_the_images_themselves_are_left_as_they_are():
    before = IMAGES.clone()
    chosen = recipe(flip=True, shift=4, border="zero", cutout=8)
    gather(IMAGES, SOME, draw(chosen), chosen)
    assert IMAGES.equal(before)
