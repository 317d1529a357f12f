"""The stage as a command, and what is refused before anything is written; the formats have tests in sources/."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from official_archive import files, make_archive, source_of

import fetch
from foundation.errors import UserError
from images import dataset

NAMES = ["ant", "bee"]
IMAGES = np.zeros((3, 32, 32, 3), dtype=np.uint8)


def test_images_of_every_class_are_accepted():
    fetch.check_split("test", IMAGES, np.array([0, 1, 1], dtype=np.uint8), NAMES)


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (IMAGES[:, :31], [0, 1, 1], r"expected \(3, 32, 32, 3\) uint8, found \(3, 31, 32, 3\) uint8"),
        (IMAGES.astype(np.float32), [0, 1, 1], r"found \(3, 32, 32, 3\) float32"),
        (IMAGES[:2], [0, 1, 1], r"found \(2, 32, 32, 3\) uint8"),
        (IMAGES, [0, 0, 0], r"expected some of each of \['ant', 'bee'\] and no others, found counts \[3, 0\]"),
        (IMAGES, [0, 1, 2], r"found counts \[1, 1, 1\]"),
        (IMAGES[:0], [], r"found counts \[0, 0\]"),
    ],
)
def test_wrong_shapes_and_missing_classes_are_refused(images, labels, says):
    with pytest.raises(UserError, match=says):
        fetch.check_split("test", images, np.array(labels, dtype=np.uint8), NAMES)


def test_a_refused_source_leaves_nothing_behind(clone):
    clone.set_params({"data.source": "digits", "data.sources.digits.sha256": "0" * 64})
    result = clone.run("python src/fetch.py", check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: scikit-learn's digits are not the pinned ones: expected sha256 0000")
    assert clone.run("git status --porcelain --ignored").stdout == " M params.yaml\n"


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
