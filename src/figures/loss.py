"""Training loss against steps."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from figures import style
from figures.frame import legend, title
from figures.style import WIDTH, short
from results.evaluated import Conditions


def loss_figure(curves: dict[str, pd.DataFrame], conditions: Conditions, position: int = 0) -> Figure:
    """Training loss against steps.

    curves: for each net its log, with columns step and loss; position: of the first net in params.yaml.
    """
    recipe = conditions.recipe
    figure, axes = plt.subplots(figsize=(WIDTH, 4.8))
    for i, (net, curve) in enumerate(curves.items(), start=position):
        every = max(1, len(curve) // 15)
        axes.plot("step", "loss", data=curve, label=short(net), markersize=4, markevery=every, **style.net_style(i))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(
        xlabel=f"training step (one batch of {recipe.batch_size} images)",
        ylabel=f"cross-entropy, mean of {recipe.log_every:,} steps (nats)",
        xlim=(0, None),
        ylim=(0, None),
    )
    figure.suptitle(title("Training loss", curves, conditions))
    if len(curves) > 1:
        legend(figure, axes.lines)
    return figure
