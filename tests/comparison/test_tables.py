"""The tables of numbers, on runs made up here; those of a real run are seen through DVC in test_pipeline.py."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10, NO_STUDY

from comparison import statistics, tables
from comparison.runs import Runs

pytestmark = pytest.mark.filterwarnings("error")

STUDY = pd.DataFrame({"net1": [*range(50, 60), 61]}, index=[*CIFAR10, "overall"])


def of(names: list[str], actual: list[int], **predicted: list) -> Runs:
    return made_up.run(names, np.array(actual), {net: np.array(indices) for net, indices in predicted.items()})


def test_the_overall_table_of_one_seed_has_wilsons_interval_and_no_spread():
    runs = of(["a", "b"], [0] * 10 + [1] * 10, net1=[0] * 20, mine=[1] * 10 + [0] * 10)
    table = tables.net_table(runs, NO_STUDY).set_index("net")
    assert table.loc["net1", ["accuracy", "training_accuracy", "gap", "loss_gap"]].tolist() == [50, 50, 0, 0]
    assert table.loc["mine", ["accuracy", "low", "high", "gap"]].tolist() == [0, 0, 16.1125, 5]  # Newcombe's interval
    assert table["sd"].isna().all()
    assert list(table) == [
        "seeds", "layers", "parameters", "multiply_adds", "accuracy", "sd", "low", "high", "least", "most",
        "loss", "training_accuracy", "training_loss", "gap", "loss_gap",
    ]  # fmt: skip


def test_the_overall_table_of_several_seeds_sums_them_up():
    runs = of(["a", "b"], [0, 0, 1, 1], net1=[[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])
    row = tables.net_table(runs, NO_STUDY).loc[0]
    assert row[["seeds", "accuracy", "sd", "least", "most"]].tolist() == [3, 75, 25, 50, 100]
    assert row["training_loss"] == 0.999
    found = statistics.contrast([runs.right("net1")], [100])
    assert found.high > row["high"] == 100
    assert row["low"] == pytest.approx(max(0, found.low), abs=1e-4)


@pytest.mark.parametrize(("study", "inside"), [(52, False), (53, True), (68, True), (69, False)])
def test_the_studys_figure_is_an_interval_beside_that_of_one_more_run(study, inside):
    """One more run is in 61 ± 4.3027·1.5·√(4/3), so 53.55 to 68.45; 53 stands for all from 53 to 54."""
    found = tables.beside_study(np.array([59.5, 61.0, 62.5]), study)
    assert (found["prediction_low"], found["prediction_high"]) == pytest.approx((53.5476, 68.4524), abs=1e-4)
    assert found["study_inside"] is inside


def test_the_studys_figures_stand_beside_ours_where_it_has_them():
    runs = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000)
    overall = tables.net_table(runs, STUDY).set_index("net")
    assert overall.loc["net1", ["accuracy", "study", "study_inside"]].tolist() == [61.5, 61.0, True]
    assert overall.loc["mine", ["study", "study_inside"]].isna().all()
    per_class = tables.class_table(runs, STUDY)
    assert per_class.loc[per_class["net"] == "net1", "study"].tolist() == list(range(50, 60))
    assert per_class.loc[per_class["net"] == "mine", "study"].isna().all()


def test_classes_come_in_label_order_and_nets_in_the_order_given():
    runs = made_up.cifar_like({"z": 0.5, "a": 0.6}, images=100)
    table = tables.class_table(runs, NO_STUDY)
    assert list(zip(table["class"], table["net"], strict=True)) == [(name, net) for name in CIFAR10 for net in "za"]
    assert list(table) == ["class", "net", "images", "accuracy", "sd", "low", "high", "best"]
    assert table["low"].le(table["accuracy"]).all()
    assert table["accuracy"].le(table["high"]).all()
    assert table["images"].eq(10).all()


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_best_of_a_class_is_marked_where_that_is_not_chance(seeds):
    generator, actual = np.random.default_rng(0), np.repeat([0, 1, 2], 200)
    rates = {"x": (0.9, 0.5, 0.5), "y": (0.5, 0.52, 0.5), "z": (0.2, 0.1, 0.9)}
    predicted = {
        net: (actual + (generator.random((seeds, 600)) > np.array(rate)[actual])) % 3 for net, rate in rates.items()
    }
    table = tables.class_table(made_up.run(["a", "b", "c"], actual, predicted), NO_STUDY)
    assert table.loc[table["best"], ["class", "net"]].to_numpy().tolist() == [["a", "x"], ["c", "z"]]


def test_a_net_that_always_says_the_same_is_best_of_nothing():
    runs = of(["a", "b"], [0] * 50 + [1] * 50, x=[[0] * 100] * 3, y=[[1] * 100] * 3)
    assert not tables.class_table(runs, NO_STUDY)["best"].any()


def test_with_one_seed_differences_count_the_images_that_one_net_alone_gets_right():
    runs = of(["a", "b"], [0, 0, 0, 1, 1, 1], x=[0, 0, 0, 0, 0, 1], y=[0, 1, 1, 1, 1, 1], z=[0, 0, 0, 0, 0, 1])
    table = tables.difference_table(runs)
    assert table[["first", "second", "only_first", "only_second"]].to_numpy().tolist() == [
        ["x", "y", 2, 2],
        ["x", "z", 0, 0],
        ["y", "z", 2, 2],
    ]
    assert table["p"].tolist() == table["p_holm"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("seeds", "columns"), [(1, ["only_first", "only_second", "p", "p_holm"]), (3, ["se_seeds", "se_images", "df"])]
)
def test_differences_agree_with_the_overall_table(seeds, columns):
    runs = made_up.cifar_like(seeds=seeds)
    accuracy = tables.net_table(runs, NO_STUDY).set_index("net")["accuracy"]
    table = tables.difference_table(runs)
    expected = accuracy[table["second"]].to_numpy() - accuracy[table["first"]].to_numpy()
    assert table["difference"].to_numpy() == pytest.approx(expected)
    assert ((table["low"] < table["difference"]) & (table["difference"] < table["high"])).all()
    assert list(table)[5:] == columns


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize(("nets", "pairs"), [(1, 0), (2, 1), (8, 28)])
def test_there_are_as_many_pairs_as_the_nets_allow(nets, pairs, seeds):
    runs = made_up.cifar_like(dict.fromkeys([f"n{i}" for i in range(nets)], 0.7), images=10, seeds=seeds)
    assert len(tables.difference_table(runs)) == pairs


def test_the_most_confused_pairs_come_first_and_equal_ones_by_label():
    runs = of(["a", "b", "c"], [0, 0, 0, 1, 1, 1, 2, 2, 2, 2], net=[0, 2, 1, 2, 2, 1, 0, 1, 2, 2])
    table = tables.mistake_table(runs)
    pairs = ["b → c", "a → b", "a → c", "c → a", "c → b"]
    assert (table["true"] + " → " + table["predicted"]).tolist() == pairs
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["images"].tolist() == [2, 1, 1, 1, 1]
    assert table["rate"].tolist() == [66.6667, 33.3333, 33.3333, 25, 25]


def test_confusions_are_counted_over_all_seeds():
    runs = of(["a", "b"], [0, 0, 1, 1], net=[[0, 1, 1, 1], [1, 1, 1, 0]])
    assert runs.confusion("net").to_numpy().tolist() == [[1, 3], [1, 3]]
    assert tables.mistake_table(runs)[["images", "rate"]].to_numpy().tolist() == [[3, 75], [1, 25]]


def test_a_net_that_confuses_little_has_few_rows():
    runs = of(["a", "b"], [0, 1], right=[0, 1], chance=[0, 0])
    table = tables.mistake_table(runs)
    assert table[["net", "rank", "true", "predicted", "images"]].to_numpy().tolist() == [["chance", 1, "b", "a", 1]]
    assert tables.mistake_table(of(["a", "b"], [0, 1], right=[0, 1])).empty
