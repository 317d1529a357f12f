"""The figures that show several nets at once.

In all of them `run` is what the nets share (dataset, recipe, class_names), and a net's colour, line and marker go by
its position in params.yaml.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, NullFormatter, StrMethodFormatter

from figures import confusion as confusion_map
from figures import style as plot_style
from figures.style import WIDTH, short

SHEET_COLUMNS, SHEET_ROWS = 6, 4  # of test images


def loss(curves: dict[str, pd.DataFrame], run: dict, position: int = 0) -> Figure:
    """Training loss against steps.

    curves: for each net its log, with columns step and loss; position: of the first net in params.yaml.
    """
    recipe = run["recipe"]
    figure, axes = plt.subplots(figsize=(WIDTH, 4.8))
    for i, (net, curve) in enumerate(curves.items(), start=position):
        every = max(1, len(curve) // 15)
        axes.plot("step", "loss", data=curve, label=short(net), markersize=4, markevery=every, **plot_style.style(i))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(
        xlabel=f"training step (one batch of {recipe['batch_size']} images)",
        ylabel=f"cross-entropy, mean of {recipe['log_every']:,} steps (nats)",
        xlim=(0, None),
        ylim=(0, None),
    )
    figure.suptitle(title("Training loss", curves, run))
    if len(curves) > 1:
        legend(figure, axes.lines)
    return figure


def per_class(accuracy: pd.DataFrame, run: dict) -> Figure:
    """Test accuracy of each class and net with its interval, the most difficult class at the top.

    accuracy: one row a class and net, with columns class, net, accuracy, low and high (%), and study where known. A
    class is as difficult as the mean over the nets says; equal ones stay in label order.
    """
    nets = accuracy["net"].unique()
    mean = accuracy.groupby("class", sort=False)["accuracy"].mean()
    rows = mean.sort_values(ascending=False, kind="stable").index
    figure, axes = plt.subplots(figsize=(WIDTH, 1.6 + len(rows) * (0.2 + 0.1 * len(nets))))
    known = "study" in accuracy and accuracy["study"].notna().any()
    marks = []
    for i, net in enumerate(nets):
        own = accuracy[accuracy["net"] == net].set_index("class").loc[rows]
        y = np.arange(len(rows)) + (0.35 * (1 - 2 * (i + 0.5) / len(nets)) if len(nets) > 1 else 0)
        style = plot_style.style(i) | {"linestyle": "", "markersize": 5}
        if known:
            axes.plot(own["study"], y, **style | {"markerfacecolor": "white", "markersize": 6})
        marks.append(axes.errorbar(own["accuracy"], y, xerr=reach(own), label=short(net), elinewidth=1.2, **style))
    if known:
        marks.append(
            Line2D(
                [], [], linestyle="", marker="o", color="#555555", markerfacecolor="white", label="hollow: the study"
            )
        )
    axes.set_yticks(range(len(rows)), [short(str(name)) for name in rows])
    axes.set(xlabel="test accuracy (% of the class), 95 % interval", xlim=(-2, 102), ylim=(-0.5, len(rows) - 0.5))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row in range(0, len(rows), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)
    figure.suptitle(title("Test accuracy per class", nets, run))
    legend(figure, marks)
    return figure


def cost(overall: pd.DataFrame, run: dict) -> Figure:
    """Test accuracy with its interval against multiply-adds.

    overall: one row a net, with columns net, multiply_adds, accuracy, accuracy_low and accuracy_high (%).
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.8))
    x, y = overall["multiply_adds"], overall["accuracy"]
    low, high = reach(overall.rename(columns={"accuracy_low": "low", "accuracy_high": "high"}))
    marks = []
    for i, net in enumerate(overall["net"]):
        style = plot_style.style(i) | {"linestyle": ""}
        marks.append(axes.errorbar(x[i], y[i], yerr=[[low[i]], [high[i]]], label=short(net), capsize=3, **style))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(
        xlabel="multiply-adds an image, on a logarithmic scale (M: million, G: thousand million)",
        ylabel="test accuracy (%), 95 % interval",
        xlim=(x.min() / 4, x.max() * 4),  # a decade at least, so that two ticks are labelled
    )
    figure.suptitle(title("Test accuracy and cost", overall["net"], run))
    legend(figure, marks)
    return figure


def confusion(matrices: dict[str, pd.DataFrame], run: dict) -> Figure:
    """The confusion matrices side by side; `matrices` holds the counts of each net, true classes down."""
    return confusion_map.figure(matrices, title("Confusion matrices", matrices, run))


def wrong_by_all(predictions: pd.DataFrame, images: np.ndarray, run: dict) -> Figure:
    """Test images that every net gets wrong, evenly spread over all there are, with what each net takes them for.

    predictions: one row an image, the class names `actual` and those of each net; images: (N, 32, 32, 3) uint8.
    """
    nets = predictions.columns.drop("actual")
    wrong = np.flatnonzero(predictions[nets].ne(predictions["actual"], axis=0).all(axis=1))
    # Not the first ones: the images may be ordered by class.
    shown = wrong[np.linspace(0, len(wrong) - 1, min(len(wrong), SHEET_COLUMNS * SHEET_ROWS)).round().astype(int)]
    rows = -(-len(shown) // SHEET_COLUMNS)
    size = (WIDTH, 1.3 + rows * (1.4 + 0.15 * len(nets)))
    figure, grid = plt.subplots(max(1, rows), SHEET_COLUMNS, figsize=size, squeeze=False)
    width = max(len(short(net, 10)) for net in nets)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, shown, strict=False):
        names = predictions.loc[i]
        axes.imshow(images[i], interpolation="nearest")
        axes.set_title(short(names["actual"], 12), fontsize=9, fontweight="bold")
        lines = "\n".join(f"{short(net, 10):{width}} {short(names[net], 9)}" for net in nets)
        axes.text(0, -0.05, lines, size=7, family="monospace", va="top", transform=axes.transAxes)
    heading = f"{len(wrong):,} of {len(images):,} test images are wrong in every net"
    if len(shown):
        heading += f"; here are {len(shown)}, the true class above, below the predictions"
    figure.suptitle(title(heading, nets, run))
    return figure


def title(what: str, nets: list[str], run: dict) -> str:
    """What a figure shows, of which nets, on which images, by which recipe; in lines that fit the figure's width."""
    line = f"{what} of {', '.join(map(short, nets))} on {run['dataset']['source']}"
    return f"{textwrap.fill(line, 84)}\n{describe(run['recipe'])}"


def describe(recipe: dict) -> str:
    """The recipe in half a line, for a title."""
    epochs = f"{recipe['epochs']} epoch{'s' if recipe['epochs'] > 1 else ''}"
    return f"recipe {recipe['name']}: batch {recipe['batch_size']}, learning rate {recipe['learning_rate']:g}, {epochs}"


def legend(figure: Figure, handles: list) -> None:
    """Below the axes, in as many columns as the width has room for, where it covers no point."""
    widest = max(len(handle.get_label()) for handle in handles)
    columns = min(len(handles), max(1, 80 // (widest + 8)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, handlelength=3)


def reach(accuracy: pd.DataFrame) -> np.ndarray:
    """(2, N): how far each interval reaches below and above its accuracy, never less than 0 by rounding."""
    ends = [accuracy["accuracy"] - accuracy["low"], accuracy["high"] - accuracy["accuracy"]]
    return np.maximum(ends, 0)
