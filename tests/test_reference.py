"""The committed reference run: it belongs to this code and these parameters, and the README quotes it."""

import json
import re

import pandas as pd
import pytest
from clone import REPOSITORY
from pages import README, section, table, verdicts

from params import load_params

NETS = list(load_params(REPOSITORY / "params.yaml").nets)
STUDY = {"net1": 61, "net2": 76, "net3": 80}  # accuracy (%)
MARGIN = 3  # points: whole percents there, another encoding of the images here, one seed in both
COMPARISON = (REPOSITORY / "metrics/comparison.md").read_text(encoding="utf-8")


def test_it_belongs_to_this_code_and_these_parameters(clone):
    """In a clone that has neither images nor checkpoints. What to do when this fails: docs/changing-the-code.md."""
    assert clone.is_current()


def test_it_is_the_study():
    overall = pd.read_csv(REPOSITORY / "metrics/overall.csv").set_index("net")
    assert list(overall.index) == NETS
    for net, accuracy in STUDY.items():
        assert overall.loc[net, "accuracy"] == pytest.approx(accuracy, abs=MARGIN)
        assert json.loads((REPOSITORY / f"metrics/train/{net}.json").read_text())["steps"] == 50_000


def test_the_readme_has_its_overall_table_and_no_other():
    assert table(section(README, "## Results")) == table(section(COMPARISON, "## Overall"))


def test_the_readme_has_its_verdicts_and_no_others():
    found = re.findall(r"^    (?:holds|does not hold|not decided) .+\n", section(README, "## Results"), re.MULTILINE)
    assert "".join(found) == verdicts(json.loads((REPOSITORY / "metrics/claims.json").read_text()))


def test_the_readme_shows_its_figures_and_says_on_what_it_ran():
    figures = re.findall(r"^!\[.+\]\((.+)\)$", README, flags=re.MULTILINE)
    assert {f"plots/figures/{name}.png" for name in ("loss", "per_class", "confusion")} <= set(figures)
    assert all((REPOSITORY / figure).exists() for figure in figures)
    results = section(README, "## Results")
    for net in NETS:
        timing = json.loads((REPOSITORY / f"metrics/timing/{net}.json").read_text())
        assert f"{net} {timing['seconds'] / 60:.1f}" in results  # minutes
        assert f"torch {timing['torch']}, Python {timing['python']}" in results


def test_the_readmes_experiment_is_compared_with_it():
    (path, metric, head, workspace, change), *_ = re.findall(
        r"^ +(metrics/\w+\.json) +(accuracy|loss) +([\d.]+) +([\d.]+) +(-?[\d.]+)$",
        section(README, "## Results"),
        re.MULTILINE,
    )
    assert json.loads((REPOSITORY / path).read_text())[metric] == float(head)
    assert float(workspace) - float(head) == pytest.approx(float(change), abs=1e-5)
