"""The log of a training run: its loss curve, and how it ended."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class LogRow:
    """Mean loss and accuracy (%) over the training images since the last row."""

    step: int
    epoch: int
    loss: float
    accuracy: float
    images: int


def mean_row(rows: list[LogRow]) -> LogRow:
    """`rows` as one, each weighted by its images."""
    images = sum(row.images for row in rows)
    loss = sum(row.loss * row.images for row in rows) / images
    accuracy = sum(row.accuracy * row.images for row in rows) / images
    return LogRow(rows[-1].step, rows[-1].epoch, loss, accuracy, images)


def last_epoch(rows: list[LogRow]) -> LogRow:
    """The rows of the last epoch as one."""
    return mean_row([row for row in rows if row.epoch == rows[-1].epoch])


def loss_curve(rows: list[LogRow]) -> pd.DataFrame:
    """step, epoch, loss and accuracy (%) of each row."""
    return pd.DataFrame(rows, columns=["step", "epoch", "loss", "accuracy"]).round({"loss": 6, "accuracy": 4})
