"""Images that no run gets right."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from comparison.runs import Runs
from figures.style import SMALL, WIDTH, short

COLUMNS, ROWS = 4, 4  # of images


def wrong_everywhere(grid: dict[str, Runs]) -> np.ndarray:
    """The indices of the images that every run of every net by every recipe gets wrong."""
    right = [runs.right(net).any(axis=0) for runs in grid.values() for net in runs.nets]
    return np.flatnonzero(~np.any(right, axis=0))


def wrong_by_all_figure(grid: dict[str, Runs], images: np.ndarray) -> Figure:
    """Some of these images with their true class and the answer that the runs give most often.

    images: all that were evaluated, (N, 32, 32, 3) uint8.
    """
    wrong, one = wrong_everywhere(grid), next(iter(grid.values()))
    # Evenly spread, because the images may be ordered by class.
    shown = wrong[np.linspace(0, len(wrong) - 1, min(len(wrong), COLUMNS * ROWS)).round().astype(int)]
    rows = max(1, -(-len(shown) // COLUMNS))
    figure, plots = plt.subplots(rows, COLUMNS, figsize=(WIDTH, 0.5 + 1.6 * rows), squeeze=False)
    for axes in plots.flat:
        axes.set_axis_off()
    for axes, i in zip(plots.flat, shown, strict=False):
        answers = np.concatenate([predicted[:, i] for runs in grid.values() for predicted in runs.predicted.values()])
        answer = np.bincount(answers).argmax()  # the first in label order where two are equally frequent
        axes.imshow(images[i], interpolation="nearest")
        names = f"{short(one.class_names[one.labels[i]], 14)}\n→ {short(one.class_names[answer], 13)}"
        axes.set_title(names, size=SMALL)
    figure.suptitle("Wrong in every run: true class → usual answer")
    return figure
