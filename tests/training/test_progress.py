"""What is shown of a run, with the clock in the test's hands."""

import torch

from training import progress
from training.log import LogRow
from training.progress import shown

ROWS = [
    LogRow(step=30, epoch=1, loss=2.0, accuracy=10.0, images=120),
    LogRow(step=40, epoch=1, loss=1.0, accuracy=30.0, images=40),
    LogRow(step=80, epoch=2, loss=0.5, accuracy=90.0, images=160),
]


class Clock:
    """A training run that takes a second a step, of which an event tells every ten."""

    def __init__(self, step: int = 0):
        self.now, self.step = 100.0, step
        self.loss_sum, self.correct, self.images = torch.tensor(0.0), torch.tensor(0.0), 0

    def events(self):
        while self.step < 80:
            self.step += 10
            self.now += 10.0
            row = next((row for row in ROWS if row.step == self.step), None)
            self.loss_sum, self.correct, self.images = torch.tensor(3.0), torch.tensor(2.0), 0 if row else 4
            yield row


def lines(monkeypatch, capsys, step: int = 0, rows_before: int = 0) -> list[str]:
    """What is printed off a terminal of a run that goes on from `step`."""
    clock, rows = Clock(step), list(ROWS[:rows_before])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock.now)
    rows += filter(None, shown(clock.events(), rows, clock, "net1", epochs=2, steps=80))
    assert rows == ROWS
    return capsys.readouterr().err.splitlines()


def test_off_a_terminal_there_is_a_line_early_on_and_then_one_a_minute(monkeypatch, capsys):
    assert lines(monkeypatch, capsys) == [
        "net1 epoch 1/2, step 10/80: loss 0.750, accuracy 50.0 %, 1.0 steps/s, 70 s to go",
        "net1 epoch 2/2, step 70/80: loss 0.750, accuracy 50.0 %, 1.0 steps/s, 10 s to go",
        "net1: loss 0.500, accuracy 90.0 % in the last epoch",
    ]


def test_at_a_log_row_the_line_says_what_the_row_does(monkeypatch, capsys):
    monkeypatch.setattr(progress, "FIRST_LINE", 30.0)
    assert lines(monkeypatch, capsys)[0] == (
        "net1 epoch 1/2, step 30/80: loss 2.000, accuracy 10.0 %, 1.0 steps/s, 50 s to go"
    )


def test_a_run_gone_on_with_counts_its_own_speed_and_the_whole_epoch(monkeypatch, capsys):
    """The last epoch began before the run was cut short, in its row's middle."""
    monkeypatch.setitem(globals(), "ROWS", [ROWS[0], LogRow(60, 2, 1.0, 30.0, 40), LogRow(80, 2, 0.5, 90.0, 120)])
    assert lines(monkeypatch, capsys, step=60, rows_before=2) == [
        "net1 epoch 2/2, step 70/80: loss 0.750, accuracy 50.0 %, 1.0 steps/s, 10 s to go",
        "net1: loss 0.625, accuracy 75.0 % in the last epoch",
    ]


def test_on_a_terminal_a_bar_moves_every_second(monkeypatch):
    """Also between two log rows, with loss, accuracy, speed and the time left."""
    moves = []

    class Bar(progress.tqdm):
        def __init__(self, **settings):
            super().__init__(**settings | {"disable": False})

        def update(self, steps):
            moves.append((self.n + steps, self.postfix))
            super().update(steps)

    monkeypatch.setattr(progress, "tqdm", Bar)
    clock = Clock()
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock.now)
    list(shown(clock.events(), [], clock, "net1", epochs=2, steps=80))
    assert [step for step, _ in moves] == [10, 20, 30, 40, 50, 60, 70, 80]
    assert moves[0][1] == "loss 0.750, accuracy 50.0 %"
    assert moves[2][1] == "loss 2.000, accuracy 10.0 %"
