"""The tables of numbers, on runs made up here; those of a real run are seen through DVC in test_pipeline.py."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10

from comparison import tables
from comparison.run import Run

pytestmark = pytest.mark.filterwarnings("error")

STUDY = pd.DataFrame({"net1": [*range(50, 60), 61]}, index=[*CIFAR10, "overall"])


def of(names: list[str], actual: list[int], **predicted: list[int]) -> Run:
    return made_up.run(names, np.array(actual), {net: np.array(indices) for net, indices in predicted.items()})


def test_the_overall_table_has_intervals_and_the_gap():
    run = of(["a", "b"], [0] * 10 + [1] * 10, net1=[0] * 20, mine=[1] * 10 + [0] * 10)
    run.training["net1"] = run.training["net1"].model_copy(update={"accuracy": 62.1234})
    table = tables.net_table(run).set_index("net")
    assert table.loc["net1", ["accuracy", "training_accuracy", "gap"]].tolist() == [50, 62.1234, 12.1234]
    assert table.loc["mine", ["accuracy", "accuracy_low", "accuracy_high"]].tolist() == [0, 0, 16.1125]  # Newcombe's
    assert list(table) == [
        "layers", "parameters", "multiply_adds", "accuracy", "accuracy_low", "accuracy_high", "training_accuracy", "gap"
    ]  # fmt: skip


def test_the_studys_figures_stand_beside_ours_where_it_has_them():
    run = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000, study=STUDY)
    overall = tables.net_table(run).set_index("net")
    assert overall.loc["net1", ["accuracy", "study", "difference"]].tolist() == [61.5, 61.0, 0.5]
    assert overall.loc["mine", ["study", "difference"]].isna().all()
    per_class = tables.class_table(run)
    assert per_class.loc[per_class["net"] == "net1", "study"].tolist() == list(range(50, 60))
    assert per_class.loc[per_class["net"] == "mine", "study"].isna().all()


def test_classes_come_in_label_order_and_nets_in_the_order_given():
    run = made_up.cifar_like({"z": 0.5, "a": 0.6}, images=100)
    table = tables.class_table(run)
    assert list(zip(table["class"], table["net"], strict=True)) == [(name, net) for name in CIFAR10 for net in "za"]
    assert list(table) == ["class", "net", "images", "correct", "accuracy", "low", "high"]
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"]).all()


def test_pairs_count_the_images_that_one_net_alone_gets_right():
    run = of(["a", "b"], [0, 0, 0, 1, 1, 1], x=[0, 0, 0, 0, 0, 1], y=[0, 1, 1, 1, 1, 1], z=[0, 0, 0, 0, 0, 1])
    table = tables.pair_table(run.predictions)
    assert table[["first", "second", "only_first", "only_second"]].to_numpy().tolist() == [
        ["x", "y", 2, 2],
        ["x", "z", 0, 0],
        ["y", "z", 2, 2],
    ]
    assert table["p"].tolist() == table["p_holm"].tolist() == [1, 1, 1]


def test_pairs_agree_with_the_overall_table():
    run = made_up.cifar_like()
    accuracy = tables.net_table(run).set_index("net")["accuracy"]
    table = tables.pair_table(run.predictions)
    expected = accuracy[table["second"]].to_numpy() - accuracy[table["first"]].to_numpy()
    assert table["difference"].to_numpy() == pytest.approx(expected)
    assert ((table["low"] < table["difference"]) & (table["difference"] < table["high"])).all()
    assert (table["p_holm"] >= table["p"]).all()


@pytest.mark.parametrize(("nets", "pairs"), [(1, 0), (2, 1), (8, 28)])
def test_there_are_as_many_pairs_as_the_nets_allow(nets, pairs):
    run = made_up.cifar_like(dict.fromkeys([f"n{i}" for i in range(nets)], 0.7), images=10)
    assert len(tables.pair_table(run.predictions)) == pairs


def test_the_most_confused_pairs_come_first_and_equal_ones_by_label():
    run = of(["a", "b", "c"], [0, 0, 0, 1, 1, 1, 2, 2, 2, 2], net=[0, 2, 1, 2, 2, 1, 0, 1, 2, 2])
    table = tables.mistake_table(run.matrices)
    pairs = ["b → c", "a → b", "a → c", "c → a", "c → b"]
    assert (table["true"] + " → " + table["predicted"]).tolist() == pairs
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["images"].tolist() == [2, 1, 1, 1, 1]
    assert table["rate"].tolist() == [66.6667, 33.3333, 33.3333, 25, 25]


def test_a_net_that_confuses_little_has_few_rows():
    run = of(["a", "b"], [0, 1], right=[0, 1], chance=[0, 0])
    table = tables.mistake_table(run.matrices)
    assert table[["net", "rank", "true", "predicted", "images"]].to_numpy().tolist() == [["chance", 1, "b", "a", 1]]
    assert tables.mistake_table({"right": run.matrices["right"]}).empty


def test_mistaken_pairs_add_both_directions():
    run = made_up.cifar_like({"net1": 0.6}, images=1000)
    matrix, pairs = run.matrices["net1"], tables.mistaken(run.matrices["net1"])
    assert pairs["cat", "dog"] == matrix.loc["cat", "dog"] + matrix.loc["dog", "cat"]
    assert pairs.sum() == 400
    assert len(pairs) == 45
