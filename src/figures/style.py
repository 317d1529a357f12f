"""How the figures look: readable on a phone, in print and in grey; the same bytes every time."""

import io
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

WIDTH = 5  # inches; a phone shows them as 360 pixels, and type of 10 points as 10 pixels
SMALL = 8.5  # points
# Okabe and Ito's colours, safe for colour-blind readers (https://jfly.uni-koeln.de/color/), each with a line style and
# a marker, so that a grey print tells the nets apart too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LINES = ["-", "--", "-.", ":"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
STUDY: dict[str, Any] = dict(marker="d", color="#444444", markerfacecolor="none", markersize=9, linestyle="", zorder=3)

matplotlib.rcdefaults()  # whatever the user's own matplotlibrc says
# The DPI are set here, so that what is measured before saving is what is saved.
settings = {"figure.constrained_layout.use": True, "figure.dpi": 200, "figure.titlesize": 11, "grid.color": "#dddddd"}
sns.set_theme("paper", "whitegrid", font="DejaVu Sans", rc=settings)


def line_style(position: int) -> dict[str, Any]:
    """Colour, line style and marker of the net or recipe at `position`; they repeat together after 56."""
    lists = {"color": COLOURS, "linestyle": LINES, "marker": MARKERS}
    return {key: values[position % len(values)] for key, values in lists.items()}


def mark(position: int) -> dict[str, Any]:
    """As `line_style`, without the line."""
    return line_style(position) | {"linestyle": ""}


def panels(recipes: list[str], height: float, side_by_side: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure with a plot of `height` inches for each recipe, which is named above it where there are several."""
    shape = (1, 2) if side_by_side and len(recipes) == 2 else (len(recipes), 1)
    figure, grid = plt.subplots(*shape, figsize=(WIDTH, 0.8 + shape[0] * height), squeeze=False, sharey=True)
    for axes, recipe in zip(grid.flat, recipes, strict=True):
        if len(recipes) > 1:
            axes.set_title(short(recipe, 16))
    return figure, list(grid.flat)


def label_rows(axes: Axes, names: list[str]) -> None:
    """A row for each name, from the top, every other one on grey."""
    axes.set_yticks(range(len(names)), [short(name, 16) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row in range(0, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)


def legend(figure: Figure, names: list[str], study: pd.Series | None = None, with_line: bool = False) -> None:
    """The nets or recipes `names`, and the study if it has a figure; below the plots, by which the figure grows."""
    of_each = line_style if with_line else mark
    handles = [Line2D([], [], label=short(name, 20), markersize=5, **of_each(i)) for i, name in enumerate(names)]
    if study is not None and study.notna().any():
        handles.append(Line2D([], [], label="the study", **STUDY))
    figure.set_figheight(figure.get_figheight() + 0.22 * -(-len(handles) // 2))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)


def error_bars(table: pd.DataFrame) -> np.ndarray:
    """(2, N): how far the intervals extend below and above `accuracy`; NaN where there is none."""
    return np.stack([table["accuracy"] - table["low"], table["high"] - table["accuracy"]]).clip(min=0)


def short(name: str, limit: int) -> str:
    """`name` in at most `limit` characters, its middle left out: variants often differ at the end."""
    return name if len(name) <= limit else f"{name[: limit // 2]}…{name[len(name) - (limit - 1) // 2 :]}"


def png(figure: Figure, description: str = "") -> bytes:
    """`figure` as a PNG file, in whose metadata is what made it; closes it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None, "Description": description})
    plt.close(figure)
    return file.getvalue()
