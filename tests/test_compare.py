"""The stage on runs made up here, with every warning an error."""

import json
import sys
from pathlib import Path

import made_up
import pandas as pd
import pytest
import yaml
from PIL import Image

import compare

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def small(tmp_path, monkeypatch) -> Path:
    """A folder with the results of two nets by two recipes from two seeds, as they are before `compare`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["compare.py"])
    made_up.write(made_up.grid(nets={"net1": (60, 2), "net2": (70, 2)}, images=40, seeds=2), tmp_path)
    return tmp_path


def written() -> dict[Path, bytes]:
    """What lies where dvc.yaml says that `compare` writes."""
    outputs = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]["compare"]["outs"]
    paths = [Path(path) for output in outputs for path in output]
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return {file: file.read_bytes() for file in files}


def test_what_dvc_yaml_declares_is_written_and_the_same_each_time(small, capsys):
    compare.main()
    assert str(small / "plots/report.html") in capsys.readouterr().out
    first = written()
    assert len(set(first.values()) - {b""}) == len(first)  # no figure twice
    overall = pd.read_csv("metrics/overall.csv")
    assert overall["recipe"].tolist() == ["reference", "reference", "modern", "modern"]
    assert overall["net"].tolist() == ["net1", "net2", "net1", "net2"]
    assert list(json.loads(Path("metrics/claims.json").read_text())) == ["reference", "modern"]
    confusion = pd.read_csv("plots/confusion.csv")
    assert list(confusion["title"].unique()[:2]) == ["net1 by reference", "net2 by reference"]
    assert confusion["images"].sum() == 2 * 2 * 2 * 40
    assert list(pd.read_csv("plots/curves.csv")) == ["recipe", "net", "seed", "step", "epoch", "loss"]
    for picture in Path("plots/figures").glob("*.png"):
        with Image.open(picture) as image:
            made = image.info["Description"]
        assert all(words in made for words in ("cifar10", "40 test images", "Seeds: 0 and 1", "modern", "PyTorch 2.0"))
    compare.main()
    assert written() == first


def test_what_changes_meanwhile_is_not_compared(small, monkeypatch):
    make_tables = compare.make_tables

    def meanwhile(*arguments):
        Path("plots/loss/net1/modern/0.csv").write_text("step\n")
        return make_tables(*arguments)

    monkeypatch.setattr(compare, "make_tables", meanwhile)
    with pytest.raises(SystemExit, match=r"^error: plots/loss/net1/modern/0.csv changed"):
        compare.main()
    assert not Path("metrics/overall.csv").exists()
