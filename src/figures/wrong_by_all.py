"""Images that no run of any net gets right."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from figures.frame import title, write_note
from figures.style import WIDTH, short
from results.evaluated import Conditions

SHEET_COLUMNS, SHEET_ROWS = 6, 4  # of images


def wrong_by_all_figure(
    actual: np.ndarray, predicted: dict[str, np.ndarray], images: np.ndarray, conditions: Conditions
) -> Figure:
    """Images that every run of every net gets wrong, evenly spread over all there are, and what the nets answer.

    actual: (N,) and predicted, for each net: (seeds, N), indices into the class names; images: (N, 32, 32, 3) uint8.
    """
    names, seeds = conditions.class_names, len(next(iter(predicted.values())))
    wrong = np.flatnonzero(np.all([(own != actual).all(axis=0) for own in predicted.values()], axis=0))
    # Not the first ones: the images may be ordered by class.
    shown = wrong[np.linspace(0, len(wrong) - 1, min(len(wrong), SHEET_COLUMNS * SHEET_ROWS)).round().astype(int)]
    rows = -(-len(shown) // SHEET_COLUMNS)
    size = (WIDTH, 1.3 + rows * (1.4 + 0.15 * len(predicted)))
    figure, grid = plt.subplots(max(1, rows), SHEET_COLUMNS, figsize=size, squeeze=False)
    figure.get_layout_engine().set(h_pad=0.06)
    width = max(len(short(net, 10)) for net in predicted)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, shown, strict=False):
        axes.imshow(images[i], interpolation="nearest")
        axes.set_title(short(names[actual[i]], 12), fontsize=9, fontweight="bold")
        answers = {net: names[most_frequent(own[:, i])] for net, own in predicted.items()}
        lines = "\n".join(f"{short(net, 10):{width}} {short(answer, 9)}" for net, answer in answers.items())
        axes.text(0, -0.05, lines, size=7, family="monospace", va="top", transform=axes.transAxes)
    figure.suptitle(title("Images wrong in every run", predicted, conditions, seeds))
    write_note(figure, note(len(shown), len(wrong), len(images), seeds, conditions))
    return figure


def most_frequent(answers: np.ndarray) -> int:
    """Of equally frequent ones the first in label order."""
    return np.bincount(answers).argmax()


def note(shown: int, wrong: int, images: int, seeds: int, conditions: Conditions) -> str:
    which = f"{wrong:,} of {images:,} {conditions.dataset.evaluated_on} images are wrong in every run"
    if not shown:
        return f"{which}."
    some = f"; {shown} are shown, evenly spread" if shown < wrong else ""
    answer = "most frequent answer over its seeds" if seeds > 1 else "answer"
    return f"{which}{some}. Above each its true class, below it each net's {answer}."
