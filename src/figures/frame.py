"""What stands around the plots of several nets: titles, legends, notes, intervals."""

import textwrap
from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.style import HOLLOW, SMALL, short
from params import NamedRecipe
from results.evaluated import Conditions

LINE = 84  # letters of a title that fit the figure's width
SMALL_LINE = 112  # and of a note


def title(what: str, nets: Collection[str], conditions: Conditions, seeds: int = 0) -> str:
    """What a figure shows, of which nets, on which images; by which recipe, and from how many seeds where that is said.

    Two lines that fit the figure's width, for which nets are counted where their names are too long; three at most.
    """
    names, on = ", ".join(map(short, nets)), f"on {conditions.dataset.title}"
    if len(f"{what} of {names} {on}") > LINE:
        names = counted(len(nets), "net")
    from_seeds = f", {counted(seeds, 'seed')}" if seeds else ""
    lines = [f"{what} of {names} {on}", describe(conditions.recipe) + from_seeds]
    return "\n".join(textwrap.fill(line, LINE) for line in lines)


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def describe(recipe: NamedRecipe) -> str:
    """The recipe in half a line, for a title."""
    optimizer = "AdamW, " if recipe.optimizer == "adamw" else ""
    rate = f"{recipe.learning_rate:g}" + (f" ({recipe.schedule})" if recipe.schedule != "constant" else "")
    augmented = ", augmented" if recipe.flip or recipe.shift or recipe.cutout else ""
    epochs = counted(recipe.epochs, "epoch")
    return f"recipe {recipe.name}: {optimizer}batch {recipe.batch_size}, learning rate {rate}, {epochs}{augmented}"


def legend(figure: Figure, handles: list, note: str = "") -> None:
    """Below the axes, in as many columns as the width has room for, `note` above; the figure grows by its height."""
    widest = max(len(handle.get_label()) for handle in handles)
    columns = min(len(handles), max(1, 80 // (widest + 8)))
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + 0.22 * rows + (0.4 if note else 0))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        handlelength=3,
        title=textwrap.fill(note, SMALL_LINE) or None,
        title_fontsize=SMALL,
    )


def write_note(figure: Figure, text: str) -> None:
    """Below the axes of a figure without a legend."""
    figure.supxlabel(textwrap.fill(text, SMALL_LINE), fontsize=SMALL)


def key(label: str, **look: object) -> Line2D:
    """A grey mark for the legend that means the same for every net; `look` is `HOLLOW` or another marker's."""
    return Line2D([], [], label=label, linestyle="", **{"color": "#555555", "marker": "o", "markersize": 5} | look)


def study_key() -> Line2D:
    return key("hollow: the study", **HOLLOW)


def is_known(table: pd.DataFrame) -> bool:
    """Whether the study has a figure for any row."""
    return "study" in table and bool(table["study"].notna().any())


def reach(table: pd.DataFrame, of: str = "accuracy") -> np.ndarray:
    """(2, N): how far each interval `low` to `high` reaches below and above `of`, never less than 0 by rounding."""
    return np.maximum([table[of] - table["low"], table["high"] - table[of]], 0)
