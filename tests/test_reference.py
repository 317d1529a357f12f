"""The committed reference run: it belongs to this code and these parameters, and the README quotes it."""

import json
import re
import subprocess

import numpy as np
import pandas as pd
import pytest
from clone import REPOSITORY
from pages import README, section, table, verdicts
from scipy import stats

from foundation import yaml12
from params import load_params

pytestmark = pytest.mark.reference

NETS = list(load_params(REPOSITORY / "params.yaml").nets)
STUDY = pd.read_csv(REPOSITORY / "data/study.csv").set_index("class")  # accuracy (%)
OVERALL = pd.read_csv(REPOSITORY / "metrics/overall.csv").set_index("net")
COMPARISON = (REPOSITORY / "metrics/comparison.md").read_text(encoding="utf-8")
NETS_OF_BOTH = OVERALL.index.intersection(STUDY.columns)
of_the_study = pytest.mark.skipif(
    "study" not in OVERALL or "recipe reference" not in COMPARISON,
    reason="the committed run is on other images or by another recipe than the study",
)


def test_it_belongs_to_this_code_and_these_parameters(clone):
    """In a clone that has neither images nor checkpoints. What to do when this fails: docs/changing-the-code.md."""
    assert clone.is_current()
    assert list(OVERALL.index) == NETS


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="only git knows what is tracked")
def test_nothing_that_git_lacks_lies_in_a_folder_that_it_depends_on():
    """It would be in the hashes of dvc.lock, and no clean clone would agree."""
    stages = yaml12.read(REPOSITORY / "dvc.yaml")["stages"].values()
    deps = {dep for stage in stages for dep in stage.get("do", stage)["deps"]}
    folders = sorted(dep for dep in deps if (REPOSITORY / dep).is_dir())
    assert "src/comparison" in folders
    command = ["git", "ls-files", "--others", "--exclude-standard", *folders]
    assert subprocess.check_output(command, cwd=REPOSITORY, text=True) == ""


@of_the_study
@pytest.mark.parametrize("net", NETS_OF_BOTH)
def test_it_is_as_long_as_the_study(net):
    assert json.loads((REPOSITORY / f"metrics/train/{net}.json").read_text())["steps"] == 50_000


@of_the_study
@pytest.mark.parametrize("net", NETS_OF_BOTH)
def test_its_accuracy_is_one_that_another_run_of_the_study_could_have(net):
    """Ours and the study's, one run each: if by chance alone, they differ by less than t·s·√2 in 95 of 100 cases.

    Where the study's figure lay follows from what it printed, its accuracy and that of each class: all are cut off to
    whole percents. s is the spread over seeds that had been measured before: Net1's by this recipe on the JPEG images,
    seeds 0 to 4. Net2's and Net3's, not measured yet, are taken to be as large. What the encoding of the images does is
    left out. The rule is newer than the run of 23 November 2026 and binds those after it.
    A run outside is a finding, to be said in README, and no reason for a wider margin.
    """
    of_seeds = [59.24, 60.54, 61.37, 60.14, 59.88]  # accuracy (%)
    margin = stats.t.ppf(0.975, len(of_seeds) - 1) * np.std(of_seeds, ddof=1) * np.sqrt(2)
    printed = STUDY.loc["overall", net], STUDY.drop("overall")[net].mean()
    assert max(printed) - margin < OVERALL.loc[net, "accuracy"] < min(printed) + 1 + margin


@of_the_study
def test_the_readme_states_the_largest_deviation_from_the_study():
    net = OVERALL["difference"].abs().idxmax()
    difference = OVERALL.loc[net, "difference"]
    side = "below" if difference < 0 else "above"
    statement = f"{net.capitalize()} lies {abs(difference):.1f} points {side} the study"
    assert statement in " ".join(section(README, "## Results").split())


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
