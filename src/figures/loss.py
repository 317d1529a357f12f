"""Training loss against steps."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from figures import style
from figures.frame import legend, title
from figures.style import SMALL, WIDTH, short
from results.evaluated import Conditions

MOST_EPOCHS = 10  # that are marked: of more, every second, third, …


def loss_figure(
    curves: dict[str, list[pd.DataFrame]], losses: dict[str, list[float]], conditions: Conditions
) -> Figure:
    """Training loss against steps, a thin line a seed and their mean, and at the end the loss on the evaluated images.

    curves: for each net and seed its log, with columns step, epoch and loss; losses: cross-entropy, one a seed.
    """
    recipe, seeds = conditions.recipe, len(next(iter(curves.values())))
    figure, axes = plt.subplots(figsize=(WIDTH, 4.5))
    lines = []
    for i, (net, own) in enumerate(curves.items()):
        look = style.net_style(i)
        mean = pd.concat(own).groupby("step", as_index=False)["loss"].mean()
        if seeds > 1:
            for curve in own:
                axes.plot("step", "loss", data=curve, color=look["color"], linewidth=0.6, alpha=0.6)
        every = max(1, len(mean) // 15)
        lines += axes.plot(
            "step", "loss", data=mean, label=short(net), linewidth=1.8, markersize=4, markevery=every, **look
        )
    one = next(iter(curves.values()))[0]
    mark_epochs(axes, one.groupby("epoch")["step"].max())
    show_evaluated(axes, losses, one["step"].max(), conditions.dataset.evaluated_on)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(visible=False, axis="x")
    axes.set(
        xlabel=f"training step (one batch of {recipe.batch_size} images)",
        ylabel=f"cross-entropy, mean of {recipe.log_every:,} steps (nats)",
        ylim=(0, 1.05 * axes.dataLim.ymax),
    )
    figure.suptitle(title("Loss", curves, conditions, seeds))
    legend(figure, lines, note(seeds, conditions))
    return figure


def note(seeds: int, conditions: Conditions) -> str:
    thin = "Thin: one seed each; bold: their mean. " if seeds > 1 else ""
    saw = "The loss falls at each new epoch, which is no error: by then every image was trained on once more. "
    on = conditions.dataset.evaluated_on
    return f"{thin}{saw if conditions.recipe.epochs > 1 else ''}Right: loss of the trained nets on the {on} images."


def mark_epochs(axes: Axes, ends: pd.Series) -> None:
    """A line at the end of each epoch and its number above; ends: each epoch's last step."""
    starts = ends.shift(fill_value=0)
    axes.text(-0.01, 1.01, "epoch", size=SMALL, ha="right", transform=axes.transAxes)
    every = -(-len(ends) // MOST_EPOCHS)
    for epoch in ends.index[every - 1 :: every]:
        axes.axvline(ends[epoch], color="#bbbbbb", linewidth=0.8, zorder=0)
        middle = (starts[epoch] + ends[epoch]) / 2
        axes.text(middle, 1.01, epoch, size=SMALL, ha="center", transform=axes.get_xaxis_transform())


def show_evaluated(axes: Axes, losses: dict[str, list[float]], last_step: int, on: str) -> None:
    """A mark a seed right of the last step, where each net has a column of its own."""
    width = last_step * max(0.12, 0.02 * len(losses))
    axes.axvspan(last_step, last_step + width, color="#f4f4f4", zorder=0)
    axes.text(last_step + width / 2, 1.01, on, size=SMALL, ha="center", transform=axes.get_xaxis_transform())
    columns = np.linspace(last_step, last_step + width, len(losses) + 2)[1:-1]
    for i, (x, own) in enumerate(zip(columns, losses.values(), strict=True)):
        look = style.net_style(i) | {"linestyle": "", "markersize": 5, "alpha": 0.8}
        axes.plot([x] * len(own), own, **look)
    axes.set_xlim(0, last_step + width)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= last_step])
