"""Overall accuracy, and how nets differ in it."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures import style
from figures.frame import is_known, key, legend, reach, study_key, title
from figures.style import HOLLOW, SMALL, WIDTH, short
from results.evaluated import Conditions

MOST_DIFFERENCES = 10  # of more pairs of nets only neighbours are shown
SEED = {"marker": "o", "markersize": 3, "alpha": 0.6}


def accuracy_figure(
    accuracies: dict[str, list[float]], nets: pd.DataFrame, differences: pd.DataFrame, conditions: Conditions
) -> Figure:
    """Each net's accuracy with its interval, and beside them how nets differ.

    accuracies: of each net one a seed (%); nets: one row a net, with columns net, accuracy, low and high (%), and study
    where known; differences: one row a pair, with columns first, second, difference (the second's accuracy less the
    first's), low and high (points).
    """
    on, seeds = conditions.dataset.evaluated_on, len(next(iter(accuracies.values())))
    if len(differences) > MOST_DIFFERENCES:
        differences = between_neighbours(differences, list(nets["net"]))
    panels = 2 if len(differences) else 1
    size = (WIDTH, 1.3 + 0.4 * max(len(nets), len(differences)))
    figure, grid = plt.subplots(1, panels, figsize=size, squeeze=False)
    figure.get_layout_engine().set(w_pad=0.1)
    draw_accuracies(grid[0, 0], accuracies, nets)
    grid[0, 0].set_xlabel(f"{on} accuracy (%), 95 % interval")
    if panels == 2:
        draw_differences(grid[0, 1], differences)
        grid[0, 1].set_xlabel("difference (points), 95 % interval")
    figure.suptitle(title(f"{on.capitalize()} accuracy", nets["net"], conditions, seeds))
    marks = [key("mean"), key("one seed", **SEED)] if seeds > 1 else [key("one seed")]
    marks += [study_key()] if is_known(nets) else []
    legend(figure, marks)
    return figure


def between_neighbours(differences: pd.DataFrame, nets: list[str]) -> pd.DataFrame:
    place = {net: i for i, net in enumerate(nets)}
    return differences[differences["second"].map(place) - differences["first"].map(place) == 1]


def draw_accuracies(axes: Axes, accuracies: dict[str, list[float]], nets: pd.DataFrame) -> None:
    """A row a net: its seeds a little below its mean, and the study's figure around it."""
    ends = reach(nets)
    for i, net in enumerate(nets.itertuples()):
        look = style.net_style(i) | {"linestyle": ""}
        axes.errorbar(net.accuracy, i, xerr=ends[:, [i]], markersize=5, capsize=3, **look)
        own = accuracies[net.net]
        if len(own) > 1:
            axes.plot(own, [i + 0.22] * len(own), **look | SEED)
        if is_known(nets):
            axes.plot(net.study, i, zorder=3, **look | HOLLOW)
    name_rows(axes, [short(net, 16) for net in nets["net"]], [f"{mean:.1f}" for mean in nets["accuracy"]])


def draw_differences(axes: Axes, differences: pd.DataFrame) -> None:
    """A row a pair, with its numbers, because a large difference leaves no room to see small ones."""
    axes.axvline(0, color="black", linewidth=1)
    rows = range(len(differences))
    axes.errorbar(
        differences["difference"],
        rows,
        xerr=reach(differences, "difference"),
        fmt="o",
        color="black",
        markersize=4,
        capsize=3,
    )
    names = [f"{short(pair.second, 10)} − {short(pair.first, 10)}" for pair in differences.itertuples()]
    values = [
        f"{signed(pair.difference)} [{signed(pair.low)}, {signed(pair.high)}]" for pair in differences.itertuples()
    ]
    name_rows(axes, names, values)


def name_rows(axes: Axes, names: list[str], values: list[str]) -> None:
    """Names left of the rows, values right of them; the first row is at the top."""
    axes.set_yticks(range(len(names)), names, size=9)
    for row, value in enumerate(values):
        axes.text(1.02, row, value, size=SMALL, va="center", transform=axes.get_yaxis_transform())
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.1)
    least, most = axes.get_xlim()
    axes.set_xlim(min(least, (least + most) / 2 - 1), max(most, (least + most) / 2 + 1))  # two points at least
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def signed(points: float) -> str:
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")  # no −0.0
