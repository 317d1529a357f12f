"""Accuracy against what it costs."""

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullFormatter

from comparison.runs import Runs
from comparison.tables import Tables
from figures.style import STUDY, errors, keys, legend, mark, panels, study_key


def cost_figure(grid: dict[str, Runs], tables: Tables) -> Figure:
    """Accuracy with its interval against the multiply-adds for one image."""
    figure, plots = panels(list(grid), 2.8)
    for axes, recipe in zip(plots, grid, strict=True):
        table = tables.nets[tables.nets["recipe"] == recipe]
        for i, (_, net) in enumerate(table.iterrows()):
            ends = errors(table.iloc[[i]])
            axes.errorbar(net["multiply_adds"], net["accuracy"], yerr=ends, markersize=6, capsize=3, **mark(i))
        axes.plot(table["multiply_adds"], table["study"].astype(float), **STUDY)
        axes.set(xscale="log", xlabel="multiply-adds an image", ylabel="accuracy (%), 95 % interval")
        axes.set_xlim(table["multiply_adds"].min() / 4, table["multiply_adds"].max() * 4)  # two labelled ticks at least
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.label_outer()
    plots[0].margins(y=0.08)
    figure.suptitle(f"{next(iter(grid.values())).dataset.evaluated_on.capitalize()} accuracy and cost")
    known = tables.nets["study"].notna().any()
    legend(figure, [*keys(list(tables.nets["net"].unique())), *([study_key()] if known else [])])
    return figure
