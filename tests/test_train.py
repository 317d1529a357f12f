"""What the stage reads and says. That it trains well: training/; through DVC: test_pipeline.py."""

import json
import shutil
from pathlib import Path

import pytest
from clone import REPOSITORY
from untrained import split_of

import dataset
import train
from model.device import has_bfloat16, select_device
from run import Run

# The stage as it is; it prints which files it has opened.
WATCHED = """
import json, sys
sys.path[0] = "src"
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import train
train.main()
print(json.dumps(opened))
"""


def test_training_cannot_see_the_images_that_are_evaluated_on(unchanged, tmp_path):
    """Of all the data it opens the training images alone, and gives the same bytes without the others."""
    data, run = (unchanged.path / "data").resolve(), Run("mine", "test", 0)
    outputs = [unchanged.path / run.file(folder) for folder in ("models", "metrics/train", "plots/loss")]
    before = [path.read_bytes() for path in outputs]
    for path in [data / "validation.npz", *outputs]:
        path.unlink()
    (data / "validation.npz").write_text("no images")
    (tmp_path / "watched.py").write_text(WATCHED)
    result = unchanged.run(f"python {tmp_path}/watched.py {run.net} {run.recipe} {run.seed}")
    assert [path.read_bytes() for path in outputs] == before
    opened = {(unchanged.path / path).resolve() for path in json.loads(result.stdout.splitlines()[-1])}
    assert {path for path in opened if data in path.parents} == {data / "train.npz"}


def test_bfloat16_where_the_recipe_allows_it_and_the_device_has_it(rebuilt):
    """The record says what was computed in, so that results which differ by it can be told apart."""
    in_float32, allowed = (
        json.loads(rebuilt.read(Run("net1", recipe, 0).file("metrics/train")))["device"] for recipe in ("test", "other")
    )
    assert "bfloat16" not in in_float32
    assert allowed == in_float32 + (", bfloat16" if has_bfloat16(select_device()) else "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [("net9 reference 0", "src/nets/net9.py"), ("../net1 reference 0", "net1.py"), ("net1 slow 0", "slow")],
    ids=["no such net", "no name of a net", "no such recipe"],
)
def test_what_is_not_there_is_one_line(tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(REPOSITORY / name, name)
    dataset.save("data/train.npz", split_of(8))
    monkeypatch.setattr("sys.argv", ["train.py", *arguments.split()])
    with pytest.raises(SystemExit, match=rf"^error: [^\n]*{says}[^\n]*$"):
        train.main()
    assert not Path("models").exists()
