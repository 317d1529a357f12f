"""Accuracy per class."""

import numpy as np
from matplotlib.figure import Figure

from comparison.runs import Runs
from comparison.tables import Tables
from figures.style import STUDY, errors, keys, legend, mark, panels, short, study_key


def per_class_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each class, the most difficult at the top, with each net's accuracy, its interval and the study's."""
    classes, nets = tables.classes, list(tables.nets["net"].unique())
    names = classes.groupby("class", sort=False)["accuracy"].mean().sort_values(kind="stable").index
    rows = np.arange(len(names))
    least = max(0, int(np.nanmin(classes[["low", "accuracy", "study"]].astype(float)) // 20) * 20)
    figure, plots = panels(list(grid), len(names) * (0.16 + 0.1 * len(nets)))
    for axes, recipe in zip(plots, grid, strict=True):
        for i, net in enumerate(nets):
            table = classes[(classes["recipe"] == recipe) & (classes["net"] == net)].set_index("class").loc[names]
            lanes = rows + 0.38 * (2 * (i + 0.5) / len(nets) - 1)
            axes.errorbar(table["accuracy"], lanes, xerr=errors(table), elinewidth=1, markersize=4, **mark(i))
            axes.plot(table["study"].astype(float), lanes, **STUDY | {"markersize": 7, "color": mark(i)["color"]})
        for row in rows[::2]:
            axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)
        axes.set(
            xlabel="accuracy (%)", xlim=(least - 3, 103), xticks=range(least, 101, 20), ylim=(len(names) - 0.5, -0.5)
        )
        axes.set_yticks(rows, [short(str(name), 16) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.label_outer()
    figure.suptitle(f"{next(iter(grid.values())).dataset.evaluated_on.capitalize()} accuracy per class")
    legend(figure, [*keys(nets), *([study_key()] if classes["study"].notna().any() else [])])
    return figure
