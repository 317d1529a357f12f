"""Training loss."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from comparison.runs import Runs, first
from comparison.tables import Tables
from figures.style import legend, mark, panels, style


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
