"""The stage as a command, on the digits. Each format has tests in images/."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import dataset
from images.image_folders import checksum

REPOSITORY = Path(__file__).parents[1]
Fetch = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def fetch(tmp_path, monkeypatch) -> Fetch:
    """`python src/fetch.py` in a folder that has only params.yaml, with changes to its `data`, and dvc.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text((REPOSITORY / "dvc.yaml").read_text())

    def fetch(sources: dict | None = None, archive: str = "", **data: object) -> subprocess.CompletedProcess:
        params = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
        params["data"] |= {"source": "digits"} | data
        params["data"]["sources"] |= sources or {}
        Path("params.yaml").write_text(json.dumps(params))
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "src/fetch.py")],
            env=os.environ | {"CIFAR10_ARCHIVE": archive, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return fetch


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("data").iterdir()}


def images_in(name: str) -> dict[bytes, int]:
    split = dataset.load(f"data/{name}.npz")
    return {image.tobytes(): int(label) for image, label in zip(split.images, split.labels, strict=True)}


def test_validation_images_are_training_images_and_no_test_image_is_left(fetch):
    assert fetch().returncode == 0
    train, test, first = images_in("train"), images_in("test"), written()
    assert set(first) == {"train.npz", "test.npz", "dataset.json"}

    assert fetch(evaluate_on="validation", validation_per_class=30).returncode == 0
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

    too_many = fetch(evaluate_on="validation", validation_per_class=500)
    assert too_many.returncode == 1
    assert "at most 138" in too_many.stderr
    assert written() == before

    fetch()
    assert written() == first


def test_a_source_that_is_not_the_pinned_one_leaves_no_data(fetch):
    digits = yaml.safe_load((REPOSITORY / "params.yaml").read_text())["data"]["sources"]["digits"]
    result = fetch({"digits": digits | {"sha256": "0" * 64}})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert digits["sha256"] in result.stderr
    assert not Path("data").exists()


def test_a_second_fetch_beside_the_first_is_refused(fetch):
    Path(".cache/locks").mkdir(parents=True)
    with open(".cache/locks/fetch.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "already runs" in fetch().stderr
    assert not Path("data").exists()


def test_your_copy_that_does_not_exist_is_one_line(fetch):
    result = fetch(source="cifar10", archive="missing/folder")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert str(Path("missing/folder").absolute()) in result.stderr


def test_your_copy_is_used_and_nothing_is_downloaded(fetch):
    files = {}
    for name in ("train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"):
        path = Path("images", name)
        path.parent.mkdir(parents=True)
        Image.new("RGB", (32, 32), (len(files), 0, 0)).save(path)
        files[name] = path.read_bytes()
    source = {
        "format": "image-folders",
        "sha256": checksum(files),
        "class_names": {"a": "ant", "b": "bee"},
        "urls": ["http://127.0.0.1:9/images.tar"],
    }
    result = fetch({"mine": source}, source="mine", archive="~/images")
    assert result.returncode == 0, result.stderr
    assert not Path(".cache/downloads").exists()
    assert len(dataset.load("data/train.npz")) == 2
