"""What the figures say, and that none of their words overlap or are cut."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from figures import style
from figures.accuracy import accuracy_figure
from figures.confusion import confusion_figure
from figures.cost import cost_figure
from figures.frame import describe, title
from figures.loss import loss_figure
from figures.per_class import per_class_figure
from figures.wrong_by_all import wrong_by_all_figure
from images.dataset import Dataset
from params import NamedRecipe
from results.evaluated import Conditions

pytestmark = pytest.mark.filterwarnings("error")

CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
STUDY = {"net1": 61, "net2": 76, "net3": 80}
PLAIN = NamedRecipe(
    name="none", learning_rate=0.001, momentum=0.9, weight_decay=0.0, batch_size=5, epochs=2, log_every=1000
)
WORDY = PLAIN.model_copy(
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


@dataclass(frozen=True)
class Results:
    """What the figures show."""

    conditions: Conditions
    curves: dict[str, list[pd.DataFrame]]
    losses: dict[str, list[float]]
    accuracies: dict[str, list[float]]
    nets: pd.DataFrame
    differences: pd.DataFrame
    classes: pd.DataFrame
    matrices: dict[str, pd.DataFrame]
    actual: np.ndarray
    predicted: dict[str, np.ndarray]


def results(
    accuracies: dict[str, float],
    seeds: int = 3,
    names: list[str] = CIFAR10,
    images: int = 500,
    study: bool = True,
    on: str = "test",
    recipe: NamedRecipe = PLAIN,
    width: float = 1.5,
) -> Results:
    """Made up: nets that are right as often as `accuracies` say, a net that is at 0 gives one answer for all images.

    width: half of each interval (points).
    """
    generator = np.random.default_rng(0)
    actual, predicted = np.arange(images) % len(names), {}
    for net, accuracy in accuracies.items():
        right = generator.random((seeds, images)) < accuracy
        wrong = (actual + generator.integers(1, len(names), (seeds, images))) % len(names)
        predicted[net] = np.where(right, actual, wrong if accuracy else 0)
    dataset = Dataset(
        source="made up", content="sha256:0", lossless=True, train_images=10_000, **{f"{on}_images": images}
    )
    steps = np.arange(1000, 1000 + 2000 * recipe.epochs, 1000)
    curve = pd.DataFrame({"step": steps, "epoch": (steps - 1) // 2000 + 1, "loss": 2.3 - np.log10(steps / 1000)})
    curve["loss"] = curve["loss"].clip(0.1)
    of_seeds = {net: (own == actual).mean(axis=1) * 100 for net, own in predicted.items()}
    nets, classes = [], []
    for i, (net, own) in enumerate(of_seeds.items()):
        mean, known = own.mean(), STUDY.get(net, np.nan)
        nets.append((net, 10_000 * (i + 1), mean, max(0, mean - width), min(100, mean + width), known))
    table = pd.DataFrame(nets, columns=["net", "multiply_adds", "accuracy", "low", "high", "study"])
    for label, name in enumerate(names):
        shares = {net: 100 * (own[:, actual == label] == label).mean() for net, own in predicted.items()}
        for net, share in shares.items():
            best = len(shares) > 1 and share == max(shares.values()) and label % 2 == 0
            low, high = max(0, share - 4 * width), min(100, share + 4 * width)
            classes.append((name, net, share, low, high, best, STUDY.get(net, np.nan)))
    mean = dict(zip(table["net"], table["accuracy"], strict=True))
    pairs = [(a, b, mean[b] - mean[a]) for a, b in combinations(mean, 2)]
    differences = pd.DataFrame(pairs, columns=["first", "second", "difference"])
    made = Results(
        conditions=Conditions(dataset, recipe, list(names)),
        curves={net: [curve.assign(loss=curve["loss"] + 0.02 * s) for s in range(seeds)] for net in predicted},
        losses={net: [0.5 + 0.02 * s for s in range(seeds)] for net in predicted},
        accuracies={net: own.tolist() for net, own in of_seeds.items()},
        nets=table,
        differences=differences.assign(
            low=differences["difference"] - 2 * width, high=differences["difference"] + 2 * width
        ),
        classes=pd.DataFrame(classes, columns=["class", "net", "accuracy", "low", "high", "best", "study"]),
        matrices={net: counts(actual, own, names) for net, own in predicted.items()},
        actual=actual,
        predicted=predicted,
    )
    if not study:
        made = replace(made, nets=made.nets.drop(columns="study"), classes=made.classes.drop(columns="study"))
    return made


def counts(actual: np.ndarray, predicted: np.ndarray, names: list[str]) -> pd.DataFrame:
    matrix = np.zeros((len(names), len(names)), int)
    for own in predicted:
        np.add.at(matrix, (actual, own), 1)
    return pd.DataFrame(matrix, index=names, columns=names)


NETS = {"net1": 0.61, "net2": 0.76, "net3": 0.80}
LONG = ["a class with a very long name", "another one that is even longer than the first", "$x_1$ & <b>"]
RESULTS = {
    "like the study": results(NETS | {"net3_no_bn": 0}),
    "three nets": results(NETS),
    "one net": results({"net1": 0.6}),
    "one net from one seed": results({"net1": 0.6}, seeds=1, study=False),
    "two seeds": results(NETS, seeds=2, width=30),
    "twelve nets": results({f"net{i}": 0.3 + 0.04 * i for i in range(12)}, study=False),
    "twelve nets alike": results({f"net{i}": 0.5 for i in range(12)}),
    "three nets, ten images": results(NETS, images=10),
    "all at chance": results({"net1": 0, "net2": 0, "net3": 0}),
    "all right": results({"net1": 1, "net2": 1}, names=["a", "b"], width=0),
    "long names": results({f"a_variant_with_a_long_name_{i}": 0.5 for i in range(5)}, names=LONG, study=False),
    "validation images": results(NETS, on="validation", images=2000),
    "a hundred classes": results({"net1": 0.5}, names=[f"class {i}" for i in range(100)]),
    "a hundred classes, three nets": results(NETS, names=[f"class {i}" for i in range(100)]),
    "a recipe of many words": results({"net1": 0.5}, recipe=WORDY),
}
FIGURES: dict[str, Callable[[Results], Figure]] = {
    "loss": lambda of: loss_figure(of.curves, of.losses, of.conditions),
    "accuracy": lambda of: accuracy_figure(of.accuracies, of.nets, of.differences, of.conditions),
    "per class": lambda of: per_class_figure(of.classes, of.conditions),
    "cost": lambda of: cost_figure(of.nets, of.conditions),
    "confusion": lambda of: confusion_figure(of.matrices, of.conditions),
    "wrong by all": lambda of: wrong_by_all_figure(of.actual, of.predicted, pictures(of), of.conditions),
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def pictures(of: Results) -> np.ndarray:
    return np.zeros((len(of.actual), 32, 32, 3), np.uint8)


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


@pytest.mark.parametrize("of", RESULTS)
@pytest.mark.parametrize("figure", FIGURES)
def test_no_words_overlap_and_none_are_cut(figure, of, monkeypatch):
    drawn = FIGURES[figure](RESULTS[of])
    found = drawn_words(drawn, monkeypatch)
    assert found
    for i, (text, box) in enumerate(found):
        assert drawn.bbox.count_contains(box.corners()) == 4, f"{text!r} is cut"
        assert not box.count_overlaps([other for _, other in found[i + 1 :]]), f"{text!r} is covered"


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_titled_with_nets_dataset_and_recipe(figure):
    title = FIGURES[figure](RESULTS["like the study"]).get_suptitle()
    what, recipe = title.split("\n")
    assert what.endswith(" of net1, net2, net3, net3_no_bn on made up")
    seeds = ", 3 seeds" if figure in ("loss", "accuracy", "wrong by all") else ""
    assert recipe == f"recipe none: batch 5, learning rate 0.001, 2 epochs{seeds}"


def test_a_title_counts_more_nets_than_fit_and_says_one_seed():
    conditions = RESULTS["one net"].conditions
    assert title("Loss", [f"net{i}" for i in range(30)], conditions).startswith("Loss of 30 nets on made up\n")
    assert title("Loss", ["net1"], conditions, seeds=1).endswith(", 1 seed")


def test_a_title_leaves_out_nothing_that_matters_of_a_recipe():
    for changes, says in [
        ({}, "recipe none: batch 5, learning rate 0.001, 2 epochs"),
        ({"schedule": "cosine"}, "recipe none: batch 5, learning rate 0.001 (cosine), 2 epochs"),
        ({"flip": True}, "recipe none: batch 5, learning rate 0.001, 2 epochs, augmented"),
        ({"cutout": 8, "epochs": 1}, "recipe none: batch 5, learning rate 0.001, 1 epoch, augmented"),
        (
            WORDY.model_dump(),
            "recipe one_with_a_long_name: AdamW, batch 512, learning rate 0.0001 (one-cycle), 100 epochs, augmented",
        ),
    ]:
        assert describe(PLAIN.model_copy(update=changes)) == says


@pytest.mark.parametrize("figure", FIGURES)
def test_on_validation_images_each_figure_says_so_and_speaks_of_no_test(figure, monkeypatch):
    drawn = FIGURES[figure](RESULTS["validation images"])
    assert "on made up with 2,000 validation images" in drawn.get_suptitle().replace("\n", " ")
    words = " ".join(text for text, _ in drawn_words(drawn, monkeypatch))
    assert "test" not in words.lower()
    if figure in ("accuracy", "per class", "cost"):
        assert drawn.get_suptitle().startswith("Validation accuracy ")
        assert words.count("validation accuracy (%") == 1


def test_the_loss_has_a_thin_line_a_seed_and_a_bold_mean_and_ends_with_the_loss_on_test_images():
    of = RESULTS["three nets"]
    (axes,) = FIGURES["loss"](of).axes
    thin = [line for line in axes.lines if line.get_linewidth() < 1 and len(line.get_xdata()) > 2]
    bold = [line for line in axes.lines if line.get_label() in of.curves]
    ends = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert len(thin) == 9
    assert [line.get_label() for line in bold] == list(of.curves)
    np.testing.assert_allclose(bold[0].get_ydata(), of.curves["net1"][1]["loss"])  # seeds lie evenly around the second
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in bold}) == 3
    assert [line.get_ydata().tolist() for line in ends] == list(of.losses.values())
    assert min(line.get_xdata().min() for line in ends) > of.curves["net1"][0]["step"].max()
    assert axes.get_xlabel() == "training step (one batch of 5 images)"
    assert axes.get_ylabel() == "cross-entropy, mean of 1,000 steps (nats)"


@pytest.mark.parametrize(
    ("epochs", "marked"), [(1, ["1"]), (2, ["1", "2"]), (25, ["3", "6", "9", "12", "15", "18", "21", "24"])]
)
def test_epochs_are_marked_where_they_end(epochs, marked):
    of = results({"net1": 0.5}, recipe=PLAIN.model_copy(update={"epochs": epochs}))
    (axes,) = FIGURES["loss"](of).axes
    epoch, *numbers, on = [text.get_text() for text in axes.texts]
    assert (epoch, numbers, on) == ("epoch", marked, "test")
    ends = [line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]]
    assert ends == [2000 * int(number) for number in marked]


def test_the_fall_at_new_epochs_is_explained_where_there_are_any(monkeypatch):
    for epochs in (1, 2):
        of = results({"net1": 0.5}, recipe=PLAIN.model_copy(update={"epochs": epochs}))
        words = " ".join(text for text, _ in drawn_words(FIGURES["loss"](of), monkeypatch)).replace("\n", " ")
        assert ("The loss falls at each new epoch, which is no error" in words) == (epochs > 1)


def test_each_seeds_accuracy_is_shown_beside_the_mean_and_the_study():
    of = RESULTS["three nets"]
    left, right = FIGURES["accuracy"](of).axes
    shown = [line.get_xdata() for line in left.lines]
    for net in of.nets.itertuples():
        assert any(np.array_equal(values, of.accuracies[net.net]) for values in shown)
        assert any(np.array_equal(values, [net.accuracy]) for values in shown)
    hollow = [line for line in left.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_xdata().tolist() for line in hollow] == [[61], [76], [80]]
    assert [label.get_text() for label in right.get_yticklabels()] == ["net2 − net1", "net3 − net1", "net3 − net2"]
    assert right.lines[0].get_xdata() == [0, 0]


def test_of_many_pairs_only_neighbours_are_shown():
    _, right = FIGURES["accuracy"](RESULTS["twelve nets"]).axes
    assert [label.get_text() for label in right.get_yticklabels()] == [f"net{i + 1} − net{i}" for i in range(11)]


def test_a_difference_is_written_with_its_sign_and_its_interval():
    of = RESULTS["three nets"]
    pair = pd.DataFrame([("net1", "net2", -2.04, -4, -0.04)], columns=["first", "second", "difference", "low", "high"])
    _, right = accuracy_figure(of.accuracies, of.nets, pair, of.conditions).axes
    assert [text.get_text() for text in right.texts] == ["−2.0 [−4.0, +0.0]"]


def test_one_seed_is_no_mean():
    of = RESULTS["one net from one seed"]
    (loss,) = FIGURES["loss"](of).axes
    assert not [line for line in loss.lines if line.get_linewidth() < 0.7]
    figure = FIGURES["accuracy"](of)
    assert len(figure.axes) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one seed"]


def test_no_two_of_64_nets_look_the_same():
    styles = [style.net_style(i) for i in range(64)]
    assert all(a != b for a, b in combinations(styles, 2))


def test_classes_are_ordered_by_difficulty_and_the_studys_accuracy_is_hollow_and_on_top():
    classes = pd.DataFrame(
        [
            ("easy", 90.0, 80.0, 95.0, 85.0, False),
            ("hard", 10.0, 5.0, 20.0, 30.0, True),
            ("b", 50.0, 40.0, 60.0, 61.0, True),
        ],
        columns=["class", "accuracy", "low", "high", "study", "best"],
    ).assign(net="net1")
    (axes,) = per_class_figure(classes, RESULTS["one net"].conditions).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["easy", "b", "hard"]
    ours, study, best = axes.lines
    assert ours.get_xdata().tolist() == [90.0, 50.0, 10.0]
    assert study.get_xdata().tolist() == [85.0, 61.0, 30.0]
    assert study.get_markerfacecolor() == "none"
    assert study.get_zorder() > ours.get_zorder()
    assert best.get_xydata().tolist() == [[63, 1], [22, 2]]  # right of the interval, or of the study's mark at its end
    (intervals,) = axes.collections[:1]
    assert [segment[:, 0].tolist() for segment in intervals.get_segments()] == [[80, 95], [40, 60], [5, 20]]


def test_only_the_best_that_is_not_by_chance_is_marked():
    of = RESULTS["three nets"]
    none = per_class_figure(of.classes.assign(best=False), of.conditions)
    words = [text.get_text() for legend in none.legends for text in legend.get_texts()]
    assert words == ["net1", "net2", "net3", "hollow: the study"]


def test_points_are_named_without_a_legend():
    figure = FIGURES["cost"](RESULTS["like the study"])
    assert not figure.legends
    assert [text.get_text() for text in figure.axes[0].texts if text.get_text()] == [
        "net1",
        "net2",
        "net3",
        "net3_no_bn",
    ]


def test_matrices_show_shares_on_one_scale_and_right_answers_apart():
    of = RESULTS["like the study"]
    figure = FIGURES["confusion"](of)
    fields = figure.axes[:4]
    assert {axes.collections[0].get_clim() for axes in fields} == {(0, 20)}
    share = 100 * of.matrices["net1"] / of.matrices["net1"].sum(axis=1).to_numpy()[:, None]
    errors, right = (mesh.get_array().reshape(10, 10) for mesh in fields[0].collections)
    assert np.array_equal(errors.mask, np.eye(10, dtype=bool))
    assert np.array_equal(right.mask, ~errors.mask)
    np.testing.assert_allclose(np.where(errors.mask, right.data, errors.data), share)
    assert sum(text.get_text() == f"{share.loc['cat', 'cat']:.0f}" for text in fields[0].texts)


def test_a_field_that_is_left_shows_how_the_last_two_nets_differ():
    matrices = {
        net: pd.DataFrame(cells, index=["a", "b"], columns=["a", "b"])
        for net, cells in {"x": [[2, 2], [0, 4]], "y": [[2, 2], [1, 3]], "z": [[3, 1], [1, 3]]}.items()
    }
    figure = confusion_figure(matrices, RESULTS["three nets"].conditions)
    assert [axes.get_title() for axes in figure.axes[:4]] == ["x", "y", "z", "z − y"]
    assert [text.get_text() for text in figure.axes[3].texts] == ["+25", "−25"]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_no_field_is_empty_and_no_colour_bar_larger_than_its_matrix(count):
    of = results({f"net{i}": 0.5 for i in range(count)})
    figure = FIGURES["confusion"](of)
    figure.draw_without_rendering()
    *fields, last = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert len([*fields, last]) == {1: 1, 2: 2, 3: 4, 5: 6}[count]
    assert all(axes.collections for axes in [*fields, last])
    for bar in [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]:
        assert bar.bbox.width <= last.bbox.width
        assert bar.bbox.height < last.bbox.height / 10


def test_a_class_without_images_has_no_share():
    matrix = pd.DataFrame([[3, 1], [0, 0]], index=["a", "b"], columns=["a", "b"])
    errors, right = confusion_figure({"net1": matrix}, RESULTS["one net"].conditions).axes[0].collections
    assert errors.get_array().compressed().tolist() == [25, 0]
    assert right.get_array().compressed().tolist() == [75, 0]


def test_the_sheet_shows_images_that_all_runs_get_wrong_with_the_most_frequent_answers(monkeypatch):
    names = ["a", "b", "c"]
    conditions = replace(RESULTS["one net"].conditions, class_names=names)
    predicted = {
        "x": np.array([[1, 1, 0, 2], [1, 1, 0, 1], [2, 0, 1, 1]]),
        "y": np.array([[2, 1, 1, 0], [2, 1, 1, 2], [2, 1, 1, 1]]),
    }
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] + np.zeros((4, 32, 32, 3), np.uint8)
    figure = wrong_by_all_figure(np.array([0, 1, 2, 0]), predicted, images, conditions)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.images[0].get_array()[0, 0, 0] for axes in shown] == [0, 2]
    assert [axes.get_title() for axes in shown] == ["a", "c"]
    assert [axes.texts[0].get_text() for axes in shown] == ["x b\ny c", "x a\ny b"]
    words = " ".join(text for text, _ in drawn_words(figure, monkeypatch))
    assert "2 of 4 test images are wrong in every run. Above each its true class" in words


@pytest.mark.parametrize("figure", ["loss", "accuracy", "per class", "cost"])
def test_nets_are_told_apart_in_a_grey_print(figure):
    """Without their colours: by line style and marker."""
    of = results({f"net{i}": 0.5 for i in range(8)})
    axes = FIGURES[figure](of).axes[0]
    marks = {(line.get_color(), line.get_marker()) for line in axes.lines if line.get_color() in style.COLOURS}
    marks = {mark for mark in marks if mark[1] in style.MARKERS}
    assert len({marker for _, marker in marks}) == 8


def test_signs_tell_the_differences_of_a_grey_confusion_matrix_apart():
    field = FIGURES["confusion"](RESULTS["three nets"]).axes[3]
    written = {text.get_position(): text.get_text() for text in field.texts}
    for (row, column), value in np.ndenumerate(field.collections[0].get_array().reshape(10, 10)):
        sign = "" if abs(value) <= 0.5 else "+" if value > 0 else "−"
        assert written.get((column + 0.5, row + 0.5), "")[:1] == sign


def test_the_same_figure_gives_the_same_bytes():
    for figure in ("confusion", "cost"):
        first, second = (style.drawn(FIGURES[figure](RESULTS["one net"])) for _ in range(2))
        assert first == second


def test_a_users_own_matplotlibrc_changes_nothing(tmp_path):
    """In processes of their own, because it is read when matplotlib is loaded."""
    program = """
import hashlib
from test_figures import FIGURES, RESULTS, style
print(hashlib.md5(style.drawn(FIGURES["confusion"](RESULTS["one net"])).png).hexdigest())
"""
    (tmp_path / "matplotlibrc").write_text(
        "text.usetex: True\nfont.family: monospace\naxes.facecolor: yellow\nsavefig.dpi: 50\n"
    )
    paths = os.pathsep.join([str(Path(style.__file__).parents[1]), str(Path(__file__).parent)])
    results = {
        subprocess.check_output(
            [sys.executable, "-c", program], text=True, env=os.environ | {"PYTHONPATH": paths} | environment
        )
        for environment in ({}, {"MATPLOTLIBRC": str(tmp_path)})
    }
    assert len(results) == 1
