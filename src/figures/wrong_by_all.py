"""Images that no net gets right."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from figures.frame import title
from figures.style import WIDTH, short
from results.evaluated import Conditions

SHEET_COLUMNS, SHEET_ROWS = 6, 4  # of images


def wrong_by_all_figure(predictions: pd.DataFrame, images: np.ndarray, conditions: Conditions) -> Figure:
    """Images that every net gets wrong, evenly spread over all there are, with what each net takes them for.

    predictions: one row an image, the class names `actual` and those of each net; images: (N, 32, 32, 3) uint8.
    """
    nets = predictions.columns.drop("actual")
    wrong = np.flatnonzero(predictions[nets].ne(predictions["actual"], axis=0).all(axis=1))
    # Not the first ones: the images may be ordered by class.
    shown = wrong[np.linspace(0, len(wrong) - 1, min(len(wrong), SHEET_COLUMNS * SHEET_ROWS)).round().astype(int)]
    rows = -(-len(shown) // SHEET_COLUMNS)
    size = (WIDTH, 1.3 + rows * (1.4 + 0.15 * len(nets)))
    figure, grid = plt.subplots(max(1, rows), SHEET_COLUMNS, figsize=size, squeeze=False)
    width = max(len(short(net, 10)) for net in nets)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, shown, strict=False):
        names = predictions.loc[i]
        axes.imshow(images[i], interpolation="nearest")
        axes.set_title(short(names["actual"], 12), fontsize=9, fontweight="bold")
        lines = "\n".join(f"{short(net, 10):{width}} {short(names[net], 9)}" for net in nets)
        axes.text(0, -0.05, lines, size=7, family="monospace", va="top", transform=axes.transAxes)
    heading = f"{len(wrong):,} of {len(images):,} {conditions.dataset.evaluated_on} images are wrong in every net"
    if len(shown):
        heading += f"; here are {len(shown)}, the true class above, below the predictions"
    figure.suptitle(title(heading, nets, conditions))
    return figure
