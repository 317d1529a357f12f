import pytest

from training.log import LogRow
from training.progress import duration, shown

ROWS = [
    LogRow(step=3, epoch=1, loss=2.0, accuracy=10.0, images=12),
    LogRow(step=4, epoch=1, loss=1.0, accuracy=30.0, images=4),
    LogRow(step=8, epoch=2, loss=0.5, accuracy=90.0, images=16),
]
EPOCHS = ["net1 epoch 1/2: loss 1.750, accuracy 15.0 %", "net1 epoch 2/2: loss 0.500, accuracy 90.0 %"]


def lines_of(events: list[LogRow | None], rows: list[LogRow], done: int, capsys) -> list[str]:
    """What is printed of `events` after `rows`, less the speeds."""
    before = list(rows)
    assert list(shown(events, rows, "net1", epochs=2, steps=8, done=done)) == events
    assert rows == [*before, *filter(None, events)]
    return capsys.readouterr().err.splitlines()


def test_first_how_long_it_will_take_and_then_a_line_an_epoch_where_there_is_no_terminal(capsys):
    first, *others = lines_of([None, ROWS[0], None, *ROWS[1:]], [], 0, capsys)
    assert first.startswith("net1: ")
    assert first.endswith(" steps/s, about 0 s to go")
    assert [line.rsplit(",", 1)[0] for line in others] == EPOCHS


@pytest.mark.parametrize("rows_before", [1, 2])
def test_a_run_gone_on_with_says_of_an_epoch_what_an_uninterrupted_one_does(rows_before, capsys):
    before, after = ROWS[:rows_before], ROWS[rows_before:]
    _, *others = lines_of(after, list(before), before[-1].step, capsys)
    assert [line.rsplit(",", 1)[0] for line in others] == EPOCHS[rows_before - 1 :]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(40.4, "40 s"), (150, "2 min"), (5940, "99 min"), (7500, "2 h 5 min"), (7190, "2 h 0 min")],
)
def test_a_duration_as_one_reads_it(seconds, expected):
    assert duration(seconds) == expected
