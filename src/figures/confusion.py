"""Confusion matrices as heat maps."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from figures import style

TYPE = 8  # points
MOST_COUNTED = 20  # classes; the counts of more would be too small to read


def confusion_figure(matrices: dict[str, pd.DataFrame], title: str) -> Figure:
    """The matrix of each net: counts in the cells, shaded by their share of the true class, 0 to 100 % for all.

    matrices: for each net the counts, true classes down, predicted across.
    """
    columns = min(2, len(matrices))
    rows = -(-len(matrices) // columns)
    side = 5.4 if columns == 1 else 3.7  # inches
    figure, grid = plt.subplots(
        rows, columns, figsize=(columns * (side + 0.9) + 0.6, rows * (side + 0.9) + 0.6), squeeze=False
    )
    used = list(grid.flat[: len(matrices)])
    for axes in grid.flat[len(matrices) :]:
        axes.remove()
    for axes, (net, matrix) in zip(used, matrices.items(), strict=True):
        mesh = draw_matrix(axes, matrix, side)
        if columns > 1:
            axes.set_title(style.short(net))
    figure.colorbar(mesh, ax=used, label="share of the true class (%)", aspect=40, shrink=min(1, 2 / rows))
    figure.suptitle(title)
    return figure


def draw_matrix(axes: Axes, matrix: pd.DataFrame, side: float) -> QuadMesh:
    """Draw `matrix` on `axes`, a square of `side` inches; the mesh is for a colour bar."""
    share = 100 * matrix.div(matrix.sum(axis=1).clip(lower=1), axis=0)
    names = [style.short(name, 16) for name in matrix.columns]
    cell = 72 * side / len(names)  # points; a letter is about 0.6 of its size wide
    digits = len(str(matrix.to_numpy().max()))
    counted = len(names) <= MOST_COUNTED
    sns.heatmap(
        share.set_axis(names, axis=0).set_axis(names, axis=1),
        annot=matrix if counted else None,
        annot_kws={"size": min(TYPE, cell / digits / 0.7)},
        fmt="d",
        vmin=0,
        vmax=100,
        cmap="Blues",
        square=True,
        linewidths=0.5 if counted else 0,
        cbar=False,
        ax=axes,
    )
    horizontal = max(map(len, names)) * 0.6 * TYPE < cell
    axes.tick_params(length=0, labelsize=TYPE)
    axes.tick_params(axis="x", rotation=0 if horizontal else 90)
    axes.tick_params(axis="y", rotation=0)
    axes.set(xlabel="predicted class", ylabel="true class")
    return axes.collections[0]
