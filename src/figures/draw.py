"""The figures, in the order of the report."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter

from comparison.formatting import percent, whole
from comparison.runs import Runs, first
from comparison.tables import Tables
from figures.style import SMALL, STUDY, WIDTH, error_bars, label_rows, legend, line_style, mark, panels, png, short

FEWEST = 10  # images in a bin of confidence that is drawn: the accuracy of fewer says little
MOST_NUMBERED = 20  # classes; the numbers of more would be too small to read


def draw(grid: dict[str, Runs], tables: Tables, made: str) -> dict[str, bytes]:
    """All figures as PNG by their file names; `made` says what made them and goes into the metadata of each."""
    figures = {
        "accuracy": accuracy_figure(grid, tables),
        "per_class": per_class_figure(grid, tables),
        **{f"confusion_{recipe}": confusion_figure(runs) for recipe, runs in grid.items()},
        "loss": loss_figure(grid, tables),
        "cost": cost_figure(grid, tables),
        "calibration": calibration_figure(grid, tables),
    }
    return {f"{name}.png": png(figure, made) for name, figure in figures.items()}


def accuracy_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each net, in it a lane for each recipe: the mean with its interval, below it every run."""
    recipes, nets = list(grid), first(grid).nets
    figure, axes = plt.subplots(figsize=(WIDTH, 1.1 + len(nets) * (0.12 + 0.3 * len(recipes))))
    lane = 0.8 / len(recipes)
    for i, (recipe, table) in enumerate(tables["overall"].groupby("recipe", sort=False)):
        lanes = np.arange(len(nets)) + lane * (i - (len(recipes) - 1) / 2)
        axes.errorbar(table["accuracy"], lanes, xerr=error_bars(table), markersize=5, capsize=3, **mark(i))
        runs = [grid[recipe].accuracies(net) for net in nets]
        axes.plot(runs, lanes + 0.28 * lane, markersize=3, alpha=0.6, **mark(i))
        axes.plot(table["study"].astype(float), lanes, **STUDY)
        for row, mean in zip(lanes, table["accuracy"], strict=True):
            axes.text(1.01, row, percent(mean, 1), size=SMALL, va="center", transform=axes.get_yaxis_transform())
    axes.set_xlabel("accuracy (%), 95 % interval")
    label_rows(axes, nets)
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy")
    legend(figure, recipes, tables["overall"]["study"])
    return figure


def per_class_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each class, the most difficult at the top, with each net's accuracy, its interval and the study's."""
    classes, nets = tables["per_class"], first(grid).nets
    names = classes.groupby("class", sort=False)["accuracy"].mean().sort_values(kind="stable").index
    figure, plots = panels(list(grid), len(names) * (0.16 + 0.1 * len(nets)))
    for axes, recipe in zip(plots, grid, strict=True):
        for i, net in enumerate(nets):
            table = classes[(classes["recipe"] == recipe) & (classes["net"] == net)].set_index("class").loc[names]
            lanes = np.arange(len(names)) + 0.38 * (2 * (i + 0.5) / len(nets) - 1)
            axes.errorbar(table["accuracy"], lanes, xerr=error_bars(table), elinewidth=1, markersize=4, **mark(i))
            axes.plot(table["study"].astype(float), lanes, **STUDY | {"markersize": 7, "color": mark(i)["color"]})
        label_rows(axes, list(names))
        axes.set(xlabel="accuracy (%)", xlim=(-3, 103), xticks=range(0, 101, 20))
        axes.label_outer()
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy per class")
    legend(figure, nets, classes["study"])
    return figure


def cost_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """Accuracy with its interval against the multiply-adds for one image."""
    figure, plots = panels(list(grid), 2.8)
    for axes, (_, table) in zip(plots, tables["overall"].groupby("recipe", sort=False), strict=True):
        costs = table["multiply_adds"]
        for i, (cost, accuracy, ends) in enumerate(zip(costs, table["accuracy"], error_bars(table).T, strict=True)):
            axes.errorbar(cost, accuracy, yerr=ends[:, None], markersize=6, capsize=3, **mark(i))
        axes.plot(costs, table["study"].astype(float), **STUDY)
        axes.set(xscale="log", xlabel="multiply-adds an image", ylabel="accuracy (%), 95 % interval")
        axes.set_xlim(costs.min() / 4, costs.max() * 4)  # two labelled ticks at least
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.label_outer()
    plots[0].margins(y=0.08)
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy and cost")
    legend(figure, first(grid).nets, tables["overall"]["study"])
    return figure


def confusion_figure(runs: Runs) -> Figure:
    """Each net's matrix by one recipe, over all seeds, in % of the true class."""
    columns = min(2, len(runs.nets))
    rows = -(-len(runs.nets) // columns)
    side = (WIDTH - 0.6) / columns - 0.05  # inches
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, rows * (side + 0.5) + 1.5), squeeze=False)
    for i, (axes, net) in enumerate(zip(grid.flat, runs.nets, strict=False)):
        counts = runs.confusion(net)
        draw_matrix(axes, 100 * counts.div(counts.sum(axis=1).clip(lower=1), axis=0), side)
        is_left, is_lowest = i % columns == 0, i + columns >= len(runs.nets)
        axes.tick_params(length=0, labelsize=SMALL, labelleft=is_left, labelbottom=is_lowest)
        axes.set(title=short(net, 16), ylabel="true class" * is_left, xlabel="predicted class" * is_lowest)
    for axes in grid.flat[len(runs.nets) :]:
        axes.set_axis_off()
    bar: dict[str, Any] = {"location": "bottom", "aspect": 30, "extend": "max", "shrink": 0.7}
    figure.colorbar(grid[0, 0].collections[0], ax=list(grid[-1]), label="errors (% of the true class)", **bar)
    figure.suptitle(f"Confusion by {short(runs.recipe_name, 24)}")
    return figure


