"""Accuracy of each net by each recipe: overall, of each class, and against what it costs."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, NullFormatter

from comparison.runs import Runs, first
from comparison.tables import Tables
from figures.style import SMALL, STUDY, WIDTH, errors, legend, mark, panels, rows

LANE = 0.3  # inches


def accuracy_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each net, in it a lane for each recipe: the mean with its interval, below it every run."""
    recipes, nets = list(grid), first(grid).nets
    figure, axes = plt.subplots(figsize=(WIDTH, 1.1 + len(nets) * (0.12 + LANE * len(recipes))))
    lane = 0.8 / len(recipes)
    for i, (recipe, table) in enumerate(tables.nets.groupby("recipe", sort=False)):
        lanes = np.arange(len(nets)) + lane * (i - (len(recipes) - 1) / 2)
        axes.errorbar(table["accuracy"], lanes, xerr=errors(table), markersize=5, capsize=3, **mark(i))
        for net, row, mean in zip(nets, lanes, table["accuracy"], strict=True):
            runs = grid[recipe].accuracies(net)
            if len(runs) > 1:
                axes.plot(runs, [row + 0.28 * lane] * len(runs), markersize=3, alpha=0.6, **mark(i))
            axes.text(1.01, row, f"{mean:.1f}", size=SMALL, va="center", transform=axes.get_yaxis_transform())
    study = tables.nets["study"].astype(float)[: len(nets)]  # the same for each recipe
    axes.plot(study, range(len(nets)), **STUDY)
    axes.set_xlabel("accuracy (%), 95 % interval")
    rows(axes, nets)
    least, most = axes.get_xlim()
    axes.set_xlim(min(least, (least + most) / 2 - 1), max(most, (least + most) / 2 + 1))  # two points at least
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy")
    legend(figure, recipes, study)
    return figure


def per_class_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each class, the most difficult at the top, with each net's accuracy, its interval and the study's."""
    classes, nets = tables.classes, first(grid).nets
    names = classes.groupby("class", sort=False)["accuracy"].mean().sort_values(kind="stable").index
    least = max(0, int(np.nanmin(classes[["low", "accuracy", "study"]].astype(float)) // 20) * 20)
    figure, plots = panels(list(grid), len(names) * (0.16 + 0.1 * len(nets)))
    for axes, recipe in zip(plots, grid, strict=True):
        for i, net in enumerate(nets):
            table = classes[(classes["recipe"] == recipe) & (classes["net"] == net)].set_index("class").loc[names]
            lanes = np.arange(len(names)) + 0.38 * (2 * (i + 0.5) / len(nets) - 1)
            axes.errorbar(table["accuracy"], lanes, xerr=errors(table), elinewidth=1, markersize=4, **mark(i))
            axes.plot(table["study"].astype(float), lanes, **STUDY | {"markersize": 7, "color": mark(i)["color"]})
        rows(axes, list(names))
        axes.set(xlabel="accuracy (%)", xlim=(least - 3, 103), xticks=range(least, 101, 20))
        axes.label_outer()
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy per class")
    legend(figure, nets, classes["study"])
    return figure


def cost_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """Accuracy with its interval against the multiply-adds for one image."""
    figure, plots = panels(list(grid), 2.8)
    for axes, (_, table) in zip(plots, tables.nets.groupby("recipe", sort=False), strict=True):
        costs = table["multiply_adds"]
        for i, (cost, accuracy, ends) in enumerate(zip(costs, table["accuracy"], errors(table).T, strict=True)):
            axes.errorbar(cost, accuracy, yerr=ends[:, None], markersize=6, capsize=3, **mark(i))
        axes.plot(costs, table["study"].astype(float), **STUDY)
        axes.set(xscale="log", xlabel="multiply-adds an image", ylabel="accuracy (%), 95 % interval")
        axes.set_xlim(costs.min() / 4, costs.max() * 4)  # two labelled ticks at least
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.label_outer()
    plots[0].margins(y=0.08)
    figure.suptitle(f"{first(grid).dataset.evaluated_on.capitalize()} accuracy and cost")
    legend(figure, first(grid).nets, tables.nets["study"])
    return figure
