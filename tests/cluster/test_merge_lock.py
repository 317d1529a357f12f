"""Merging `dvc.lock`s stage by stage. That git calls it: test_remotes.py."""

import sys
from pathlib import Path

import pytest
import yaml
from clone import REPOSITORY

sys.path.append(str(REPOSITORY / "cluster"))
import merge_lock

SIDES = ("ancestor", "ours", "theirs")


@pytest.fixture
def merged(tmp_path, monkeypatch):
    """Our stages after the merge of three files."""

    def merge(*texts: str) -> dict:
        paths = [tmp_path / name for name in SIDES]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        monkeypatch.setattr(sys, "argv", ["merge_lock.py", *map(str, paths)])
        merge_lock.main()
        return yaml.safe_load(paths[1].read_text())["stages"]

    return merge


def lock(**stages: int) -> str:
    """Each stage here has a number in place of a result."""
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


def test_each_side_may_add_change_and_remove_stages(merged):
    ancestor = lock(same=0, ours=0, theirs=0, removed=0, both=0)
    ours = lock(same=0, ours=1, theirs=0, removed=0, both=1, new=1)
    theirs = lock(same=0, ours=0, theirs=2, both=1, other=2)
    assert merged(ancestor, ours, theirs) == {"same": 0, "ours": 1, "theirs": 2, "both": 1, "new": 1, "other": 2}
    assert merged("", lock(new=1), lock(other=2)) == {"new": 1, "other": 2}  # dvc.lock is new on both sides


@pytest.mark.parametrize("theirs", [{"a": 2, "b": 0}, {"b": 0}], ids=["another result", "removed"])
def test_two_results_of_a_stage_are_a_conflict(merged, theirs):
    with pytest.raises(SystemExit, match=r"^error: .* a$"):
        merged(lock(a=0, b=0), lock(a=1, b=0), lock(**theirs))


@pytest.mark.parametrize("side", [1, 2], ids=SIDES[1:])
@pytest.mark.parametrize(
    "text",
    ["", "schema: '2.0'\n", "schema: '2.0'\nstages: null\n", "stages:\n<<<<<<< HEAD\n  a: 1\n=======\n", "[1"],
    ids=["empty", "no stages", "null", "markers", "cut off"],
)
def test_a_side_without_stages_is_refused_in_one_line_and_nothing_is_merged(merged, tmp_path: Path, side, text):
    texts = [lock(a=0), lock(a=0, ours=1), lock(a=0, theirs=1)]
    texts[side] = text
    with pytest.raises(SystemExit, match=r"^error: dvc\.lock.*git checkout dvc.lock[^\n]*$"):
        merged(*texts)
    assert (tmp_path / "ours").read_text() == texts[1]
