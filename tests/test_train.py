"""What the stage's tables and messages say; that it trains well is seen through DVC in test_pipeline.py."""

import torch

import train
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


def test_a_net_that_is_not_in_the_parameters(clone):
    result = clone.run("python src/train.py net9", check=False)
    assert result.returncode == 1
    assert result.stderr == "error: params.yaml has no net net9; it has net1, net2, net3\n"
