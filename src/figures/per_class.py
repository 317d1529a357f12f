"""Accuracy per class."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from figures import style
from figures.frame import is_known, key, legend, reach, study_key, title
from figures.style import HOLLOW, WIDTH, short
from results.evaluated import Conditions

BEST = {"marker": "<", "color": "black", "markersize": 4}


def per_class_figure(classes: pd.DataFrame, conditions: Conditions) -> Figure:
    """Accuracy of each class and net with its interval, the most difficult class at the top.

    classes: one row a class and net, with columns class, net, accuracy, low and high (%), best (of the class, and not
    by chance), and study where known. A class is as difficult as the mean over the nets says; equal ones stay in label
    order.
    """
    nets, on = classes["net"].unique(), conditions.dataset.evaluated_on
    mean = classes.groupby("class", sort=False)["accuracy"].mean()
    rows = mean.sort_values(ascending=False, kind="stable").index
    figure, axes = plt.subplots(figsize=(WIDTH, 1.4 + len(rows) * (0.2 + 0.1 * len(nets))))
    marks = []
    for i, net in enumerate(nets):
        own = classes[classes["net"] == net].set_index("class").loc[rows]
        y = np.arange(len(rows)) + (0.38 * (1 - 2 * (i + 0.5) / len(nets)) if len(nets) > 1 else 0)
        look = style.net_style(i) | {"linestyle": ""}
        marks.append(
            axes.errorbar(own["accuracy"], y, xerr=reach(own), label=short(net), elinewidth=1.2, markersize=4.5, **look)
        )
        if is_known(own):
            axes.plot(own["study"], y, zorder=3, **look | HOLLOW)
        best = own["best"].to_numpy()
        axes.plot(right_end(own)[best] + 2, y[best], linestyle="", **BEST)
    if is_known(classes):
        marks.append(study_key())
    if classes["best"].any():
        marks.append(key("best of its class, not by chance", **BEST))
    known = classes[["low", "study"]] if is_known(classes) else classes[["low"]]
    least = max(0, int(known.min(axis=None) // 10) * 10)
    axes.set_yticks(range(len(rows)), [short(str(name)) for name in rows])
    axes.set(
        xlabel=f"{on} accuracy (% of the class), 95 % interval",
        xlim=(least - 2, 104),
        xticks=range(least, 101, 10),
        ylim=(-0.5, len(rows) - 0.5),
    )
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row in range(0, len(rows), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)
    figure.suptitle(title(f"{on.capitalize()} accuracy per class", nets, conditions))
    legend(figure, marks)
    return figure


def right_end(own: pd.DataFrame) -> pd.Series:
    """Where each interval ends, with the study's mark if that is next to it."""
    if not is_known(own):
        return own["high"]
    return own["study"].where(own["study"].between(own["high"] - 2, own["high"] + 5), own["high"]).clip(own["high"])
