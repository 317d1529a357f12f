"""Merging `dvc.lock`s stage by stage. (That git calls it: test_remotes.py.)"""

import sys

import pytest
from clone import REPOSITORY
from dvc.utils.serialize import dump_yaml, load_yaml

sys.path.append(str(REPOSITORY / "cluster"))
import merge_lock


@pytest.fixture
def merged(tmp_path, monkeypatch):
    """Our stages after the merge, each here a name and a number in place of a result."""

    def merge(ancestor: dict, ours: dict, theirs: dict) -> dict:
        paths = [str(tmp_path / name) for name in ("ancestor", "ours", "theirs")]
        for path, stages in zip(paths, (ancestor, ours, theirs), strict=True):
            dump_yaml(path, {"schema": "2.0", "stages": stages})
        monkeypatch.setattr(sys, "argv", ["merge_lock.py", *paths])
        merge_lock.main()
        return load_yaml(paths[1])["stages"]

    return merge


def test_each_side_may_add_change_and_remove_stages(merged):
    ancestor = {"same": 0, "ours": 0, "theirs": 0, "removed": 0, "both": 0}
    ours = {"same": 0, "ours": 1, "theirs": 0, "removed": 0, "both": 1, "new": 1}
    theirs = {"same": 0, "ours": 0, "theirs": 2, "both": 1, "other": 2}
    expected = {"same": 0, "ours": 1, "theirs": 2, "both": 1, "new": 1, "other": 2}
    assert merged(ancestor, ours, theirs) == expected


@pytest.mark.parametrize("theirs", [{"a": 2}, {}], ids=["another result", "removed"])
def test_two_results_of_a_stage_are_a_conflict(merged, theirs):
    with pytest.raises(SystemExit, match=r"^dvc.lock: both sides have a result of their own of a$"):
        merged({"a": 0}, {"a": 1}, theirs)
