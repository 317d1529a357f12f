"""Accuracy per class."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures import style
from figures.frame import legend, reach, title
from figures.style import WIDTH, short
from results.evaluated import Conditions


def per_class_figure(accuracy: pd.DataFrame, conditions: Conditions) -> Figure:
    """Accuracy of each class and net with its interval, the most difficult class at the top.

    accuracy: one row a class and net, with columns class, net, accuracy, low and high (%), and study where known. A
    class is as difficult as the mean over the nets says; equal ones stay in label order.
    """
    nets, on = accuracy["net"].unique(), conditions.dataset.evaluated_on
    mean = accuracy.groupby("class", sort=False)["accuracy"].mean()
    rows = mean.sort_values(ascending=False, kind="stable").index
    figure, axes = plt.subplots(figsize=(WIDTH, 1.6 + len(rows) * (0.2 + 0.1 * len(nets))))
    known = "study" in accuracy and accuracy["study"].notna().any()
    marks = []
    for i, net in enumerate(nets):
        own = accuracy[accuracy["net"] == net].set_index("class").loc[rows]
        y = np.arange(len(rows)) + (0.35 * (1 - 2 * (i + 0.5) / len(nets)) if len(nets) > 1 else 0)
        look = style.net_style(i) | {"linestyle": "", "markersize": 5}
        if known:
            axes.plot(own["study"], y, **look | {"markerfacecolor": "white", "markersize": 6})
        marks.append(axes.errorbar(own["accuracy"], y, xerr=reach(own), label=short(net), elinewidth=1.2, **look))
    if known:
        marks.append(
            Line2D(
                [], [], linestyle="", marker="o", color="#555555", markerfacecolor="white", label="hollow: the study"
            )
        )
    axes.set_yticks(range(len(rows)), [short(str(name)) for name in rows])
    axes.set(xlabel=f"{on} accuracy (% of the class), 95 % interval", xlim=(-2, 102), ylim=(-0.5, len(rows) - 0.5))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row in range(0, len(rows), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)
    figure.suptitle(title(f"{on.capitalize()} accuracy per class", nets, conditions))
    legend(figure, marks)
    return figure
