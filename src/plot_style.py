"""How the figures look: one size of type, colours that survive grey printing, the same bytes every time."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from atomic import replacing

DPI = 150
# Okabe and Ito's colours, safe for colour-blind readers (https://jfly.uni-koeln.de/color/), from dark to light, each
# with a line style and a marker of its own, so that a grey print tells the nets apart too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00"]
LINES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 3))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]

plt.rcParams.update(
    {
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "figure.constrained_layout.use": True,
    }
)


def style(position: int) -> dict:
    """Colour, line style and marker of the net at `position` in params.yaml."""
    i = position % len(COLOURS)
    return {"color": COLOURS[i], "linestyle": LINES[i], "marker": MARKERS[i]}


def save(figure: Figure, path: str | Path) -> None:
    """Write `figure` as PNG and close it."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=DPI)
    plt.close(figure)
