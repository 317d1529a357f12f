"""The stage on the digits. Each format has tests in images/, and your own images in test_own_images.py."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clone import REPOSITORY, Clone

import dataset
import fetch

Fetched = Callable[[dict[str, object]], str]


@pytest.fixture
def fetched(tmp_path, monkeypatch) -> Fetched:
    """The error that `python src/fetch.py` ends with, or "", by params.yaml with these values."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch.py"])
    shutil.copy(REPOSITORY / "dvc.yaml", "dvc.yaml")

    def fetched(values: dict[str, object]) -> str:
        shutil.copy(REPOSITORY / "params.yaml", "params.yaml")
        Clone(tmp_path).set_params({"data.source": "digits"} | values)
        try:
            fetch.main()
        except SystemExit as error:
            return str(error.code)
        return ""

    return fetched


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("data").iterdir()}


def images_in(name: str) -> dict[bytes, int]:
    split = dataset.load(f"data/{name}.npz")
    return {image.tobytes(): int(label) for image, label in zip(split.images, split.labels, strict=True)}


def test_validation_images_are_training_images_and_no_test_image_is_left(fetched):
    assert fetched({}) == ""
    train, test, first = images_in("train"), images_in("test"), written()
    assert set(first) == {"train.npz", "test.npz", "dataset.json"}

    assert fetched({"data.evaluate_on": "validation", "data.validation_per_class": 30}) == ""
    rest, validation = images_in("train"), images_in("validation")
    assert rest | validation == train
    assert rest.keys().isdisjoint(validation)
    assert test.keys().isdisjoint(rest | validation)
    assert np.bincount(list(validation.values())).tolist() == [30] * 10
    described = json.loads(Path("data/dataset.json").read_text())
    assert described["evaluated_on"] == "validation"
    assert (described["train_images"], described["evaluated_images"]) == (1133, 300)
    assert dataset.load("data/train.npz").dataset.model_dump() == described
    before = written()
    assert set(before) == {"train.npz", "validation.npz", "dataset.json"}

    assert "of eight, so at most 138" in fetched({"data.evaluate_on": "validation", "data.validation_per_class": 139})
    assert written() == before

    fetched({})
    assert written() == first


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"data.sources.digits.sha256": "0" * 64}, "expected images and labels of sha256 0000"),
        ({"data.source": "cifar10"}, "/pipe is no file"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_leaves_no_data(fetched, monkeypatch, values, says):
    os.mkfifo("pipe")
    monkeypatch.setenv("CIFAR10_ARCHIVE", "pipe")
    error = fetched(values)
    assert error.startswith("error: ")
    assert says in error
    assert "\n" not in error
    assert not Path("data").exists()


def positions(labels: list[int], per_class: int) -> tuple[list[int], list[int]]:
    """Those of the validation images and of the training images; each image here is its own position."""
    parts = fetch.hold_out(np.arange(len(labels)), np.array(labels, dtype=np.uint8), ["ant", "bee"], per_class)
    for images, part_labels in parts.values():
        assert part_labels.tolist() == [labels[i] for i in images]
    return parts["validation"][0].tolist(), parts["train"][0].tolist()


def test_validation_images_are_evenly_spread_over_each_class_in_the_order_of_the_source():
    assert positions([0] * 10 + [1] * 4, 2) == ([0, 5, 10, 12], [1, 2, 3, 4, 6, 7, 8, 9, 11, 13])
    assert positions([0, 1] * 4, 2) == ([0, 1, 4, 5], [2, 3, 6, 7])
