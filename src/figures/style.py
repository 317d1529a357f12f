"""How the figures look: one size of type, colours that survive grey printing, the same bytes every time."""

import io
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")  # no display is needed
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

WIDTH = 7.5  # inches, with type of 8 to 11 points: readable at the 900 pixels a README has
DPI = 200  # which is 300 dots an inch where a page prints the figure 5 inches wide
# Okabe and Ito's colours, safe for colour-blind readers (https://jfly.uni-koeln.de/color/), from dark to light, each
# with a line style and a marker of its own, so that a grey print tells the nets apart too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00"]
LINES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 3))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
HOLLOW = {"markerfacecolor": "none", "markersize": 8}  # the study's marks: a ring that leaves a mark inside it visible
SMALL = 8  # points

matplotlib.rcdefaults()  # whatever the user's own matplotlibrc says
plt.rcParams.update(
    {
        "font.size": 10,
        "figure.titlesize": 11,
        "axes.titlesize": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "figure.constrained_layout.use": True,
        "figure.dpi": DPI,  # so that what is measured before saving is what is saved
        "text.parse_math": False,  # a `$` in a class's name is a dollar
    }
)


def net_style(position: int) -> dict:
    """Colour, line style and marker of the net at `position` in params.yaml; they repeat together after 64 nets."""
    i, shift = position % len(COLOURS), position // len(COLOURS)
    j = (i + shift) % len(COLOURS)
    return {"color": COLOURS[i], "linestyle": LINES[j], "marker": MARKERS[j]}


def short(name: str, limit: int = 24) -> str:
    """`name` in at most `limit` characters, its middle left out: variants often differ at the end."""
    return name if len(name) <= limit else f"{name[: limit // 2]}…{name[len(name) - (limit - 1) // 2 :]}"


@dataclass(frozen=True)
class Picture:
    """A figure as PNG, and its title in one line."""

    caption: str
    png: bytes


def drawn(figure: Figure) -> Picture:
    """`figure` as a picture; closes it."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    return Picture(figure.get_suptitle().replace("\n", " "), file.getvalue())
