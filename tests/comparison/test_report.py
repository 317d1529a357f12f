"""The report's Markdown: its order, its words for each kind of comparison, its numbers."""

import re
from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest

from comparison import report
from comparison.claims import Finding, judge
from comparison.runs import Runs
from comparison.tables import make_tables

pytestmark = pytest.mark.filterwarnings("error")


def report_of(grid: dict[str, Runs], study: pd.DataFrame = made_up.STUDY) -> str:
    findings = {recipe: judge(runs, study) for recipe, runs in grid.items()}
    return report.markdown_report(grid, make_tables(grid, study), findings)


def section(markdown: str, title: str) -> str:
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", markdown, re.DOTALL | re.MULTILINE)[1]


def cells(markdown: str) -> list[list[str]]:
    """The rows of the tables in `markdown`, less the lines under their heads."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and set(line) - set("|:-")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@pytest.fixture(scope="module")
def grid() -> dict[str, Runs]:
    return made_up.grid(images=200)


@pytest.fixture(scope="module")
def usual(grid) -> str:
    return report_of(grid)


def test_what_came_out_is_first_and_how_it_was_made_last_and_folded(usual):
    titles = re.findall(r"^## (.+)$", usual, re.MULTILINE)
    middle = ["The study's claims", "Per class", "Confusion", "Loss", "Cost", "Calibration"]
    assert titles == ["What came out", *middle, "How it was made"]
    assert re.findall(r"<summary>", section(usual, "How it was made")) == ["<summary>"] * 3
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", usual)


def test_the_overall_table_has_a_row_for_each_net_by_each_recipe_with_the_study(usual, grid):
    head, *rows = cells(section(usual, "What came out").partition("<details>")[0])
    tables = make_tables(grid, made_up.STUDY)
    assert [row[:2] for row in rows] == tables["overall"][["net", "recipe"]].to_numpy().tolist()
    assert [row[2].split()[0] for row in rows] == [f"{accuracy:.2f}" for accuracy in tables["overall"]["accuracy"]]
    assert [row[head.index("the study (%)")] for row in rows[:4]] == ["61", "76", "80", "–"]
    assert len(cells(section(usual, "What came out"))) == 9 + 1 + len(tables["differences"])


def test_each_claim_is_a_line_with_a_verdict_by_each_recipe_and_a_fold_with_what_decides_it(usual, grid):
    text = section(usual, "The study's claims")
    head, *rows = cells(text)
    assert head == ["#", "claim", "reference", "modern"]
    found = {recipe: list(judge(runs, made_up.STUDY).values()) for recipe, runs in grid.items()}
    for row, *findings in zip(rows, *found.values(), strict=True):
        assert row[1] == report.escape(findings[0].claim)
        assert all(cell.startswith(finding.verdict) for cell, finding in zip(row[2:], findings, strict=True))
        for recipe, finding in zip(found, findings, strict=True):
            assert f"- **{recipe}: {finding.verdict}**, {report.evidence(finding)}\n" in text
    assert text.count("<details>") == len(rows)
    assert "In brackets: the seeds" in text


@pytest.mark.parametrize(
    ("title", "decimals"),
    [
        ("Loss", {"training_accuracy": 2, "gap": 2, "loss": 3, "training_loss": 3}),
        ("Cost", {"layers": 0, "parameters": 0, "multiply_adds": 0}),
        ("Calibration", {"sureness": 1, "ece": 1, "loss": 3}),
    ],
)
def test_each_section_has_its_figures(usual, grid, title, decimals):
    table = make_tables(grid, made_up.STUDY)["overall"]
    table = table.assign(sureness=table["confidence"] - table["accuracy"])
    if title == "Cost":
        table = table.drop_duplicates("net")
    shown = [row[-len(decimals) :] for row in cells(section(usual, title))[1:]]
    numbers = [[float(cell.replace(",", "").replace("−", "-")) for cell in row] for row in shown]
    assert np.array(numbers) == pytest.approx(table[list(decimals)].round(decimals).to_numpy())


def test_what_came_out_is_said_in_sentences(usual, grid):
    tables = make_tables(grid, made_up.STUDY)
    findings = {recipe: judge(runs, made_up.STUDY) for recipe, runs in grid.items()}
    nets = tables["overall"]
    for sentence in report.changes(nets) + report.beside_study(nets) + report.verdicts(findings):
        assert f"\n- {sentence}\n" in usual
    pairs = tables["differences"].query("first_recipe == second_recipe")
    clear = (pairs["low"].gt(0) | pairs["high"].lt(0)).sum()
    assert f"\n  {clear} of {len(pairs)} differences between nets.\n" in usual
    off = nets.iloc[(nets["confidence"] - nets["accuracy"]).abs().argmax()]
    assert f"{off.net} by {off.recipe} is furthest off:\nits answers have {off.confidence:.1f} % confidence" in usual
    inside = pd.DataFrame({"recipe": "reference", "net": ["a", "b"], "study_inside": [True, False]})
    assert report.beside_study(inside)[0].endswith("? Yes for a. No for b.")
    assert "? Yes for net1, net2 and net3.\n" in usual
    assert "\n  net3 by reference, " in usual
    difficult = tables["per_class"].groupby("class")["accuracy"].mean().idxmin()
    assert f"the most difficult class, {difficult}," in section(usual, "Per class")


def test_verdicts_are_listed_and_marked():
    holds, fails, undecided = (Finding("It rises.", verdict, "1 to 2", "it does") for verdict in report.VERDICTS)
    by_b = {"x": holds, "y": replace(holds, stands=False)}
    (sentence,) = report.verdicts({"a": {"x": fails, "y": undecided}, "b": by_b})
    assert sentence.endswith("by a: does not hold (1), not decided (2); by b: holds (1 and 2 †).")
    assert report.verdict(replace(undecided, seeds_needed="7")) == "not decided (seeds: 7)"
    assert report.verdict(replace(holds, stands=False)) == "holds †"


def test_one_seed_of_one_net_is_called_so():
    text = report_of(made_up.grid(["reference"], nets={"net1": (61, 0.5)}, images=100, seeds=1))
    assert "one trained net (seed 0)" in text
    assert "Differences between" not in text
    assert cells(section(text, "What came out"))[0] == ["net", "test accuracy (%)", "the study (%)"]


def test_validation_images_are_called_so_and_the_study_is_not_beside_them():
    runs = made_up.cifar_like(images=100, evaluated_on="validation")
    text = report_of({"reference": runs}, made_up.NO_STUDY)
    assert "validation" in text.splitlines()[0]
    assert "No test image was used" in text
    assert "the study" not in text.replace("the study's", "")
    assert "validation accuracy (%)" in text


@pytest.mark.parametrize("answers", [[0, 1, 2], [0, 0, 0]])
def test_nets_that_are_always_right_or_at_chance_have_a_report_without_holes(answers):
    text = report_of({"reference": made_up.runs_of({"a": [answers] * 2}, [0, 1, 2], ["x", "y", "z"])}, made_up.NO_STUDY)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", text)
    assert ("No net gets any image wrong" in text) == (answers == [0, 1, 2])


def test_how_modern_was_chosen_is_said_where_it_is_shown(usual):
    assert "`modern` was chosen on validation images" in usual
    assert "`modern` was" not in report_of(made_up.grid(["reference"], images=50))


def test_runs_of_several_machines_are_named(grid):
    runs = made_up.cifar_like({"net1": (60, 1)}, images=20, seeds=2)
    assert "all runs" in report.how_it_was_made({"reference": runs})
    other = runs.training["net1"][1].model_copy(update={"device": "a GPU"})
    named = report.how_it_was_made({"reference": replace(runs, training={"net1": [runs.training["net1"][0], other]})})
    assert "a GPU: net1-reference-1." in named
    assert "all runs" not in named
