"""Curves: loss while training, and accuracy against confidence."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from comparison.runs import Runs, first
from comparison.tables import Tables
from figures.style import legend, mark, panels, style

FEWEST = 10  # images in a bin that is drawn: the accuracy of fewer says little


def loss_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """Loss against epochs: thin each run, bold their mean. Right of it the loss on the evaluated images."""
    figure, plots = panels(list(grid), 2.5, side_by_side=False)
    for axes, (recipe, runs) in zip(plots, grid.items(), strict=True):
        epochs = runs.recipe.epochs
        losses = tables.nets[tables.nets["recipe"] == recipe].set_index("net")["loss"]
        width = epochs * max(0.08, 0.025 * len(runs.nets))
        columns = np.linspace(epochs, epochs + width, len(runs.nets) + 2)[1:-1]
        for i, (net, curves) in enumerate(runs.curves.items()):
            for curve in curves if len(curves) > 1 else []:
                axes.plot(as_epochs(curve, epochs), curve["loss"], color=style(i)["color"], linewidth=0.6, alpha=0.6)
            mean = pd.concat(curves).groupby("step", as_index=False)["loss"].mean()
            every = max(1, len(mean) // 12)
            axes.plot(as_epochs(mean, epochs), mean["loss"], linewidth=1.6, markersize=4, markevery=every, **style(i))
            axes.plot(columns[i], losses[net], markersize=5, **mark(i))
        axes.axvspan(epochs, epochs + width, color="#eeeeee", zorder=0)
        axes.set(xlim=(0, epochs + width), xlabel="epoch", ylabel="cross-entropy (nats)")
        axes.set_xticks([tick for tick in MaxNLocator(8, integer=True).tick_values(0, epochs) if tick <= epochs])
    plots[0].set_ylim(0, 1.05 * max(axes.dataLim.ymax for axes in plots))
    figure.suptitle(f"Training loss, and {first(grid).dataset.evaluated_on} loss on the right")
    legend(figure, first(grid).nets, with_line=True)
    return figure


def as_epochs(curve: pd.DataFrame, epochs: int) -> pd.Series:
    """The steps as fractions of epochs, so that recipes of other batch sizes can be compared."""
    return curve["step"] * epochs / curve["step"].max()


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
