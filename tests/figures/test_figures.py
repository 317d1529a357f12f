"""What the figures say, and that none of their words overlap or are cut."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import made_up
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from comparison.run import Run
from comparison.tables import class_table, net_table
from figures import style
from figures.confusion import confusion_figure
from figures.cost import cost_figure
from figures.frame import describe, title
from figures.loss import loss_figure
from figures.per_class import per_class_figure
from figures.wrong_by_all import wrong_by_all_figure

pytestmark = pytest.mark.filterwarnings("error")

GENERATOR = np.random.default_rng(0)
ACTUAL = np.arange(40) % 10
EIGHT = {f"net{i}": GENERATOR.integers(0, 10, 40) for i in range(8)}
LONG = ["a class with a very long name", "another one that is even longer than the first", "$x_1$ & <b>"]
RUNS = {
    "like CIFAR-10": made_up.cifar_like(images=2000),
    "one net": made_up.cifar_like({"net1": 0.6}, images=500),
    "eight nets": made_up.run(made_up.CIFAR10, ACTUAL, EIGHT),
    "three nets, ten images": made_up.run(
        made_up.CIFAR10, ACTUAL[:10], {"net1": EIGHT["net1"][:10], "net2": ACTUAL[:10], "net3": ACTUAL[:10] * 0}
    ),
    "at chance, one class for all": made_up.run(made_up.CIFAR10, ACTUAL, {"net1": ACTUAL, "net2": ACTUAL * 0}),
    "all right": made_up.run(["a", "b"], np.array([0, 1]), {"net1": np.array([0, 1]), "net2": np.array([0, 1])}),
    "long names": made_up.run(
        LONG, np.arange(30) % 3, {f"a_variant_with_a_long_name_{i}": np.arange(30) // 3 % 3 for i in range(4)}
    ),
    "validation images": made_up.cifar_like(images=2000, on="validation"),
    "a hundred classes": made_up.run(
        [f"class {i}" for i in range(100)], np.arange(200) % 100, {"net1": np.arange(200) // 2}
    ),
}
RECIPE = made_up.RECIPE.model_copy(
    update={
        "name": "one_with_a_long_name",
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "schedule": "one-cycle",
        "flip": True,
        "batch_size": 512,
        "epochs": 100,
    }
)
RUNS["a recipe of many words"] = replace(RUNS["one net"], conditions=replace(RUNS["one net"].conditions, recipe=RECIPE))
FIGURES: dict[str, Callable[[Run], Figure]] = {
    "loss": lambda run: loss_figure(run.curves, run.conditions),
    "per class": lambda run: per_class_figure(class_table(run), run.conditions),
    "cost": lambda run: cost_figure(net_table(run), run.conditions),
    "confusion": lambda run: confusion_figure(run.matrices, title("Confusion matrices", run.nets, run.conditions)),
    "wrong by all": lambda run: wrong_by_all_figure(run.predictions, pictures(run), run.conditions),
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def pictures(run: Run) -> np.ndarray:
    return np.zeros((len(run.predictions), 32, 32, 3), np.uint8)


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


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("figure", FIGURES)
def test_no_words_overlap_and_none_are_cut(figure, run, monkeypatch):
    drawn = FIGURES[figure](RUNS[run])
    found = drawn_words(drawn, monkeypatch)
    assert found
    for i, (text, box) in enumerate(found):
        assert drawn.bbox.count_contains(box.corners()) == 4, f"{text!r} is cut"
        assert not box.count_overlaps([other for _, other in found[i + 1 :]]), f"{text!r} is covered"


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_titled_with_nets_dataset_and_recipe(figure):
    title = FIGURES[figure](RUNS["like CIFAR-10"]).get_suptitle()
    assert "net1, net2, net3, net3_no_bn on made up" in title.replace("\n", " ")
    assert title.endswith("\nrecipe none: batch 5, learning rate 0.001, 1 epoch")


def test_a_title_leaves_out_nothing_that_matters_of_a_recipe():
    for changes, says in [
        ({}, "recipe none: batch 5, learning rate 0.001, 1 epoch"),
        ({"schedule": "cosine"}, "recipe none: batch 5, learning rate 0.001 (cosine), 1 epoch"),
        ({"flip": True}, "recipe none: batch 5, learning rate 0.001, 1 epoch, augmented"),
        ({"cutout": 8}, "recipe none: batch 5, learning rate 0.001, 1 epoch, augmented"),
        (
            RECIPE.model_dump(),
            "recipe one_with_a_long_name: AdamW, batch 512, learning rate 0.0001 (one-cycle), 100 epochs, augmented",
        ),
    ]:
        assert describe(made_up.RECIPE.model_copy(update=changes)) == says


@pytest.mark.parametrize("figure", FIGURES)
def test_on_validation_images_each_figure_says_so_and_speaks_of_no_test(figure, monkeypatch):
    drawn = FIGURES[figure](RUNS["validation images"])
    assert "on made up with 2,000 validation images" in drawn.get_suptitle().replace("\n", " ")
    words = " ".join(text for text, _ in drawn_words(drawn, monkeypatch))
    assert "test" not in words.lower()
    if figure in ("per class", "cost"):
        assert drawn.get_suptitle().startswith("Validation accuracy ")
        assert words.count("validation accuracy (%") == 1


@pytest.mark.parametrize("count", [1, 4, 8])
def test_the_loss_of_each_net_has_its_own_colour_and_line(count):
    run = RUNS["eight nets"]
    curves = dict(list(run.curves.items())[:count])
    (axes,) = loss_figure(curves, run.conditions).axes
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axes.lines}) == count
    assert axes.get_xlabel() == "training step (one batch of 5 images)"
    assert axes.get_ylabel() == "cross-entropy, mean of 1,000 steps (nats)"


def test_a_net_looks_the_same_alone_and_among_others():
    run = RUNS["like CIFAR-10"]
    (together,) = loss_figure(run.curves, run.conditions).axes
    (alone,) = loss_figure({"net2": run.curves["net2"]}, run.conditions, position=1).axes
    assert alone.lines[0].get_color() == together.lines[1].get_color()


def test_no_two_of_64_nets_look_the_same():
    styles = [style.net_style(i) for i in range(64)]
    assert all(a != b for a, b in combinations(styles, 2))


def test_classes_are_ordered_by_difficulty_and_the_studys_accuracy_is_hollow():
    accuracy = pd.DataFrame(
        [("easy", 90.0, 80.0, 95.0, 85.0), ("hard", 10.0, 5.0, 20.0, 30.0), ("b", 50.0, 40.0, 60.0, 55.0)],
        columns=["class", "accuracy", "low", "high", "study"],
    ).assign(net="net1")
    (axes,) = per_class_figure(accuracy, RUNS["one net"].conditions).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["easy", "b", "hard"]
    study, ours = axes.lines[:2]
    assert study.get_xdata().tolist() == [85.0, 55.0, 30.0]
    assert study.get_markerfacecolor() == "white"
    assert ours.get_xdata().tolist() == [90.0, 50.0, 10.0]
    (intervals,) = axes.collections[:1]
    assert [segment[:, 0].tolist() for segment in intervals.get_segments()] == [[80, 95], [40, 60], [5, 20]]


def test_confusion_matrices_share_one_scale_and_show_counts():
    run = RUNS["like CIFAR-10"]
    figure = FIGURES["confusion"](run)
    meshes = [axes.collections[0] for axes in figure.axes[: len(run.matrices)]]
    assert {mesh.get_clim() for mesh in meshes} == {(0, 100)}
    counts = [int(text.get_text()) for text in figure.axes[0].texts]
    assert counts == run.matrices["net1"].to_numpy().ravel().tolist()


def test_a_class_without_images_has_no_share():
    matrix = pd.DataFrame([[3, 1], [0, 0]], index=["a", "b"], columns=["a", "b"])
    mesh = confusion_figure({"net1": matrix}, "title").axes[0].collections[0]
    assert mesh.get_array().ravel().tolist() == [75, 25, 0, 0]


def test_the_sheet_shows_images_that_all_nets_get_wrong():
    names = ["a", "b", "c"]
    run = made_up.run(names, np.array([0, 1, 2, 0]), {"x": np.array([1, 1, 0, 2]), "y": np.array([2, 1, 1, 0])})
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] + np.zeros((4, 32, 32, 3), np.uint8)
    figure = wrong_by_all_figure(run.predictions, images, run.conditions)
    assert figure.get_suptitle().startswith(
        "2 of 4 test images are wrong in every net; here are 2, the true class above"
    )
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.images[0].get_array()[0, 0, 0] for axes in shown] == [0, 2]
    assert [axes.get_title() for axes in shown] == ["a", "c"]
    assert [axes.texts[0].get_text() for axes in shown] == ["x b\ny c", "x a\ny b"]


def test_the_same_figure_gives_the_same_bytes():
    first, second = (style.drawn(FIGURES["confusion"](RUNS["one net"])) for _ in range(2))
    assert first == second


def test_a_users_own_matplotlibrc_changes_nothing(tmp_path):
    """In processes of their own, because it is read when matplotlib is loaded."""
    program = """
import hashlib, pandas as pd
from figures.confusion import confusion_figure
from figures.style import drawn
matrix = pd.DataFrame([[3, 1], [0, 2]], index=["a", "b"], columns=["a", "b"])
print(hashlib.md5(drawn(confusion_figure({"net1": matrix}, "title")).png).hexdigest())
"""
    (tmp_path / "matplotlibrc").write_text(
        "text.usetex: True\nfont.family: monospace\naxes.facecolor: yellow\nsavefig.dpi: 50\n"
    )
    source = Path(style.__file__).parents[1]
    results = {
        subprocess.check_output([sys.executable, "-c", program], text=True, cwd=source, env=os.environ | environment)
        for environment in ({}, {"MATPLOTLIBRC": str(tmp_path)})
    }
    assert len(results) == 1
