"""What the stage reads, and what its tables and messages say; that it trains well is seen in test_pipeline.py."""

import json

import pytest
import torch
from clone import REPOSITORY

import train
from foundation.errors import UserError
from params import load_params
from training.loop import LogRow

ROWS = [
    LogRow(step=2, epoch=1, loss=2.0, accuracy=10.0, images=8),
    LogRow(step=4, epoch=2, loss=1.5, accuracy=20.0, images=8),
    LogRow(step=5, epoch=2, loss=1.0, accuracy=50.0, images=4),
]


def test_the_loss_curve_has_a_row_for_each_log_row():
    curve = train.loss_curve(ROWS)
    assert list(curve.columns) == ["step", "epoch", "loss", "accuracy"]
    assert curve["loss"].tolist() == [2.0, 1.5, 1.0]


def test_the_last_epoch_weighs_rows_by_their_images():
    assert train.last_epoch(ROWS) == {"loss": 1.333333, "accuracy": 30.0, "steps": 5}


def test_timing_says_what_depends_on_the_machine():
    timing = train.timing(seconds=2.0, steps=100, device=torch.device("cpu"))
    assert timing["steps_per_second"] == 50.0
    assert timing["device"] == "cpu"
    assert timing["peak_memory_mb"] > 50


def test_a_net_that_is_not_in_the_parameters(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr("sys.argv", ["train.py", "net9"])
    with pytest.raises(UserError) as error:
        train.main()
    assert str(error.value) == f"params.yaml has no net net9; it has {', '.join(load_params().nets)}"


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
    outputs = [unchanged.path / name for name in ("models/net1.pt", "metrics/train/net1.json", "plots/loss/net1.csv")]
    with_them = [path.read_bytes() for path in outputs]
    for path in [test_images, *outputs]:
        path.unlink()  # it may be a link into DVC's cache
    test_images.write_text("no images")
    (tmp_path / "watched.py").write_text(WATCHED)
    result = unchanged.run(f"python {tmp_path}/watched.py net1")
    assert [path.read_bytes() for path in outputs] == with_them
    opened = {(unchanged.path / path).resolve() for path in json.loads(result.stdout.splitlines()[-1])}
    data = {path for path in opened if (unchanged.path / "data").resolve() in path.parents}
    assert data == {(unchanged.path / "data/train.npz").resolve()}
