import progress
from progress import Progress
from training.loop import LogRow


def test_away_from_a_terminal_a_line_after_a_while_and_then_one_a_minute(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 66.1])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    shown = Progress("net1-test-0", epochs=2)
    shown.begin(steps=100, done=10)
    for step in (20, 30, 40, 50):
        shown.show(step, 1, [LogRow(step, 1, 0.25, 90.0, 5)])
    goes_on, first, second = capsys.readouterr().err.splitlines()
    assert "step 10 of 100" in goes_on
    assert "step 30/100" in first
    assert "loss 0.250" in first
    assert first.endswith("3.3 steps/s, 00:21 to go")
    assert "step 50/100" in second
