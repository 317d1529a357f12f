"""What stands around the plots of several nets: titles, legends, intervals."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from figures.style import short
from params import NamedRecipe
from results.evaluated import Conditions


def title(what: str, nets: list[str], conditions: Conditions) -> str:
    """What a figure shows, of which nets, on which images, by which recipe; in lines that fit the figure's width."""
    lines = [f"{what} of {', '.join(map(short, nets))} on {conditions.dataset.title}", describe(conditions.recipe)]
    return "\n".join(textwrap.fill(line, 80) for line in lines)


def describe(recipe: NamedRecipe) -> str:
    """The recipe in half a line, for a title."""
    optimizer = "AdamW, " if recipe.optimizer == "adamw" else ""
    rate = f"{recipe.learning_rate:g}" + (f" ({recipe.schedule})" if recipe.schedule != "constant" else "")
    epochs = f"{recipe.epochs} epoch{'s' if recipe.epochs > 1 else ''}"
    augmented = ", augmented" if recipe.flip or recipe.shift or recipe.cutout else ""
    return f"recipe {recipe.name}: {optimizer}batch {recipe.batch_size}, learning rate {rate}, {epochs}{augmented}"


def legend(figure: Figure, handles: list) -> None:
    """Below the axes, in as many columns as the width has room for, where it covers no point."""
    widest = max(len(handle.get_label()) for handle in handles)
    columns = min(len(handles), max(1, 80 // (widest + 8)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, handlelength=3)


def reach(accuracy: pd.DataFrame) -> np.ndarray:
    """(2, N): how far each interval reaches below and above its accuracy, never less than 0 by rounding."""
    ends = [accuracy["accuracy"] - accuracy["low"], accuracy["high"] - accuracy["accuracy"]]
    return np.maximum(ends, 0)
