"""What a reader sees of the tables."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10

from comparison import claims, formatting, report, tables

pytestmark = pytest.mark.filterwarnings("error")

NO_STUDY = pd.DataFrame()
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
    run = made_up.cifar_like({"net1": 0.615, "mine": 0.4}, images=1000)
    head, first, second = cells(report.overall(tables.overall(run.details, run.training, STUDY), run.common).markdown())
    assert head[4:7] == ["test accuracy (%)", "the study (%)", "ours − the study"]
    assert first == ["net1", "5", "1,000", "10,000", "61.5 (58.4–64.5)", "61.0", "+0.5", "61.5", "+0.0"]
    assert second == ["mine", "5", "2,000", "20,000", "40.0 (37.0–43.1)", "–", "–", "45.0", "+5.0"]
    per_class = report.per_class(tables.per_class(run.details, STUDY))
    assert list(per_class.table) == ["true class", "net1", "net1, the study", "mine"]
    assert per_class.table["net1, the study"].tolist() == [f"{accuracy}.0" for accuracy in range(50, 60)]


def test_the_best_nets_of_a_class_are_marked_unless_all_are_equal():
    actual = np.array([0, 0, 1, 1, 2, 2])
    predicted = {"x": [0, 0, 1, 0, 0, 0], "y": [0, 1, 1, 0, 0, 0], "z": [0, 0, 0, 1, 0, 0]}
    run = made_up.run(["a", "b", "c"], actual, {net: np.array(indices) for net, indices in predicted.items()})
    section = report.per_class(tables.per_class(run.details, NO_STUDY))
    assert section.best == {(0, "x"), (0, "z")}


def test_differences_say_what_could_be_chance():
    section = report.differences(tables.pairs(made_up.cifar_like({"a": 0.60, "b": 0.61, "c": 0.80}, 1000).predictions))
    assert section.table["real?"].tolist() == ["could be chance", "yes", "yes"]
    assert section.table["nets"].tolist() == ["a → b", "a → c", "b → c"]
    assert "number of pairs, 3" in section.text


def test_one_net_has_no_differences():
    section = report.differences(tables.pairs(made_up.cifar_like({"only": 0.6}, 100).predictions))
    assert section.table.empty
    assert "one net" in section.text


def test_confusions_that_all_nets_share_are_named():
    actual = np.array([0, 0, 1, 1])
    predicted = {"x": np.array([1, 1, 1, 0]), "y": np.array([1, 0, 1, 1])}
    section = report.confusions(tables.confusions(made_up.run(["a", "b"], actual, predicted).matrices), ["x", "y"])
    assert section.text.endswith("In the list of every net: a → b.")
    assert cells(section.markdown())[1:] == [
        ["1", "a → b, 2 (100.0 %)", "a → b, 1 (50.0 %)"],
        ["2", "b → a, 1 (50.0 %)", "–"],
    ]


def test_confusions_where_nets_share_none_or_make_none():
    actual, right = np.array([0, 1]), np.array([0, 1])
    run = made_up.run(["a", "b"], actual, {"right": right, "wrong": np.array([1, 0])})
    section = report.confusions(tables.confusions(run.matrices), ["right", "wrong"])
    assert section.text.endswith("In the list of every net: none.")
    assert section.table["right"].tolist() == ["–", "–"]
    perfect = tables.confusions({"right": run.matrices["right"]})
    assert report.confusions(perfect, ["right"]).markdown().endswith("No net gets any test image wrong.\n")


def test_claims_are_a_row_each():
    section = report.claims(claims.judge(made_up.cifar_like(images=100).evidence()))
    assert list(section.table) == ["claim", "verdict", "figure", "reason"]
    assert len(section.table) == len(claims.CLAIMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formatting.signed(-0.04), "+0.0"),
        (formatting.signed(-3.25), "−3.2"),
        (formatting.signed(float("nan")), "–"),
        (formatting.percent(100.0), "100.0"),
        (formatting.whole(1234567), "1,234,567"),
        (formatting.p_value(0.0), "< 0.0001"),
        (formatting.p_relation(0.0312), "p = 0.0312"),
        (formatting.signed_within(1.0, -2.0, 4.0), "+1.0 (−2.0 to +4.0)"),
        (formatting.percent_within(50.0, 40.0, 60.0), "50.0 (40.0–60.0)"),
    ],
)
def test_numbers_as_a_reader_sees_them(text, expected):
    assert text == expected
