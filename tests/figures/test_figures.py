"""What the figures show, and that none of their words overlap or are cut."""

from collections.abc import Callable
from itertools import combinations

import made_up
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from comparison.runs import Runs
from comparison.tables import Tables, make_tables
from figures import style
from figures.draw import (
    FEWEST,
    accuracy_figure,
    calibration_figure,
    confusion_figure,
    cost_figure,
    loss_figure,
    per_class_figure,
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("error")

Grid = dict[str, Runs]
LONG = ["a class with a very long name", "another one that is even longer than the first", "_x_ (of 3)"]


def many_classes() -> Grid:
    labels = np.arange(200) % 100
    predicted = {net: np.where(np.arange(200) % step, labels, 0) for net, step in (("net1", 2), ("net2", 3), ("b", 4))}
    return {"quick": made_up.runs_of(predicted, labels, [f"class {i}" for i in range(100)], "quick")}


def long_names() -> Grid:
    labels = np.arange(60) % 3
    predicted = {f"a_variant_with_a_long_name_{i}": np.roll(labels, i) for i in range(3)}
    names = ("a_recipe_with_a_long_name_1", "a_recipe_with_a_long_name_2")
    return {name: made_up.runs_of(predicted, labels, LONG, name) for name in names}


def always_right() -> Grid:
    labels = np.arange(20) % 2
    return {"quick": made_up.runs_of({"net1": [labels, labels], "b": [labels, labels]}, labels, ["a", "b"], "quick")}


CASES: dict[str, Callable[[], Grid]] = {
    "usual": made_up.grid,
    "one net, one seed": lambda: made_up.grid(["reference"], nets={"net1": (61, 0.5)}, seeds=1),
    "three recipes, a net at chance": lambda: made_up.grid(
        ["reference", "modern", "quick"], nets=made_up.NETS | {"net3_no_bn": (10, 0)}, images=200, seeds=2
    ),
    "twelve nets": lambda: made_up.grid(nets={f"net{i}": (20 + 6 * i, 1) for i in range(12)}, images=100),
    "many classes": many_classes,
    "long names": long_names,
    "always right": always_right,
}
FIGURES: dict[str, Callable[[Grid, Tables], Figure]] = {
    "accuracy": accuracy_figure,
    "per class": per_class_figure,
    "confusion": lambda grid, tables: confusion_figure(next(iter(grid.values()))),
    "loss": loss_figure,
    "cost": cost_figure,
    "calibration": calibration_figure,
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def usual() -> tuple[Grid, Tables]:
    grid = made_up.grid()
    return grid, make_tables(grid, made_up.STUDY)


def drawn_words(figure: Figure, monkeypatch) -> list[tuple[str, Bbox]]:
    """Each text that is drawn, and its box in pixels, less a pixel on each side."""
    found = {}
    draw = Text.draw

    def spy(text, renderer):
        if text.get_visible() and text.get_text().strip():
            found[id(text)] = text.get_text(), text.get_window_extent(renderer).padded(-1)
        draw(text, renderer)

    monkeypatch.setattr(Text, "draw", spy)
    figure.draw_without_rendering()
    return list(found.values())


@pytest.mark.parametrize("case", CASES)
def test_no_words_overlap_and_none_are_cut(case, monkeypatch):
    grid = CASES[case]()
    tables = make_tables(grid, made_up.STUDY if len(next(iter(grid.values())).class_names) == 10 else made_up.NO_STUDY)
    for name, draw in FIGURES.items():
        figure = draw(grid, tables)
        found = drawn_words(figure, monkeypatch)
        assert figure.get_suptitle().count("\n") == 0
        for i, (text, box) in enumerate(found):
            assert figure.bbox.count_contains(box.corners()) == 4, f"{name}: {text!r} is cut"
            assert not box.count_overlaps([other for _, other in found[i + 1 :]]), f"{name}: {text!r} is covered"


def test_every_run_the_means_and_the_study_are_in_the_accuracy_figure(usual):
    grid, tables = usual
    (axes,) = accuracy_figure(grid, tables).axes
    shown = [list(line.get_xdata()) for line in axes.lines]
    for recipe, runs in grid.items():
        assert list(tables["overall"]["accuracy"][tables["overall"]["recipe"] == recipe]) in shown
        of_seeds = np.transpose([runs.accuracies(net) for net in runs.nets]).tolist()
        assert all(accuracies in shown for accuracies in of_seeds)
    by_reference, by_modern = [line.get_xdata() for line in axes.lines if line.get_markerfacecolor() == "none"]
    assert by_reference.tolist()[:3] == made_up.STUDY.loc["overall"].tolist()
    assert np.isnan(by_modern).all()


def test_classes_are_ordered_by_difficulty_the_most_difficult_at_the_top(usual):
    grid, tables = usual
    first, _ = per_class_figure(grid, tables).axes
    mean = tables["per_class"].groupby("class", sort=False)["accuracy"].mean().sort_values(kind="stable")
    assert [label.get_text() for label in first.get_yticklabels()] == list(mean.index)
    assert first.get_ylim()[0] > first.get_ylim()[1]
    rows = tables["per_class"].query("recipe == 'reference' and net == 'net1'").set_index("class")["accuracy"]
    assert first.lines[0].get_xdata().tolist() == rows[mean.index].tolist()


def test_confusion_is_in_percent_of_the_true_class():
    runs = made_up.runs_of({"net1": [0, 0, 0, 1, 1, 1]}, [0, 0, 0, 0, 1, 1], ["a", "b"])
    axes = confusion_figure(runs).axes[0]
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown == {(0.5, 0.5): "75", (1.5, 0.5): "25", (0.5, 1.5): "", (1.5, 1.5): "100"}


def test_the_loss_is_of_each_run_their_mean_and_on_the_evaluated_images(usual):
    grid, tables = usual
    axes, _ = loss_figure(grid, tables).axes
    curves = grid["reference"].curves["net1"]
    *runs, mean, evaluated = axes.lines[: len(curves) + 2]
    assert [line.get_ydata().tolist() for line in runs] == [curve["loss"].tolist() for curve in curves]
    assert mean.get_ydata() == pytest.approx(np.mean([curve["loss"] for curve in curves], axis=0))
    assert mean.get_xdata().max() == grid["reference"].recipe.epochs < evaluated.get_xdata().item()
    assert evaluated.get_ydata().item() == tables["overall"]["loss"].iloc[0]


def test_bins_of_few_images_are_left_out_of_the_reliability_curve():
    grid = made_up.grid(["reference"], images=60)
    tables = make_tables(grid, made_up.NO_STUDY)
    (axes,) = calibration_figure(grid, tables).axes
    bins = tables["calibration"][tables["calibration"]["net"] == "net3"]
    assert bins["images"].min() < FEWEST
    assert axes.lines[3].get_ydata().tolist() == bins["accuracy"][bins["images"] >= FEWEST].tolist()


def test_no_two_of_56_nets_look_the_same_and_of_eight_each_has_its_marker():
    styles = [style.line_style(i) for i in range(56)]
    assert all(a != b for a, b in combinations(styles, 2))
    assert len({one["marker"] for one in styles[:8]}) == 8
