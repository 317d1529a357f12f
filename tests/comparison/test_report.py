"""What a reader sees of the tables."""

from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10, NO_STUDY

from comparison import claims, formatting, report, tables
from comparison.runs import Runs

pytestmark = pytest.mark.filterwarnings("error")

STUDY = pd.DataFrame({"net1": [*range(50, 60), 61]}, index=[*CIFAR10, "overall"])


def cells(markdown: str) -> list[list[str]]:
    """The rows of the table in `markdown`, less the line under its head."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if set(line) - set("|:-")]


def test_markdown_aligns_numbers_right_and_marks_the_best():
    table = pd.DataFrame({"name": ["a", "b"], "x": ["1", "20"]})
    section = report.Section("Title", "Text.", table, words=("name",), best=frozenset({(1, "x")}))
    assert section.markdown() == (
        "## Title\n\nText.\n\n"
        "| name   |      x |\n|:-------|-------:|\n| a      |      1 |\n| b      | **20** |\n"
    )  # fmt: skip
    assert table.loc[1, "x"] == "20"  # the table itself stays free of marks


def test_a_section_without_a_table_is_its_sentence():
    assert report.Section("Title", "Nothing.", pd.DataFrame(), words=()).markdown() == "## Title\n\nNothing.\n"


def made(**predicted: list) -> Runs:
    """Runs on classes a, b and c with two images each."""
    indices = {net: np.array(own) for net, own in predicted.items()}
    return made_up.run(["a", "b", "c"], np.array([0, 0, 1, 1, 2, 2]), indices)


def test_several_seeds_show_their_spread_and_what_one_more_run_would_have():
    runs = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000)
    section = report.net_section(runs, tables.net_table(runs, STUDY))
    head, first, second = cells(section.markdown())
    assert head == [
        "net", "test accuracy (%)", "sd", "least–most (%)", "the study (%)", "one more run (%)", "the study within?"
    ]  # fmt: skip
    assert first == ["net1", "61.50 (59.2–63.8)", "0.50", "61.00–62.00", "61", "59.0–64.0", "yes"]
    assert second == ["mine", "40.00 (37.6–42.4)", "0.50", "39.50–40.50", "–", "37.5–42.5", "–"]
    assert "the mean of one run by each of the seeds 0, 1 and 2" in section.text
    assert "What another choice of training images would do is in none of them." in section.text


def test_one_seed_is_about_these_trained_nets():
    runs = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000, seeds=1)
    made_tables = tables.make_tables(runs, STUDY)
    section = report.net_section(runs, made_tables.nets)
    assert cells(section.markdown()) == [
        ["net", "test accuracy (%)", "the study (%)"],
        ["net1", "61.50 (58.4–64.5)", "61"],
        ["mine", "40.00 (37.0–43.1)", "–"],
    ]
    assert "trained once, by seed 0: all this is about these trained nets" in section.text
    differences = report.difference_section(runs, made_tables.differences)
    assert differences.title == "Do these trained nets differ?"
    assert "McNemar's exact test" in differences.text
    assert "number of pairs, 1;" in differences.text
    assert differences.table.loc[0, "differ?"] == "yes"


def test_a_net_the_study_does_not_have_gets_no_column_per_class():
    runs = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000)
    per_class = report.class_section(runs, tables.class_table(runs, STUDY))
    assert list(per_class.table) == ["true class", "net1", "net1, the study", "mine"]
    assert per_class.table["net1, the study"].tolist() == [str(accuracy) for accuracy in range(50, 60)]


def test_the_best_net_of_a_class_is_marked():
    runs = made(x=[0] * 6, y=[1] * 6)
    table = tables.class_table(runs, NO_STUDY).assign(best=[False, False, False, True, False, False])
    assert report.class_section(runs, table).best == {(1, "y")}
    assert "is marked where" in report.class_section(runs, table).text
    alone = made(x=[0] * 6)
    assert "marked" not in report.class_section(alone, tables.class_table(alone, NO_STUDY)).text


def test_differences_of_nets_say_where_their_error_comes_from():
    runs = made_up.cifar_like({"a": 0.60, "b": 0.61, "c": 0.80}, 1000)
    section = report.difference_section(runs, tables.difference_table(runs))
    assert section.title == "Do the nets differ?"
    assert list(section.table)[2:] == ["error by seeds", "error by test images", "degrees of freedom", "differ?"]
    assert section.table["nets"].tolist() == ["a → b", "a → c", "b → c"]
    assert section.table["differ?"].tolist() == ["could be chance", "yes", "yes"]
    assert section.table["error by seeds"].tolist() == ["0.41"] * 3


def test_a_difference_in_which_nothing_varies_could_be_chance():
    runs = made_up.run(["a", "b"], np.array([0, 1]), {"x": np.array([[1, 0]] * 2), "y": np.array([[0, 1]] * 2)})
    section = report.difference_section(runs, tables.difference_table(runs))
    assert section.table[["difference (points)", "differ?"]].to_numpy().tolist() == [
        ["+100.00 (+100.0 to +100.0)", "could be chance"]
    ]


def test_one_net_has_no_differences():
    runs = made_up.cifar_like({"only": 0.6}, 100)
    section = report.difference_section(runs, tables.difference_table(runs))
    assert section.table.empty
    assert "one net" in section.text


def test_a_net_that_is_right_more_often_and_too_sure_is_named():
    runs = made_up.cifar_like({"a": 0.6, "b": 0.7, "c": 0.8}, 100)
    table = tables.net_table(runs, NO_STUDY).assign(loss=[1.2, 0.7, 0.9])
    section = report.size_section(runs, table)
    assert section.text.endswith(
        " c is right more often than b and yet its test loss is worse: it is too sure of what it gets wrong."
    )
    assert section.table.loc[1].tolist() == ["b", "5", "2,000", "20,000", "74.67", "+5.00", "0.700", "0.899"]


@pytest.mark.parametrize(("lossless", "said"), [(True, 0), (False, 1)])
def test_lossy_images_are_called_so(lossless, said):
    runs = made_up.cifar_like({"a": 0.6}, 100)
    dataset = runs.conditions.dataset.model_copy(update={"lossless": lossless})
    runs = replace(runs, conditions=replace(runs.conditions, dataset=dataset))
    assert report.net_section(runs, tables.net_table(runs, NO_STUDY)).text.count("JPEG") == said


def test_confusions_that_all_nets_share_are_named():
    actual = np.array([0, 0, 1, 1])
    predicted = {"x": np.array([1, 1, 1, 0]), "y": np.array([1, 0, 1, 1])}
    run = made_up.run(["a", "b"], actual, predicted)
    section = report.mistake_section(run, tables.mistake_table(run))
    assert section.text.endswith("In the list of every net: a → b.")
    assert cells(section.markdown())[1:] == [
        ["1", "a → b, 2 (100.0 %)", "a → b, 1 (50.0 %)"],
        ["2", "b → a, 1 (50.0 %)", "–"],
    ]


def test_confusions_where_nets_share_none_or_make_none():
    actual, right = np.array([0, 1]), np.array([0, 1])
    run = made_up.run(["a", "b"], actual, {"right": right, "wrong": np.array([1, 0])})
    section = report.mistake_section(run, tables.mistake_table(run))
    assert section.text.endswith("In the list of every net: none.")
    assert section.table["right"].tolist() == ["–", "–"]
    perfect = made_up.run(["a", "b"], actual, {"right": right})
    assert (
        report.mistake_section(perfect, tables.mistake_table(perfect))
        .markdown()
        .endswith("No net gets any test image wrong.\n")
    )


def test_claims_are_a_row_each():
    run = made_up.cifar_like(images=100)
    section = report.claim_section(claims.judge(run, tables.make_tables(run, NO_STUDY)))
    assert list(section.table) == ["claim", "verdict", "figure", "reason"]
    assert len(section.table) == len(claims.CLAIMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formatting.signed(-0.004), "+0.00"),
        (formatting.signed(-3.25), "−3.25"),
        (formatting.signed(-3.25, 1), "−3.3"),
        (formatting.signed(float("nan")), "–"),
        (formatting.percent(100.0), "100.00"),
        (formatting.percent(15.85, 1), "15.9"),
        (formatting.percent(2.05, 1), "2.1"),
        (formatting.percent(0.005), "0.01"),
        (formatting.percent(61.0, 0), "61"),
        (formatting.percent(75.09 - 59.24), "15.85"),
        (formatting.whole(1234567), "1,234,567"),
        (formatting.whole(72.5), "73"),
        (formatting.p_value(0.0), "< 0.0001"),
        (formatting.p_relation(0.0312), "p = 0.0312"),
        (formatting.signed_within(1.0, -2.0, 4.0), "+1.00 (−2.0 to +4.0)"),
        (formatting.signed_within(82.5, 61.2, 99.0, 0, 0), "+83 (+61 to +99)"),
        (formatting.percent_within(50.0, 40.0, 60.0), "50.00 (40.0–60.0)"),
        (formatting.percent_within(50.0, 40.0, 60.0, decimals=1), "50.0 (40.0–60.0)"),
    ],
)
def test_numbers_as_a_reader_sees_them(text, expected):
    assert text == expected


def test_differences_add_up_as_they_are_printed():
    runs = made_up.cifar_like({"a": 0.5924, "b": 0.7509, "c": 0.7714}, sd=0)
    overall = report.net_section(runs, tables.net_table(runs, NO_STUDY)).table
    accuracy = [float(cell.split()[0]) for cell in overall["test accuracy (%)"]]
    difference = report.difference_section(runs, tables.difference_table(runs)).table["difference (points)"]
    a_b, a_c, b_c = (float(cell.split()[0]) for cell in difference)
    assert (a_b, a_c, b_c) == (15.85, 17.9, 2.05)
    assert round(a_b + b_c, 2) == a_c
    assert [round(accuracy[1] - accuracy[0], 2), round(accuracy[2] - accuracy[1], 2)] == [a_b, b_c]


def test_the_report_says_once_what_all_runs_were_trained_with():
    runs = made_up.cifar_like({"net1": 0.6, "net2": 0.7}, images=100, seeds=2)
    assert report.trained_with(runs) == "Trained with PyTorch 2.0, an abacus."
    other = runs.training["net2"][1].model_copy(update={"device": "a GPU"})
    assert report.trained_with(replace(runs, training=runs.training | {"net2": [runs.training["net2"][0], other]})) == (
        "The runs were not trained alike, which alone can make a difference: "
        "net1-0, net1-1, net2-0 with PyTorch 2.0, an abacus; net2-1 with PyTorch 2.0, a GPU."
    )
