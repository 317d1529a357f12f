"""How sure the nets are, and how often they are right."""

from matplotlib.figure import Figure

from comparison.runs import Runs, first
from comparison.tables import Tables
from figures.style import legend, panels, style

FEWEST = 10  # images in a bin that is drawn: the accuracy of fewer says little


def calibration_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """The reliability curve of each net: the accuracy of its answers of about the same confidence."""
    nets = first(grid).nets
    figure, plots = panels(list(grid), 2.4 if len(grid) == 2 else 3.6)
    for axes, (_, table) in zip(plots, tables.calibration.groupby("recipe", sort=False), strict=True):
        axes.plot([0, 100], [0, 100], color="#888888", linewidth=1)
        for i, net in enumerate(nets):
            bins = table[(table["net"] == net) & (table["images"] >= FEWEST)]
            axes.plot(bins["confidence"], bins["accuracy"], markersize=4, linewidth=1.2, **style(i))
        axes.set(xlabel="confidence (%)", ylabel="accuracy (%)", xlim=(-3, 103), ylim=(-3, 103), aspect="equal")
        axes.set(xticks=range(0, 101, 25), yticks=range(0, 101, 25))
        axes.label_outer()
    figure.suptitle("Confidence and accuracy")
    legend(figure, nets, with_line=True)
    return figure
