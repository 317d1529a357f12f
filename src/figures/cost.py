"""Accuracy against what it costs."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter

from figures import style
from figures.frame import legend, reach, title
from figures.style import WIDTH, short
from results.evaluated import Conditions


def cost_figure(overall: pd.DataFrame, conditions: Conditions) -> Figure:
    """Accuracy with its interval against multiply-adds.

    overall: one row a net, with columns net, multiply_adds, accuracy, accuracy_low and accuracy_high (%).
    """
    on = conditions.dataset.evaluated_on
    figure, axes = plt.subplots(figsize=(WIDTH, 4.8))
    x, y = overall["multiply_adds"], overall["accuracy"]
    low, high = reach(overall.rename(columns={"accuracy_low": "low", "accuracy_high": "high"}))
    marks = []
    for i, net in enumerate(overall["net"]):
        look = style.net_style(i) | {"linestyle": ""}
        marks.append(axes.errorbar(x[i], y[i], yerr=[[low[i]], [high[i]]], label=short(net), capsize=3, **look))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(
        xlabel="multiply-adds an image, on a logarithmic scale (M: million, G: thousand million)",
        ylabel=f"{on} accuracy (%), 95 % interval",
        xlim=(x.min() / 4, x.max() * 4),  # a decade at least, so that two ticks are labelled
    )
    figure.suptitle(title(f"{on.capitalize()} accuracy and cost", overall["net"], conditions))
    legend(figure, marks)
    return figure
