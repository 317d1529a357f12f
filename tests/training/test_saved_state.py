"""States of training runs in `.cache/training/`: which one a run goes on from, and which are removed."""

from pathlib import Path

import pytest
import torch

from errors import UserError
from saved_state import FOLDER, KEPT, SavedState

STATE = {"step": 7, "net": {"weight": torch.ones(3)}, "rows": [(7, 1, 0.5, 90.0, 5)]}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names() -> set[str]:
    return {path.name for path in FOLDER.iterdir()}


def test_a_run_goes_on_from_the_state_of_its_own_configuration_only():
    SavedState("net1-test-0", {"code": 1}).save(STATE)
    assert SavedState("net1-test-0", {"code": 2}).load() is None
    assert SavedState("net1-test-1", {"code": 1}).load() is None
    saved = SavedState("net1-test-0", {"code": 1})
    assert torch.equal(saved.load()["net"]["weight"], torch.ones(3))
    assert saved.seconds > 0


def test_a_damaged_state_is_one_line():
    saved = SavedState("net1-test-0", {})
    saved.save(STATE)
    saved.path.write_bytes(saved.path.read_bytes()[:100])
    with pytest.raises(UserError, match=str(saved.path)):
        saved.load()


def test_a_state_stays_until_dvc_lock_has_the_result():
    saved = SavedState("net1-test-0", {})
    saved.save(STATE)
    Path("net1.pt").write_bytes(b"result")
    saved.note_result("net1.pt")
    assert SavedState("net1-test-0", {}).load()["step"] == 7
    Path("dvc.lock").write_text("md5: b4a88417b3d0170d754c647c30b7216a")
    assert SavedState("net1-test-0", {}).load() is None
    assert names() == set()


@pytest.mark.parametrize("wanted", [0, KEPT])
def test_the_newest_few_states_of_a_run_are_kept_and_the_one_that_is_wanted(capsys, wanted):
    for code in range(KEPT + 1):
        SavedState("net1-test-0", {"code": code}).save(STATE)
    SavedState("net2-test-0", {}).save(STATE)
    removed = SavedState("net1-test-0", {"code": 1 if wanted == 0 else 0}).path
    assert SavedState("net1-test-0", {"code": wanted}).load()["step"] == 7
    assert len(names()) == KEPT + 1
    assert not removed.exists()
    assert str(removed) in capsys.readouterr().err


def test_the_time_in_training_adds_up_over_interruptions_and_states_are_saved_at_intervals(monkeypatch):
    clock = {"now": 0.0}
    monkeypatch.setattr("saved_state.time.perf_counter", lambda: clock["now"])
    first = SavedState("net1-test-0", {})
    for seconds in (30.0, 50.0):
        clock["now"] = seconds
        assert first.is_due()
        first.save(STATE)
        assert not first.is_due()
    clock["now"] = 1000.0
    second = SavedState("net1-test-0", {})
    second.load()
    clock["now"] = 1005.0
    second.save(STATE)
    assert (first.seconds, second.seconds) == (50, 55)
