"""docs/using-a-trained-net.md, as one would type it, with an untrained net."""

import ast
import re

import numpy as np
import yaml
from clone import IDENTITY, REPOSITORY, Clone
from untrained import DESCRIPTION, write_checkpoint

from foundation import yaml12
from images import dataset

PAGE = (REPOSITORY / "docs/using-a-trained-net.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    \$ (.+)$", PAGE, re.MULTILINE)
PYTHON = re.search(r"^    import sys\n(    .+\n)+", PAGE, re.MULTILINE)[0].replace("\n    ", "\n").strip()


def test_a_checkpoint_goes_from_a_clone_to_another_folder_and_says_what_a_picture_shows(tmp_path):
    clone = Clone(tmp_path / "clone")
    artifacts = {"artifacts": yaml12.read(clone.path / "dvc.yaml")["artifacts"]}
    (clone.path / "dvc.yaml").write_text(yaml.dump(artifacts))  # the checkpoint is made here, and not by a stage
    write_checkpoint(clone.path / "models/net1/0.pt")
    images = np.random.default_rng(0).integers(0, 256, (3001, 32, 32, 3), dtype=np.uint8)
    labels = np.zeros(len(images), dtype=np.uint8)
    split = dataset.Split(images, labels, DESCRIPTION.class_names, DESCRIPTION.dataset)
    dataset.save(clone.path / "data/test.npz", split)
    clone.run("dvc add -q models/net1/0.pt")
    clone.commit()

    unregistered = clone.run("dvc artifacts get . net1 --out none.pt", check=False)
    assert "Unable to find artifact 'net1'" in unregistered.stderr
    assert "Unable to find artifact 'net1'" in PAGE
    (tmp_path / "example.py").write_text(PYTHON)
    script = "\n".join(["set -e", *COMMANDS, "python ../example.py"])
    result = clone.run(script, **IDENTITY)

    *_, from_python = result.stdout.splitlines()
    likeliest = list(ast.literal_eval(from_python).items())[:3]
    said = "cat.png: " + ", ".join(f"{name} {100 * p:.1f} %" for name, p in likeliest)
    assert result.stdout.splitlines()[:3] == [said, said, "ended with 1"]
    assert "error: README.md is no picture, or is damaged\n" in result.stderr
    for line in re.findall(r"^    ((?:Created|Downloaded) .+)$", PAGE, re.MULTILINE):
        assert f"{line}\n" in result.stdout
    for name in ("net1.pt", "another.pt"):
        assert (tmp_path / "elsewhere" / name).read_bytes() == (clone.path / "models/net1/0.pt").read_bytes()
