"""The committed reference run: it belongs to this code and these parameters, and the README quotes it."""

import json
import re
import subprocess

import numpy as np
import pandas as pd
import pytest
from clone import REPOSITORY
from pages import README, section, table, verdicts

from foundation import yaml12
from params import load_params
from results.run import Run

pytestmark = pytest.mark.reference
if not (REPOSITORY / "metrics/overall.csv").exists():
    pytest.skip("no comparison is committed: its runs are not complete", allow_module_level=True)

PARAMS = load_params(REPOSITORY / "params.yaml")
RUNS = [Run(net, seed) for net in PARAMS.nets for seed in PARAMS.seeds]
OVERALL = pd.read_csv(REPOSITORY / "metrics/overall.csv").set_index("net")
COMPARISON = (REPOSITORY / "metrics/comparison.md").read_text(encoding="utf-8")
of_the_study = pytest.mark.skipif(
    "study" not in OVERALL or "recipe reference" not in COMPARISON,
    reason="the committed runs are on other images or by another recipe than the study",
)


def test_it_belongs_to_this_code_and_these_parameters(clone):
    """In a clone that has neither images nor checkpoints. What to do when this fails: docs/changing-the-code.md."""
    assert clone.is_current()
    assert list(OVERALL.index) == list(PARAMS.nets)
    assert set(OVERALL["seeds"]) == {len(PARAMS.seeds)}


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="only git knows what is tracked")
def test_nothing_that_git_lacks_lies_in_a_folder_that_it_depends_on():
    """It would be in the hashes of dvc.lock, and no clean clone would agree."""
    stages = yaml12.read(REPOSITORY / "dvc.yaml")["stages"].values()
    deps = {dep for stage in stages for dep in stage["deps"]}
    folders = sorted(dep for dep in deps if (REPOSITORY / dep).is_dir())
    assert "src/comparison" in folders
    command = ["git", "ls-files", "--others", "--exclude-standard", *folders]
    assert subprocess.check_output(command, cwd=REPOSITORY, text=True) == ""


@of_the_study
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_it_is_as_long_as_the_study(run):
    assert read(run, "metrics/train")["steps"] == 50_000


def read(run: Run, folder: str) -> dict:
    return json.loads((REPOSITORY / run.file(folder)).read_text())


@of_the_study
def test_the_readme_says_which_of_the_studys_figures_another_run_would_not_have():
    """By the prediction interval of one more run. A figure outside is a finding, and no reason for a wider interval."""
    outside = set(OVERALL.index[OVERALL["study_inside"].eq(False)])
    said = re.findall(r"the study's figure of (\w+) is outside", " ".join(section(README, "## What came out").split()))
    assert set(said) == outside


def test_the_readme_has_its_overall_table_and_no_other():
    assert table(section(README, "## What came out")) == table(section(COMPARISON, "## Overall"))


def test_the_readme_has_its_verdicts_and_no_others():
    results = section(README, "## What came out")
    found = re.findall(r"^    (?:holds|does not hold|not decided) .+\n", results, re.MULTILINE)
    assert "".join(found) == verdicts(json.loads((REPOSITORY / "metrics/claims.json").read_text()))


def test_the_readme_shows_its_figures_and_says_on_what_it_ran():
    figures = re.findall(r"^!\[.+\]\((.+)\)$", README, flags=re.MULTILINE)
    assert "plots/figures/accuracy.png" in figures
    assert all((REPOSITORY / figure).exists() for figure in figures)
    results = section(README, "## What came out")
    for net in PARAMS.nets:
        timings = [read(Run(net, seed), "metrics/timing") for seed in PARAMS.seeds]
        assert f"{net} {np.mean([timing['seconds'] for timing in timings]) / 60:.1f}" in results  # minutes
        for timing in timings:
            assert f"torch {timing['torch']}, Python {timing['python']}" in results
