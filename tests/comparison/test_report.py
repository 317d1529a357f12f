"""What a reader sees of the tables."""

from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10

from comparison import claims, formatting, report, tables

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


def test_a_net_the_study_does_not_have_gets_a_dash():
    run = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000, study=STUDY)
    head, first, second = cells(report.net_section(run, tables.net_table(run)).markdown())
    assert head[4:7] == ["test accuracy (%)", "the study (%)", "ours − the study"]
    assert first == ["net1", "5", "1,000", "10,000", "61.50 (58.4–64.5)", "61", "+0.50", "61.50", "+0.00"]
    assert second == ["mine", "5", "2,000", "20,000", "40.00 (37.0–43.1)", "–", "–", "45.00", "+5.00"]
    per_class = report.class_section(run, tables.class_table(run))
    assert list(per_class.table) == ["true class", "net1", "net1, the study", "mine"]
    assert per_class.table["net1, the study"].tolist() == [str(accuracy) for accuracy in range(50, 60)]


def test_the_best_nets_of_a_class_are_marked_unless_all_are_equal():
    actual = np.array([0, 0, 1, 1, 2, 2])
    predicted = {"x": [0, 0, 1, 0, 0, 0], "y": [0, 1, 1, 0, 0, 0], "z": [0, 0, 0, 1, 0, 0]}
    run = made_up.run(["a", "b", "c"], actual, {net: np.array(indices) for net, indices in predicted.items()})
    section = report.class_section(run, tables.class_table(run))
    assert section.best == {(0, "x"), (0, "z")}


def test_differences_say_what_could_be_chance():
    run = made_up.cifar_like({"a": 0.60, "b": 0.61, "c": 0.80}, 1000)
    section = report.pair_section(run, tables.pair_table(run.predictions))
    assert section.table["real?"].tolist() == ["could be chance", "yes", "yes"]
    assert section.table["nets"].tolist() == ["a → b", "a → c", "b → c"]
    assert "number of pairs, 3" in section.text


def test_one_net_has_no_differences():
    run = made_up.cifar_like({"only": 0.6}, 100)
    section = report.pair_section(run, tables.pair_table(run.predictions))
    assert section.table.empty
    assert "one net" in section.text


def test_confusions_that_all_nets_share_are_named():
    actual = np.array([0, 0, 1, 1])
    predicted = {"x": np.array([1, 1, 1, 0]), "y": np.array([1, 0, 1, 1])}
    run = made_up.run(["a", "b"], actual, predicted)
    section = report.mistake_section(run, tables.mistake_table(run.matrices))
    assert section.text.endswith("In the list of every net: a → b.")
    assert cells(section.markdown())[1:] == [
        ["1", "a → b, 2 (100.0 %)", "a → b, 1 (50.0 %)"],
        ["2", "b → a, 1 (50.0 %)", "–"],
    ]


def test_confusions_where_nets_share_none_or_make_none():
    actual, right = np.array([0, 1]), np.array([0, 1])
    run = made_up.run(["a", "b"], actual, {"right": right, "wrong": np.array([1, 0])})
    section = report.mistake_section(run, tables.mistake_table(run.matrices))
    assert section.text.endswith("In the list of every net: none.")
    assert section.table["right"].tolist() == ["–", "–"]
    perfect = tables.mistake_table({"right": run.matrices["right"]})
    assert report.mistake_section(run, perfect).markdown().endswith("No net gets any test image wrong.\n")


def test_claims_are_a_row_each():
    run = made_up.cifar_like(images=100)
    section = report.claim_section(claims.judge(run, tables.make_tables(run)))
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
        (formatting.p_value(0.0), "< 0.0001"),
        (formatting.p_relation(0.0312), "p = 0.0312"),
        (formatting.signed_within(1.0, -2.0, 4.0), "+1.00 (−2.0 to +4.0)"),
        (formatting.percent_within(50.0, 40.0, 60.0), "50.00 (40.0–60.0)"),
        (formatting.percent_within(50.0, 40.0, 60.0, decimals=1), "50.0 (40.0–60.0)"),
    ],
)
def test_numbers_as_a_reader_sees_them(text, expected):
    assert text == expected


def test_differences_add_up_as_they_are_printed():
    run = made_up.cifar_like({"a": 0.5924, "b": 0.7509, "c": 0.7714})
    overall = report.net_section(run, tables.net_table(run)).table
    accuracy = [float(cell.split()[0]) for cell in overall["test accuracy (%)"]]
    difference = report.pair_section(run, tables.pair_table(run.predictions)).table["difference (points)"]
    a_b, a_c, b_c = (float(cell.split()[0]) for cell in difference)
    assert (a_b, a_c, b_c) == (15.85, 17.9, 2.05)
    assert round(a_b + b_c, 2) == a_c
    assert [round(accuracy[1] - accuracy[0], 2), round(accuracy[2] - accuracy[1], 2)] == [a_b, b_c]


def test_the_report_says_once_what_all_nets_were_trained_with():
    run = made_up.cifar_like({"net1": 0.6, "net2": 0.7, "net3": 0.8}, images=100)
    assert report.trained_with(run) == "Trained with seed 0, PyTorch 2.0, an abacus."

    def with_other(net: str, **changes: str) -> str:
        other = run.training | {net: run.training[net].model_copy(update=changes)}
        return report.trained_with(replace(run, training=other))

    assert with_other("net2", device="a GPU") == (
        "The nets were not trained alike, which alone can make a difference: "
        "net1, net3 with seed 0, PyTorch 2.0, an abacus; net2 with seed 0, PyTorch 2.0, a GPU."
    )
    assert "net1, net2 with seed 0, PyTorch 2.0, an abacus; net3 with seed 0, PyTorch 3.0" in with_other(
        "net3", torch="3.0"
    )
    seeds = run.evaluations | {"net1": run.evaluations["net1"].model_copy(update={"seed": 1})}
    assert "net1 with seed 1," in report.trained_with(replace(run, evaluations=seeds))
