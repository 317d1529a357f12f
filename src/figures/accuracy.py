"""Overall accuracy of each net by each recipe."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from comparison.runs import Runs
from comparison.tables import Tables
from figures.style import SMALL, STUDY, WIDTH, errors, keys, legend, mark, short, study_key

LANE = 0.3  # inches


def accuracy_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """A row for each net, in it a lane for each recipe: the mean with its interval, below it every run."""
    recipes, nets = list(grid), list(tables.nets["net"].unique())
    height = 1.1 + len(nets) * (0.12 + LANE * len(recipes))
    figure, axes = plt.subplots(figsize=(WIDTH, height))
    lane = 0.8 / len(recipes)
    for i, recipe in enumerate(recipes):
        table = tables.nets[tables.nets["recipe"] == recipe]
        rows = [row + lane * (i - (len(recipes) - 1) / 2) for row in range(len(nets))]
        axes.errorbar(table["accuracy"], rows, xerr=errors(table), markersize=5, capsize=3, **mark(i))
        for net, row, mean in zip(nets, rows, table["accuracy"], strict=True):
            runs = grid[recipe].accuracies(net)
            if len(runs) > 1:
                axes.plot(runs, [row + 0.28 * lane] * len(runs), markersize=3, alpha=0.6, **mark(i))
            axes.text(1.01, row, f"{mean:.1f}", size=SMALL, va="center", transform=axes.get_yaxis_transform())
    study = tables.nets.groupby("net", sort=False)["study"].first().astype(float)
    axes.plot(study, range(len(nets)), **STUDY)
    axes.set_yticks(range(len(nets)), [short(net, 16) for net in nets])
    axes.set(xlabel="accuracy (%), 95 % interval", ylim=(len(nets) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for row in range(0, len(nets), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", zorder=0)
    least, most = axes.get_xlim()
    axes.set_xlim(min(least, (least + most) / 2 - 1), max(most, (least + most) / 2 + 1))  # two points at least
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    on = grid[recipes[0]].dataset.evaluated_on
    figure.suptitle(f"{on.capitalize()} accuracy")
    legend(figure, [*keys(recipes), *([study_key()] if study.notna().any() else [])])
    return figure
