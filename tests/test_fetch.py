"""The stage as a command, and what is refused before anything is written; the formats have tests in images/."""

import functools
import json
import os
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from clone import REPOSITORY, set_params
from official_archive import files, make_archive, source_of

import fetch
from foundation import lock
from foundation.errors import UserError
from images import dataset


def test_images_of_every_class_are_accepted():
    fetch.check_classes("test", np.array([0, 1, 1]), ["ant", "bee"])


def test_a_class_without_images_is_refused():
    says = r"test images: expected some of each of \['ant', 'bee'\], found counts \[3, 0\]"
    with pytest.raises(UserError, match=says):
        fetch.check_classes("test", np.array([0, 0, 0]), ["ant", "bee"])


def test_a_second_fetch_beside_the_first_is_refused(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch.py"])
    with (
        lock.held(fetch.LOCK, "fetching images"),
        pytest.raises(UserError, match=rf"process {os.getpid()} is already fetching images in this folder"),
    ):
        fetch.main()
    assert not (tmp_path / "data").exists()


@pytest.fixture
def fetch_digits(tmp_path, monkeypatch, capsys):
    """`python src/fetch.py` on the digits, `data` of params.yaml changed; what lies in `data/` then, and is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch.py"])

    def fetch_digits(**changes: object) -> tuple[dict[str, bytes], str]:
        shutil.copy(REPOSITORY / "params.yaml", tmp_path)
        set_params(Path("params.yaml"), {"data.source": "digits", **{f"data.{key}": changes[key] for key in changes}})
        fetch.main()
        return {path.name: path.read_bytes() for path in Path("data").iterdir()}, capsys.readouterr().out

    return fetch_digits


def images_in(name: str) -> dict[bytes, int]:
    """The images in `data/NAME.npz`, and their labels."""
    split = dataset.load(f"data/{name}.npz")
    return {image.tobytes(): int(label) for image, label in zip(split.images, split.labels, strict=True)}


VALIDATION = {"evaluate_on": "validation", "held_out": {"test": 0, "validation": 30}}


def test_validation_images_are_training_images_that_are_not_trained_on(fetch_digits):
    fetch_digits()
    train, test = images_in("train"), images_in("test")
    fetch_digits(**VALIDATION)
    left, validation = images_in("train"), images_in("validation")
    assert left | validation == train
    assert left.keys().isdisjoint(validation)
    assert test.keys().isdisjoint(left | validation)
    assert np.bincount(list(validation.values())).tolist() == [30] * 10
    assert len(dataset.load("data/validation.npz")) == 300  # no image twice


def test_all_says_that_they_are_validation_images(fetch_digits):
    written, printed = fetch_digits(**VALIDATION)
    assert set(written) == {"train.npz", "validation.npz", "dataset.json"}
    described = json.loads(written["dataset.json"])
    assert {key: n for key, n in described.items() if "images" in key} == {
        "train_images": 1133,
        "validation_images": 300,
    }
    for name in ("train", "validation"):
        assert dataset.load(f"data/{name}.npz").dataset.model_dump() == described
    assert printed == "digits: 1,133 training and 300 validation images\n"


def test_there_and_back_gives_the_same_bytes(fetch_digits):
    first, there, back, again = (fetch_digits(**how)[0] for how in ({}, VALIDATION, {}, VALIDATION))
    assert set(first) == {"train.npz", "test.npz", "dataset.json"}
    assert back == first
    assert again == there
    described = json.loads(first["dataset.json"])
    assert list(described) == ["source", "content", "lossless", "train_images", "test_images"]


def test_more_validation_images_than_a_class_can_spare_leave_what_was_fetched(fetch_digits):
    before, _ = fetch_digits()
    says = "data.held_out.validation = 500: there are 139 training images of eight, so at most 138 of each class"
    with pytest.raises(UserError, match=f"^params.yaml: {says} can be held out$"):
        fetch_digits(evaluate_on="validation")
    assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before


def test_a_refused_source_leaves_nothing_behind(clone):
    clone.set_params({"data.source": "digits", "data.sources.digits.sha256": "0" * 64})
    result = clone.run("python src/fetch.py", check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: scikit-learn's digits are not the pinned ones: expected sha256 0000")
    assert clone.run("git status --porcelain --ignored").stdout == " M params.yaml\n!! .cache/\n"


def test_an_archive_from_the_second_best_mirror(clone, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    source = source_of(make_archive(served / "right.tar.gz", files()))
    (served / "sign-in.html").write_text("<html>Sign in</html>")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_port}/{name}" for name in ("none", "sign-in.html", "right.tar.gz")]
        entry = source.model_dump() | {"urls": urls}
        clone.set_params({"data.source": "small", "data.sources.small": entry})
        lines = clone.run("python src/fetch.py").stdout.splitlines()
        server.shutdown()
    assert lines == [
        f"small from {urls[0]}",
        "passed over: 404 File not found",
        f"small from {urls[1]}",
        f"passed over: offers 20 bytes, expected {source.bytes:,}",
        f"small from {urls[2]}",
        "small: 50 training and 10 test images",
    ]
    assert len(dataset.load(clone.path / "data/train.npz")) == 50
