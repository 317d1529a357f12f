"""What the stage reads and says; that it trains well is seen through DVC in test_pipeline.py."""

import json
import re

import pytest
from clone import REPOSITORY

import train
from foundation.errors import UserError
from model.device import has_bfloat16, select_device
from params import load_params
from results.run import Run


def test_a_net_that_is_not_in_the_parameters(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr("sys.argv", ["train.py", "net9-0"])
    with pytest.raises(UserError) as error:
        train.main()
    assert str(error.value) == f"params.yaml has no net net9; it has {', '.join(load_params().nets)}"


@pytest.mark.parametrize("name", ["net1", "net1-", "-0", "0", "train@net1", "net1-x", "net1-٣", "net1--1-"])
def test_a_name_without_net_or_seed(name, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", "--", name])
    with pytest.raises(UserError, match=rf"^{re.escape(name)}: expected NET-SEED, for example net1-0$"):
        train.main()


def test_a_name_with_hyphens_ends_in_the_seed():
    assert Run.named("train@net1-wide-12") == Run("net1-wide", 12)


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


def test_training_cannot_see_the_test_images(unchanged, tmp_path):
    """The same bytes with something else in their place, and of all the data it opens the training images alone."""
    test_images = unchanged.path / "data/test.npz"
    run = Run("net1", 0)
    outputs = [unchanged.path / run.file(folder) for folder in ("models", "metrics/train", "plots/loss")]
    with_them = [path.read_bytes() for path in outputs]
    for path in [test_images, *outputs]:
        path.unlink()  # it may be a link into DVC's cache
    test_images.write_text("no images")
    (tmp_path / "watched.py").write_text(WATCHED)
    result = unchanged.run(f"python {tmp_path}/watched.py net1-0")
    assert [path.read_bytes() for path in outputs] == with_them
    opened = {(unchanged.path / path).resolve() for path in json.loads(result.stdout.splitlines()[-1])}
    data = {path for path in opened if (unchanged.path / "data").resolve() in path.parents}
    assert data == {(unchanged.path / "data/train.npz").resolve()}


def test_bfloat16_where_the_recipe_allows_it_and_the_device_has_it(unchanged):
    """What was computed in is noted with the result, so that figures that differ by it can be told apart."""
    before, weights = (unchanged.path / name for name in ("metrics/train/net2/0.json", "models/net2/0.pt"))
    in_float32, float32_weights = json.loads(before.read_text()), weights.read_bytes()
    unchanged.set_params({"recipes.test.allow_bfloat16": True})
    unchanged.run("python src/train.py net2-0")
    figures, was_used = json.loads(before.read_text()), has_bfloat16(select_device())
    assert figures["device"] == in_float32["device"] + (", bfloat16" if was_used else "")
    assert (figures["loss"] != in_float32["loss"]) == was_used
    assert weights.read_bytes() != float32_weights  # the recipe is in the checkpoint
