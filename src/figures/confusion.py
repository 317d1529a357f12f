"""Confusion matrices as heat maps."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.frame import title, write_note
from figures.style import WIDTH, short
from results.evaluated import Conditions

TYPE = 8  # points
MOST_NUMBERED = 20  # classes; the numbers of more would be too small to read
# The limits are the same in every figure, so that figures can be compared.
ERRORS = {"cmap": "Blues", "vmin": 0, "vmax": 20}  # %
RIGHT = {"cmap": "Greys", "vmin": 0, "vmax": 400}  # %; pale, because the errors are to be seen
DIFFERENCES = {"cmap": "PuOr_r", "vmin": -20, "vmax": 20}  # points


def confusion_figure(matrices: dict[str, pd.DataFrame], conditions: Conditions) -> Figure:
    """Each net's matrix in % of the true class; a field that is left shows how the last two nets differ.

    matrices: for each net the counts over all seeds, true classes down, predicted across.
    """
    shares = {net: 100 * matrix.div(matrix.sum(axis=1).clip(lower=1), axis=0) for net, matrix in matrices.items()}
    columns = min(2, len(shares))
    rows = -(-len(shares) // columns)
    side = (WIDTH - 0.6) / columns - 0.05  # inches
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, rows * (side + 0.4) + 2), squeeze=False)
    for axes, (net, share) in zip(grid.flat, shares.items(), strict=False):
        draw_shares(axes, share, side)
        if len(shares) > 1:
            axes.set_title(short(net))
    bar = {"location": "bottom", "aspect": 30}
    figure.get_layout_engine().set(h_pad=0.08)  # titles stand clear of what is above them
    errors = {"mappable": grid.flat[0].collections[0], "label": "errors (% of the true class)", "extend": "max"}
    if len(shares) == grid.size:
        figure.colorbar(ax=list(grid[-1]), shrink=0.9 / columns, **errors, **bar)
    else:
        first, second = list(shares)[-2:]
        last = grid.flat[-1]
        draw_cells(last, shares[second] - shares[first], side, "+.0f", DIFFERENCES)
        last.set_title(f"{short(second, 12)} − {short(first, 12)}")
        figure.colorbar(ax=grid[-1, 0], **errors, **bar)
        figure.colorbar(last.collections[0], ax=last, label="difference (points)", extend="both", **bar)
    for axes in grid.flat:
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.label_outer()
    figure.suptitle(title("Confusion matrices" if len(matrices) > 1 else "Confusion matrix", matrices, conditions))
    write_note(figure, note(len(conditions.class_names)))
    return figure


def note(classes: int) -> str:
    numbers = "; what rounds to 0 is left out" if classes <= MOST_NUMBERED else ""
    return f"Shares of the true class in %, over all seeds; on the diagonal, grey: the right answers{numbers}."


def draw_shares(axes: Axes, share: pd.DataFrame, side: float) -> None:
    """Errors shaded by their share; the right answers, on the diagonal, grey."""
    diagonal = np.eye(len(share), dtype=bool)
    draw_cells(axes, share.mask(diagonal), side, ".0f", ERRORS)
    draw_cells(axes, share.where(diagonal), side, ".0f", RIGHT)


def draw_cells(axes: Axes, cells: pd.DataFrame, side: float, form: str, colours: dict) -> None:
    """Draw `cells`, NaN where none is drawn, with their numbers on `axes`, a square of `side` inches."""
    names = [short(name, 16) for name in cells.columns]
    size = 72 * side / len(names)  # of a cell, in points; a letter is about 0.6 of its own size wide
    numbered = len(names) <= MOST_NUMBERED
    mesh = axes.pcolormesh(np.ma.masked_invalid(cells), edgecolor="white", linewidth=0.5 if numbered else 0, **colours)
    for (row, column), number in np.ndenumerate(cells):
        if numbered and (text := written(number, form)):
            is_dark = np.dot(mesh.to_rgba(number)[:3], (0.21, 0.72, 0.07)) < 0.45
            look = {"color": "white" if is_dark else "black", "size": min(TYPE, size / 3 / 0.7)}
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center_baseline", in_layout=False, **look)
    every = math.ceil(1.3 * TYPE / size)  # of so many classes one is named, so that names do not overlap
    horizontal = max(map(len, names)) * 0.6 * TYPE < size
    axes.set_xticks(np.arange(0, len(names), every) + 0.5, names[::every], rotation=0 if horizontal else 90)
    axes.set_yticks(np.arange(0, len(names), every) + 0.5, names[::every])
    axes.tick_params(length=0, labelsize=TYPE)
    axes.set(aspect="equal", ylim=(len(names), 0))  # the first class at the top
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def written(number: float, form: str) -> str:
    """`number`, or nothing where it is NaN or rounds to 0."""
    text = format(number, form)
    return text.replace("-", "−") if text != "nan" and float(text) else ""