def draw_matrix(axes: Axes, shares: pd.DataFrame, side: float) -> None:
    """`shares` in a square of `side` inches: errors shaded by their share; right answers, on the diagonal, grey."""
    cell = 72 * side / len(shares)  # points; a letter is about 0.6 of its own size wide
    names = [short(str(name), 14) for name in shares]
    is_numbered, every = len(names) <= MOST_NUMBERED, math.ceil(1.3 * SMALL / cell)  # one label a line at most
    style: dict[str, Any] = {"square": True, "cbar": False, "linewidths": 0.5 if is_numbered else 0}
    style |= {"fmt": "", "annot_kws": {"size": min(8, cell / 2.1), "in_layout": False}}
    numbers = shares.map(lambda share: whole(share) if round(share) else "") if is_numbered else None
    is_right = np.eye(len(names), dtype=bool)
    # In % and the same in every figure, so that figures can be compared; right answers pale, so that errors are seen.
    for hidden, colours, darkest in ((is_right, "Blues", 20), (~is_right, "Greys", 400)):
        sns.heatmap(shares, mask=hidden, cmap=colours, vmin=0, vmax=darkest, annot=numbers, ax=axes, **style)
    places = np.arange(0, len(names), every) + 0.5
    axes.set_xticks(places, names[::every], rotation=90)
    axes.set_yticks(places, names[::every], rotation=0)


def loss_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """Loss against epochs: thin each run, bold their mean. Right of it the loss on the evaluated images."""
    figure, plots = panels(list(grid), 2.5, side_by_side=False)
    for axes, (recipe, runs) in zip(plots, grid.items(), strict=True):
        epochs, table = runs.recipe.epochs, tables["overall"][tables["overall"]["recipe"] == recipe]
        columns = epochs * np.linspace(1, 1.15, len(runs.nets) + 2)
        for i, (curves, loss) in enumerate(zip(runs.curves.values(), table["loss"], strict=True)):
            style, steps = line_style(i), curves[0]["step"]
            of_runs = np.stack([curve["loss"] for curve in curves], axis=1)
            at = epochs * steps / steps.max()  # in epochs, so that recipes of other batch sizes can be compared
            axes.plot(at, of_runs, color=style["color"], linewidth=0.6, alpha=0.6)
            axes.plot(at, of_runs.mean(axis=1), linewidth=1.6, markersize=4, markevery=0.1, **style)
            axes.plot(columns[i + 1], loss, markersize=5, **mark(i))
        axes.axvspan(epochs, columns[-1], color="#eeeeee", zorder=0)
        axes.set(xlim=(0, columns[-1]), xticks=range(0, epochs + 1, max(1, epochs // 5)))
        axes.set(xlabel="epoch", ylabel="cross-entropy (nats)")
    plots[0].set_ylim(bottom=0)
    figure.suptitle(f"Training loss, and {first(grid).dataset.evaluated_on} loss on the right")
    legend(figure, first(grid).nets, with_line=True)
    return figure


def calibration_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """The reliability curve of each net: the accuracy of its answers of about the same confidence."""
    nets = first(grid).nets
    figure, plots = panels(list(grid), 2.4 if len(grid) == 2 else 3.6)
    for axes, (_, table) in zip(plots, tables["calibration"].groupby("recipe", sort=False), strict=True):
        axes.plot([0, 100], [0, 100], color="#888888", linewidth=1)
        for i, net in enumerate(nets):
            bins = table[(table["net"] == net) & (table["images"] >= FEWEST)]
            axes.plot(bins["confidence"], bins["accuracy"], markersize=4, linewidth=1.2, **line_style(i))
        axes.set(xlabel="confidence (%)", ylabel="accuracy (%)", xlim=(-3, 103), ylim=(-3, 103), aspect="equal")
        axes.set(xticks=range(0, 101, 25), yticks=range(0, 101, 25))
        axes.label_outer()
    figure.suptitle("Confidence and accuracy")
    legend(figure, nets, with_line=True)
    return figure
