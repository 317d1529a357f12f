"""The tables of numbers, calibration and how numbers become text, on runs made up here."""

from pathlib import Path

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10, NO_STUDY, STUDY
from sklearn.metrics import log_loss

from comparison import calibration, formatting, tables
from comparison.runs import Runs, read_grid
from errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

# Four images of two classes: confidences 0.9, 0.8, 0.6 and 0.7, of which the last two are wrong.
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
LABELS = np.array([0, 1, 1, 0])


def small(names: list[str], labels: list[int], recipe_name: str = "reference", **predicted: list) -> dict[str, Runs]:
    return {recipe_name: made_up.runs_of(predicted, labels, names, recipe_name=recipe_name)}


@pytest.fixture(scope="module")
def grid() -> dict[str, Runs]:
    return made_up.grid()


def test_differences_are_of_each_pair_of_nets_and_of_each_net_by_each_pair_of_recipes(grid):
    table = tables.difference_table(grid)
    within, across = table[:12], table[12:]
    assert (within["first_recipe"] == within["second_recipe"]).all()
    assert across["first_net"].tolist() == across["second_net"].tolist() == list(made_up.NETS)
    assert set(across["first_recipe"]) == {"reference"}
    accuracy = tables.net_table(grid, NO_STUDY).set_index(["recipe", "net"])["accuracy"]
    for row in table.itertuples():
        expected = accuracy[row.second_recipe, row.second_net] - accuracy[row.first_recipe, row.first_net]
        assert row.difference == pytest.approx(expected)
        assert row.low < row.difference < row.high
    assert within.loc[0, "p_second_better"] == 1  # net1 and net2
    assert tables.difference_table(made_up.grid(("a",), nets={"net1": (70, 1)}, images=10)).empty


def test_one_seed_has_wilsons_interval_and_no_spread():
    grid = small(["a", "b"], [0] * 10 + [1] * 10, net1=[[0] * 20], mine=[[1] * 10 + [0] * 10])
    made = tables.make_tables(grid, NO_STUDY)
    nets = made["overall"].set_index("net")
    assert nets.loc["mine", ["accuracy", "low", "high"]].tolist() == pytest.approx([0, 0, 16.1125], abs=1e-4)
    assert nets[["sd", "ensemble_accuracy", "prediction_low", "prediction_high", "study"]].isna().all(axis=None)
    assert nets["prediction_by"].tolist() == ["", ""]
    assert made["per_class"]["sd"].isna().all()
    assert made["per_class"][["low", "high"]].notna().all(axis=None)
    assert made["differences"]["difference"].tolist() == [-50]
    assert made["differences"].loc[0, "low":].isna().all()


