"""docs/your-own-images.md, as one would follow it with photographs."""

import re

import pytest
from clone import REPOSITORY, Clone
from pictures import png

from foundation import yaml12
from images import dataset

PAGE = (REPOSITORY / "docs/your-own-images.md").read_text(encoding="utf-8")
RESIZE = re.search(r"^    import sys\n(    .+\n|\n)+", PAGE, re.MULTILINE)[0].replace("\n    ", "\n").strip()
ENTRY = re.search(r"^    own:\n(    .+\n)+", PAGE, re.MULTILINE)[0]


@pytest.fixture
def photographs(clone) -> Clone:
    """A clone with the page's entry in params.yaml, and in `pictures/` photographs of cats and ants."""
    (clone.path / "entry.yaml").write_text(ENTRY)
    clone.set_params({"data.source": "own", "data.sources.own": yaml12.read(clone.path / "entry.yaml")["own"]})
    for name in ("train/folder_of_cats/1.jpg", "train/folder_of_ants/1.png", "test/folder_of_cats/2.png"):
        path = clone.path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(200, size=(640, 480), format="JPEG" if path.suffix == ".jpg" else "PNG"))
    return clone


def test_photographs_become_images_of_ones_own(photographs):
    def fetch(images: str, check: bool = False) -> str:
        result = photographs.run("python src/fetch.py", check=check, CIFAR10_ARCHIVE=images)
        return result.stdout + result.stderr

    wrong = fetch("pictures")
    assert wrong.count("is 640×480 RGB, expected 32×32 RGB") == 3
    assert "test/ holds no image of folder_of_ants" in wrong
    (photographs.path / "pictures/test/folder_of_ants").mkdir()
    (photographs.path / "pictures/test/folder_of_ants/a.png").write_bytes(png(100, size=(40, 90), mode="L"))
    (photographs.path / "resize.py").write_text(RESIZE)
    photographs.run("python resize.py")

    checksum = re.search(r"found ([0-9a-f]{64})$", fetch("images"), re.MULTILINE)[1]
    photographs.set_params({"data.sources.own.sha256": checksum})
    assert fetch("images", check=True) == "own: 2 training and 2 test images\n"
    split = dataset.load(photographs.path / "data/test.npz")
    assert split.class_names == ["cat", "ant"]
    assert [tuple(image[0, 0]) for image in split.images] == [(100, 100, 100), (200, 0, 0)]
