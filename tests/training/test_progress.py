from training.loop import LogRow
from training.progress import shown

ROWS = [
    LogRow(step=3, epoch=1, loss=2.0, accuracy=10.0, images=12),
    LogRow(step=4, epoch=1, loss=1.0, accuracy=30.0, images=4),
    LogRow(step=8, epoch=2, loss=0.5, accuracy=90.0, images=16),
]


def test_a_line_an_epoch_where_there_is_no_terminal(capsys):
    assert list(shown(ROWS, "net1", epochs=2, steps=8)) == ROWS
    lines = capsys.readouterr().err.splitlines()
    assert [line.rsplit(",", 1)[0] for line in lines] == [
        "net1 epoch 1/2: loss 1.750, accuracy 15.0 %",
        "net1 epoch 2/2: loss 0.500, accuracy 90.0 %",
    ]
