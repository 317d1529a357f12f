"""What a trained net sees in pictures, as a command. Kinds of pictures: test_pictures.py."""

import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image
from untrained import write_checkpoint

import predict

CHECKPOINT = "models/net1/reference/1.pt"


@pytest.fixture
def predicted(tmp_path, monkeypatch, capsys):
    """How `python src/predict.py CHECKPOINT` ends, and what it prints, in a folder with a checkpoint and some files."""
    monkeypatch.chdir(tmp_path)
    write_checkpoint(Path(CHECKPOINT))
    Image.new("RGB", (64, 48), "red").save("red.png")
    Image.new("L", (64, 48), 100).save("grey.jpg")
    Path("notes.txt").write_text("no picture")

    def predicted(*arguments: str) -> tuple[int | str, str, str]:
        monkeypatch.setattr(sys, "argv", ["src/predict.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            predict.main()
        return ended.value.code, *capsys.readouterr()

    return predicted


def test_three_likeliest_classes_of_each_picture(predicted):
    status, printed, errors = predicted(CHECKPOINT, "red.png", "grey.jpg")
    assert (status, errors) == (0, "")
    lines = printed.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["red.png", "grey.jpg"]
    for line in lines:
        shown = re.findall(r"(ant|bee|cow|dog) (\d+\.\d) %(?:, |$)", line)
        shares = [float(share) for _, share in shown]
        assert len({name for name, _ in shown}) == 3
        assert shares == sorted(shares, reverse=True)
        assert 75 < sum(shares) <= 100.1


def test_what_is_no_picture_gets_a_line_and_the_other_pictures_are_read(predicted):
    not_utf8 = os.fsdecode(b"caf\xe9.png")
    Path("red.png").rename(not_utf8)
    os.mkfifo("pipe.jpg")
    status, printed, errors = predicted(CHECKPOINT, "notes.txt", "pipe.jpg", "models", "none.png", not_utf8, "grey.jpg")
    assert status == 1
    assert [line.partition(":")[0] for line in printed.splitlines()] == ["caf?.png", "grey.jpg"]
    names = [re.match(r"error: ([\w.]+)", line)[1] for line in errors.splitlines()]
    assert names == ["notes.txt", "pipe.jpg", "models", "none.png"]


def test_what_is_no_checkpoint_is_one_line(predicted):
    for path, says in (("models/net2/reference/1.pt", "dvc repro"), ("red.png", "no checkpoint")):
        status, printed, errors = predicted(path, "red.png")
        assert re.match(f"error: .*{path}.*{says}", status)
        assert printed + errors == ""
