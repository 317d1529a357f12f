"""`plan.py` says which runs are stale, or in one line why it cannot."""

import shutil

import pytest
from clone import Clone
from dvc.lock import make_lock
from small_run import NETS, RECIPES, RUNS, SEEDS

PLAN = "python src/plan.py"


@pytest.fixture
def fresh(rebuilt, tmp_path) -> Clone:
    """A clone without images and checkpoints."""
    return rebuilt.git_clone(tmp_path / "fresh")


def test_what_is_committed_is_up_to_date_and_only_what_is_new_or_edited_is_stale(fresh):
    assert fresh.run(PLAN).stdout == ""
    fresh.set_params({"compare.seeds": [*SEEDS, 7]})
    new = [f"{net}-{recipe}-7" for recipe in RECIPES for net in NETS]
    planned = fresh.run(PLAN)
    assert planned.stdout.splitlines() == new
    assert "4 of 12" in planned.stderr
    fresh.append("src/evaluate.py")
    assert set(fresh.run(PLAN).stdout.splitlines()) == {*new, *map(str, RUNS)}


def one_error(clone: Clone) -> str:
    result = clone.run(PLAN, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith("error: ")
    return result.stderr


def test_what_cannot_be_planned_is_one_line_with_the_way_out(fresh):
    """Results that were removed while a net was taken out; another DVC at work; no git repository."""
    shutil.rmtree(fresh.path / "metrics/logits/mine")
    assert "git checkout metrics plots dvc.lock" in one_error(fresh)
    fresh.run("git checkout metrics plots dvc.lock")
    assert fresh.run(PLAN).stdout == ""
    with make_lock(str(fresh.path / ".dvc/tmp/lock"), tmp_dir=str(fresh.path / ".dvc/tmp")):
        assert "dvc" in one_error(fresh)
    shutil.rmtree(fresh.path / ".git")
    assert "git" in one_error(fresh)
