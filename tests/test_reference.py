"""The committed results are of the committed code and parameters, and README shows them."""

import re

import pandas as pd
import pytest
from clone import REPOSITORY, Clone, stages_run

from params import load_params

pytestmark = pytest.mark.reference
OVERALL = REPOSITORY / "metrics/overall.csv"


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="only a git clone knows what is committed")
def test_a_clean_clone_is_up_to_date(tmp_path):
    """Without images and checkpoints. If this fails after an edit, run the pipeline or undo the edit."""
    clone = Clone(REPOSITORY).git_clone(tmp_path / "clone")
    dry = clone.run("dvc repro --dry --allow-missing", check=False)
    assert dry.returncode == 0, dry.stderr
    assert stages_run(dry.stdout) == []


@pytest.mark.skipif(not OVERALL.exists(), reason="no comparison is committed")
def test_the_comparison_and_the_readme_have_the_runs_of_params_yaml():
    params, overall = load_params(REPOSITORY / "params.yaml"), pd.read_csv(OVERALL)
    runs = {(recipe, net) for recipe in params.compare.recipes for net in params.compare.nets}
    assert set(zip(overall["recipe"], overall["net"], strict=True)) == runs
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (\S+) +\| (\S+) +\| +(\S+) \((\S+)–(\S+)\) \|", readme, re.MULTILINE)
    rows = overall[["net", "recipe", "accuracy", "low", "high"]].itertuples(index=False)
    assert shown == [(net, recipe, *(f"{value:.1f}" for value in values)) for net, recipe, *values in rows]
