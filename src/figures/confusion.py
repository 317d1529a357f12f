"""Confusion matrices as heat maps."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from comparison.runs import Runs
from figures.style import SMALL, WIDTH, short

MOST_NUMBERED = 20  # classes; the numbers of more would be too small to read
# The limits are the same in every figure, so that figures can be compared.
ERRORS: dict[str, Any] = {"cmap": "Blues", "vmin": 0, "vmax": 20}  # %
RIGHT: dict[str, Any] = {"cmap": "Greys", "vmin": 0, "vmax": 400}  # %; pale, because the errors are to be seen


def confusion_figure(runs: Runs) -> Figure:
    """Each net's matrix by one recipe, over all seeds, in % of the true class."""
    columns = min(2, len(runs.nets))
    rows = -(-len(runs.nets) // columns)
    side = (WIDTH - 0.6) / columns - 0.05  # inches
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, rows * (side + 0.35) + 1.5), squeeze=False)
    for axes, net in zip(grid.flat, runs.nets, strict=False):
        counts = runs.confusion(net)
        draw(axes, 100 * counts.div(counts.sum(axis=1).clip(lower=1), axis=0), side)
        axes.set_title(short(net, 16))
    for axes in grid.flat[len(runs.nets) :]:
        axes.set_axis_off()
    bar: dict[str, Any] = {"location": "bottom", "aspect": 30, "extend": "max", "shrink": 0.7}
    figure.colorbar(grid[0, 0].collections[0], ax=list(grid[-1]), label="errors (% of the true class)", **bar)
    figure.suptitle(f"Confusion by {short(runs.recipe_name, 24)}")
    return figure


def draw(axes: Axes, shares: pd.DataFrame, side: float) -> None:
    """`shares` in a square of `side` inches: errors shaded by their share; right answers, on the diagonal, grey."""
    names = [short(str(name), 14) for name in shares.columns]
    cell = 72 * side / len(names)  # points; a letter is about 0.6 of its own size wide
    diagonal = np.eye(len(names), dtype=bool)
    numbered = len(names) <= MOST_NUMBERED
    for part, colours in ((shares.mask(diagonal), ERRORS), (shares.where(diagonal), RIGHT)):
        axes.pcolormesh(np.ma.masked_invalid(part), edgecolor="white", linewidth=0.5 if numbered else 0, **colours)
    for (row, column), share in np.ndenumerate(shares):
        if numbered and round(share) > 0:
            colour = "white" if row != column and share > 0.6 * ERRORS["vmax"] else "black"
            centre: dict[str, Any] = {"ha": "center", "va": "center_baseline", "in_layout": False}
            axes.text(column + 0.5, row + 0.5, f"{share:.0f}", color=colour, size=min(8, cell / 2.1), **centre)
    every = math.ceil(1.3 * SMALL / cell)  # only every so many classes has a label, so that labels do not overlap
    places = np.arange(0, len(names), every) + 0.5
    axes.set_xticks(places, names[::every], rotation=90)
    axes.set_yticks(places, names[::every])
    axes.tick_params(length=0, labelsize=SMALL)
    axes.set(aspect="equal", xlabel="predicted class", ylabel="true class", ylim=(len(names), 0))
    axes.label_outer()
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
