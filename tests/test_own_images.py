"""docs/your-own-images.md, as one would follow it with photographs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from PIL import Image

import dataset

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/your-own-images.md").read_text(encoding="utf-8")
ENTRY = yaml.safe_load(re.search(r"^    \w+:\n      format: image-folders\n(      .+\n)+", PAGE, re.MULTILINE)[0])
RESIZE = re.search(r"^    import sys\n(    .+\n|\n)+", PAGE, re.MULTILINE)[0].replace("\n    ", "\n").strip()


def run(*command: str, images: str = "") -> str:
    environment = os.environ | {"CIFAR10_ARCHIVE": images, "HOME": os.getcwd()}
    result = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300)
    return result.stdout + result.stderr


def test_photographs_become_images_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("src", "dvc.yaml"):
        Path(name).symlink_to(REPOSITORY / name)
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    ((name, entry),) = ENTRY.items()
    params["data"] |= {"source": name, "sources": ENTRY}
    Path("params.yaml").write_text(json.dumps(params))
    cats, ants = entry["class_names"]
    for file, mode, size in (
        (f"train/{cats}/1.jpg", "RGB", (640, 480)),
        (f"train/{ants}/1.png", "RGB", (640, 480)),
        (f"test/{cats}/2.png", "RGB", (640, 480)),
        (f"test/{ants}/a.png", "L", (40, 90)),
    ):
        Path("pictures", file).parent.mkdir(parents=True)
        Image.new(mode, size, 100 if mode == "L" else (200, 0, 0)).save(Path("pictures", file))

    refused = run("src/fetch.py", images="pictures")
    assert refused.count("640×480 RGB") == 3
    assert refused.count("40×90 L") == 1

    assert run("-c", RESIZE) == ""
    entry["sha256"] = re.search(r"found ([0-9a-f]{64})", run("src/fetch.py", images="images"))[1]
    Path("params.yaml").write_text(json.dumps(params))
    run("src/fetch.py", images="~/images")
    assert not Path(".cache/downloads").exists()
    test = dataset.load("data/test.npz")
    assert test.class_names == list(entry["class_names"].values())
    assert {label: tuple(image[0, 0]) for label, image in zip(test.labels, test.images, strict=True)} == {
        0: (200, 0, 0),
        1: (100, 100, 100),
    }
