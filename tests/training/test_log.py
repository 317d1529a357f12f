import pytest

from training.log import LogRow, last_epoch, loss_curve

ROWS = [
    LogRow(step=2, epoch=1, loss=2.0, accuracy=10.0, images=8),
    LogRow(step=4, epoch=2, loss=1.5, accuracy=20.0, images=8),
    LogRow(step=5, epoch=2, loss=1.0, accuracy=50.0, images=4),
]


def test_the_loss_curve_has_a_row_for_each_log_row():
    curve = loss_curve(ROWS)
    assert list(curve.columns) == ["step", "epoch", "loss", "accuracy"]
    assert curve["loss"].tolist() == [2.0, 1.5, 1.0]


def test_the_last_epoch_weighs_rows_by_their_images():
    last = last_epoch(ROWS)
    assert (last.loss, last.accuracy) == (pytest.approx(4 / 3), pytest.approx(30.0))
    assert (last.step, last.epoch, last.images) == (5, 2, 12)
