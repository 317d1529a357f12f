"""What a trained net sees in pictures, as a command and from Python."""

import re
import sys
from pathlib import Path

import pytest
from clone import REPOSITORY, set_params
from pictures import png
from untrained import write_checkpoint

import predict
from foundation.errors import one_line_errors


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """How `python src/predict.py` ends, and what it prints, in a folder with three checkpoints and some files."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    set_params(Path("params.yaml"), {"seeds": [1, 2]})
    for seed in (1, 2, 3):
        write_checkpoint(Path(f"models/net1/{seed}.pt"), seed)
    Path("red.png").write_bytes(png(255, size=(64, 48)))
    Path("grey.jpg").write_bytes(png(100, mode="L", format="JPEG"))
    Path("notes.txt").write_text("no picture")

    def said(*arguments: str) -> tuple[int | str, str, str]:
        monkeypatch.setattr(sys, "argv", ["src/predict.py", *arguments])
        with pytest.raises(SystemExit) as ended, one_line_errors():
            predict.main()
        return ended.value.code, *capsys.readouterr()

    return said


def test_three_likeliest_classes_of_each_picture(said):
    status, printed, errors = said("net1-2", "red.png", "grey.jpg")
    assert (status, errors) == (0, "")
    lines = printed.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["red.png", "grey.jpg"]
    for line in lines:
        shown = re.findall(r"(ant|bee|cow|dog) (\d+\.\d) %(?:, |$)", line)
        names, shares = [name for name, _ in shown], [float(share) for _, share in shown]
        assert len(set(names)) == 3
        assert shares == sorted(shares, reverse=True)
        assert 75 < sum(shares) <= 100.1


def test_a_net_without_a_seed_is_that_of_the_first_seed(said):
    assert said("net1", "red.png") == said("net1-1", "red.png")
    assert said("net1", "red.png") != said("net1-3", "red.png")


def test_what_is_no_picture_gets_a_line_and_the_others_are_looked_at(said):
    status, printed, errors = said("net1", "notes.txt", "red.png", "none.png", "models")
    assert status == 1
    assert printed.startswith("red.png: ")
    assert errors.splitlines() == [
        "error: notes.txt is no picture, or is damaged",
        "error: [Errno 2] No such file or directory: 'none.png'",
        "error: [Errno 21] Is a directory: 'models'",
    ]


@pytest.mark.parametrize(
    ("net", "says"),
    [
        ("net2", "error: models/net2/1.pt is missing: `dvc repro` trains it, `dvc pull` gets it from your remote"),
        ("net", "error: net: expected NET-SEED, for example net1-0"),
    ],
)
def test_a_net_that_is_not_there(said, net, says):
    assert said(net, "red.png") == (says, "", "")