def test_several_seeds_are_summed_up():
    grid = small(["a", "b"], [0, 0, 1, 1], net1=[[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])
    row = tables.net_table(grid, NO_STUDY).loc[0]
    assert row[["seeds", "accuracy", "sd"]].tolist() == [3, 75, 25]
    runs = grid["reference"]
    records = runs.records["net1"]
    assert row["training_loss"] == pytest.approx(np.mean([record.training_loss for record in records]))
    assert row["gap"] == pytest.approx(row["training_accuracy"] - 75)
    expected = [log_loss(runs.labels, of_seed) for of_seed in runs.probabilities("net1")]
    assert row["loss"] == pytest.approx(np.mean(expected))


def test_two_seeds_give_no_interval_for_a_class_or_a_difference_and_three_do():
    nets = {"net1": (60, 2), "net2": (90, 2)}
    two, three = (tables.make_tables(made_up.grid(("a",), nets=nets, seeds=seeds), STUDY) for seeds in (2, 3))
    assert two["per_class"][["low", "high"]].isna().all(axis=None)
    assert two["overall"][["low", "high", "prediction_low"]].notna().all(axis=None)
    assert two["differences"][["low", "high"]].isna().all(axis=None)
    assert two["differences"][["se_seeds", "se_images", "df", "p_second_better"]].notna().all(axis=None)
    assert three["differences"]["low"].gt(0).all()
    assert two["overall"]["study_inside"].tolist() == [None, None]


def test_one_more_run_is_by_the_pooled_spread_of_the_studys_nets_alone(grid):
    table = tables.net_table(grid, STUDY).set_index(["recipe", "net"]).loc["reference"]
    assert table["prediction_by"].to_dict() == dict(net1="pooled", net2="pooled", net3="pooled", net3_no_bn="own")
    assert table["study_inside"].tolist() == [True, True, True, None]
    others = made_up.grid(nets={"net1": (61, 0.4), "net2": (76, 12), "net3": (80, 1), "mine": (10, 0)})
    table = tables.net_table(others, STUDY).set_index(["recipe", "net"]).loc["reference"]
    assert table["prediction_by"].to_dict() == dict(net1="own", net2="own", net3="own", mine="")
    assert np.isnan(table.loc["mine", "prediction_low"])


def test_the_studys_figures_stand_beside_its_own_recipe_only(grid):
    for table in (tables.net_table(grid, STUDY), tables.class_table(grid, STUDY)):
        of_its_nets = table["net"].isin(tables.STUDY_NETS)
        assert (table["study"].notna() == (of_its_nets & (table["recipe"] == "reference"))).all()
    assert tables.net_table({"modern": grid["modern"]}, STUDY)["study"].isna().all()


@pytest.mark.parametrize(("study", "inside"), [(52, False), (53, True), (68, True), (69, False)])
def test_the_studys_figure_is_an_interval_beside_that_of_one_more_run(study, inside):
    """One more run is in 61 ± 4.3027·1.5·√(4/3), so 53.55 to 68.45; 53 stands for all from 53 to 54."""
    runs = made_up.cifar_like({"net1": (61, 1.5)}, images=1000)
    found = tables.prediction(runs, "net1", pd.DataFrame({"net1": study}, index=[*CIFAR10, "overall"]))
    assert (found["prediction_low"], found["prediction_high"]) == pytest.approx((53.5476, 68.4524), abs=1e-4)
    assert found["study_inside"] is inside


def test_the_most_confused_pairs_come_first_and_equal_ones_by_label():
    grid = small(["a", "b", "c"], [0, 0, 0, 1, 1, 1, 2, 2, 2, 2], net=[[0, 2, 1, 2, 2, 1, 0, 1, 2, 2]])
    table = tables.confusion_table(grid)
    pairs = ["b → c", "a → b", "a → c", "c → a", "c → b"]
    assert (table["true"] + " → " + table["predicted"]).tolist() == pairs
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["images"].tolist() == [2, 1, 1, 1, 1]
    assert table["rate"].tolist() == pytest.approx([200 / 3, 100 / 3, 100 / 3, 25, 25])


def test_confusions_are_counted_over_all_seeds_and_only_where_there_are_some():
    grid = small(["a", "b"], [0, 0, 1, 1], net=[[0, 1, 1, 1], [1, 1, 1, 0]], always=[[0, 0, 1, 1]] * 2)
    table = tables.confusion_table(grid)
    assert table[["net", "images", "rate"]].to_numpy().tolist() == [["net", 3, 75], ["net", 1, 25]]
    assert tables.confusion_table(small(["a", "b"], [0, 1], always=[[0, 1]])).empty


def test_what_is_written_is_what_is_read(grid, tmp_path, monkeypatch):
    made_up.write(grid, tmp_path)
    monkeypatch.chdir(tmp_path)
    again = tables.make_tables(read_grid(list(made_up.NETS), ["reference", "modern"], [0, 1, 2]), STUDY)
    for name, table in tables.make_tables(grid, STUDY).items():
        pd.testing.assert_frame_equal(again[name], table)
    for path in Path("metrics/evaluate/net2/modern").iterdir():
        path.write_text(path.read_text().replace("0.9", "0.8"))  # its momentum
    with pytest.raises(UserError, match="net1-modern-0 and net2-modern-0"):
        read_grid(list(made_up.NETS), ["reference", "modern"], [0, 1, 2])


def test_the_calibration_error_as_worked_by_hand():
    """Each image has a bin of its own: off by 0.1, 0.2, 0.6 and 0.7, on average 0.4."""
    assert calibration.expected_calibration_error(PROBABILITIES, LABELS) == pytest.approx(0.4)
    assert calibration.reliability(PROBABILITIES, LABELS)["bin"].tolist() == [9, 11, 12, 14]


def test_an_ensemble_has_the_mean_of_probabilities():
    """Of two runs the surer decides: the second image is right in the second run, which is surer of it."""
    runs = made_up.runs_of({"net": [[0, 0], [0, 1]]}, [0, 1], ["a", "b"])
    runs.logits["net"][:] = [[[2, 0], [1, 0]], [[2, 0], [0, 3]]]
    row = tables.net_table({"reference": runs}, NO_STUDY).loc[0]
    assert (row["accuracy"], row["ensemble_accuracy"]) == (75, 100)


def test_numbers_are_rounded_once_from_full_precision():
    assert formatting.percent_within(81.14996, 80.04, 82.06) == "81.15 (80.0–82.1)"
    assert (formatting.percent(81.14996, 1), formatting.percent(12345.6, 0)) == ("81.1", "12,346")
    assert formatting.signed(-0.001) == formatting.signed(0.0) == "+0.00"
    assert formatting.signed_within(-1.5, -2.25, 0.04) == "−1.50 (−2.2 to +0.0)"
    assert (formatting.listed("abc"), formatting.listed("a")) == ("a, b and c", "a")
