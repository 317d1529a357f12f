"""Accuracy against what it costs."""

import math
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter
from matplotlib.transforms import Bbox, offset_copy

from figures import style
from figures.frame import is_known, reach, title, write_note
from figures.style import HOLLOW, WIDTH, short
from results.evaluated import Conditions

BESIDE = 9  # points, from our mark to the study's
# Where a name may stand, from its point to the name's nearer end, in points: the nearest that is free is taken.
PLACES = sorted(product((10, -10, 30, -30, 60, -60), range(-240, 241, 6)), key=lambda place: math.hypot(*place))


def cost_figure(nets: pd.DataFrame, conditions: Conditions) -> Figure:
    """Accuracy with its interval against multiply-adds, each point named, the study's mark beside it.

    nets: one row a net, with columns net, multiply_adds, accuracy, low and high (%), and study where known.
    """
    on = conditions.dataset.evaluated_on
    figure, axes = plt.subplots(figsize=(WIDTH, 4.8))
    ends, beside = reach(nets), offset_copy(axes.transData, figure, BESIDE, units="points")
    for i, net in enumerate(nets.itertuples()):
        look = style.net_style(i) | {"linestyle": ""}
        axes.errorbar(net.multiply_adds, net.accuracy, yerr=ends[:, [i]], capsize=3, markersize=6, **look)
        if is_known(nets):
            axes.plot(net.multiply_adds, net.study, transform=beside, **look | HOLLOW)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    least, most = nets["multiply_adds"].min(), nets["multiply_adds"].max()
    heights = nets[["low", "high", *(["study"] if is_known(nets) else [])]]
    bottom, top = heights.min(axis=None), heights.max(axis=None)
    pad = max(1, 0.08 * (top - bottom))
    axes.set(
        xlabel="multiply-adds an image, on a logarithmic scale (M: million, G: thousand million)",
        ylabel=f"{on} accuracy (%), 95 % interval",
        xlim=(least / 4, most * 4),  # a decade at least, so that two ticks are labelled
        ylim=(bottom - pad, top + pad),
    )
    figure.suptitle(title(f"{on.capitalize()} accuracy and cost", nets["net"], conditions))
    if is_known(nets):
        write_note(figure, "Hollow: the study.")
    name_points(axes, nets)
    return figure


def name_points(axes: Axes, nets: pd.DataFrame) -> None:
    """Write each net's name where it covers neither a mark nor another name; a thin line leads there from afar."""
    figure = axes.figure
    figure.draw_without_rendering()  # from here on it is known where the marks are
    point = figure.dpi / 72
    taken = []
    for net in nets.itertuples():
        x, low = axes.transData.transform((net.multiply_adds, net.low))
        high = axes.transData.transform((net.multiply_adds, net.high))[1]
        taken.append(Bbox([[x - 5 * point, low], [x + 5 * point, high]]).padded(2 * point))
        if is_known(nets) and not np.isnan(net.study):
            y = axes.transData.transform((net.multiply_adds, net.study))[1]
            taken.append(Bbox([[x, y], [x + BESIDE * point, y]]).padded(5 * point))
    for net in nets.itertuples():
        name = axes.text(net.multiply_adds, net.accuracy, short(net.net), size=9, va="center", in_layout=False)
        for across, up in PLACES:
            name.set_transform(offset_copy(axes.transData, figure, across, up, units="points"))
            name.set_horizontalalignment("left" if across > 0 else "right")
            box = name.get_window_extent()
            if axes.bbox.count_contains(box.corners()) == 4 and not box.count_overlaps(taken):
                break
        taken.append(box)
        if math.hypot(across, up) > 15:
            line = {"arrowstyle": "-", "linewidth": 0.5, "color": "#888888", "shrinkA": 0}
            axes.annotate(
                "",
                (net.multiply_adds, net.accuracy),
                (across, up),
                textcoords="offset points",
                arrowprops=line,
                in_layout=False,
            )
