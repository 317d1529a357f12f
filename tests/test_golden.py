import hashlib
import json

import golden
import pytest
from small_run import RUNS, SEEDS

from foundation.errors import UserError


@pytest.mark.reference
def test_the_small_run_has_the_bytes_of_the_reference_runs_time(rebuilt):
    records = json.loads(golden.RECORD.read_text(encoding="utf-8"))
    if golden.machine() not in (record["machine"] for record in records):
        pytest.skip(f"not recorded on such a machine: {golden.machine()}; `python tests/golden.py add` does it")
    golden.check(golden.golden_hashes(rebuilt), records)


def test_a_byte_more_and_another_machine_are_seen(rebuilt):
    record = {"machine": golden.machine(), "outputs": golden.golden_hashes(rebuilt)}
    found = record["outputs"]
    golden.check(found, [record])
    other = record["outputs"] | {"train@net2-0: models/net2/0.pt": "0" * 32}
    with pytest.raises(UserError, match=r"it has to be run again: train@net2-0: models/net2/0\.pt$"):
        golden.check(found, [record | {"outputs": other}])
    with pytest.raises(UserError, match="nothing can be said here"):
        golden.check(found, [record | {"machine": golden.machine() | {"torch": "1.0"}}])


@pytest.fixture
def stranger(rebuilt, tmp_path):
    return rebuilt.git_clone(tmp_path / "stranger")


def test_refresh_records_the_new_code_and_nothing_else(stranger):
    before = stranger.read("dvc.lock")
    of_train, of_both = "src/training/loop.py", "src/model/checkpoint.py"
    edited = [stranger.path / name for name in (of_train, of_both)]
    for path in edited:
        stranger.append(path, "# edited\n")
    stages = sorted(f"{stage}@{run}" for stage in ("evaluate", "train") for run in RUNS)
    assert not stranger.is_current()
    assert golden.refresh(stranger.path) == stages
    assert stranger.is_current()
    assert golden.refresh(stranger.path) == []

    after = stranger.read("dvc.lock")
    changed = {new.strip() for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new}
    codes = [path.read_bytes() for path in edited]
    assert changed == {f"md5: {hashlib.md5(code).hexdigest()}" for code in codes} | {f"size: {len(c)}" for c in codes}
    assert stranger.run("git status --porcelain").stdout.split() == [
        "M", "dvc.lock", "M", of_both, "M", of_train,
    ]  # fmt: skip


def test_refresh_leaves_what_was_never_run_to_be_run(stranger):
    stranger.set_params({"seeds": [*SEEDS, 7]})
    assert golden.recorded_changes(stranger.path) == {}
    stranger.append("src/training/loop.py", "# edited\n")
    assert golden.refresh(stranger.path) == sorted(f"train@{run}" for run in RUNS)
    assert "train@net1-7" not in stranger.read("dvc.lock")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda clone: clone.set_params({"nets.net1.threads": 2}), "params.yaml: nets.net1"),
        (lambda clone: clone.append("models/net1/0.pt", " "), "models/net1/0.pt"),
        (lambda clone: clone.run("sed -i 's|python src/train.py|& --device cpu|' dvc.yaml"), "changed command"),
    ],
    ids=["a parameter", "an output", "the command"],
)
def test_refresh_refuses_when_more_than_code_has_changed(unchanged, edit, says):
    unchanged.append("src/training/loop.py", "# edited\n")
    edit(unchanged)
    before = unchanged.read("dvc.lock")
    with pytest.raises(UserError, match="differs in more than its code, so it has to be run: ") as error:
        golden.refresh(unchanged.path)
    assert says in str(error.value)
    assert unchanged.read("dvc.lock") == before
