import tqdm.std

from progress import progress_bar


def test_away_from_a_terminal_a_line_after_a_while_and_then_one_a_minute(capsys, monkeypatch):
    now = 0.0
    monkeypatch.setattr(tqdm.std, "time", lambda: now)
    with progress_bar("net1-test-0", steps=100, done=10) as bar:
        bar.set_postfix_str("loss 0.250", refresh=False)
        for seconds in (1.0, 6.0, 7.0, 66.1):
            now = seconds
            bar.update(10)
    goes_on, first, second = capsys.readouterr().err.splitlines()
    assert "step 10 of 100" in goes_on
    assert first == "net1-test-0: step 30 of 100, 3.3 steps/s, 00:20 to go, loss 0.250"
    assert "step 50 of 100" in second
