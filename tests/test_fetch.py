"""The stage as a command, and what is refused before anything is written; the formats have tests in sources/."""

import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from clone import REPOSITORY
from official_archive import files, make_archive, source_of

import fetch
from foundation import lock
from foundation.errors import UserError
from images import dataset

DESCRIBED = dataset.Dataset(source="insects", content="sha256:0", lossless=True, train_images=3, test_images=3)


def split(labels: list[int]) -> dataset.Split:
    images = np.zeros((len(labels), 32, 32, 3), dtype=np.uint8)
    return dataset.Split(images, np.array(labels, dtype=np.uint8), ["ant", "bee"], DESCRIBED)


def test_images_of_every_class_are_accepted():
    fetch.check_classes("test", split([0, 1, 1]))


def test_a_class_without_images_is_refused():
    says = r"test images: expected some of each of \['ant', 'bee'\], found counts \[3, 0\]"
    with pytest.raises(UserError, match=says):
        fetch.check_classes("test", split([0, 0, 0]))


def test_a_second_fetch_beside_the_first_is_refused(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with (
        lock.held(fetch.LOCK, "fetching images"),
        pytest.raises(UserError, match=rf"process {os.getpid()} is already fetching images in this folder"),
    ):
        fetch.main()
    assert not (tmp_path / "data").exists()


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
