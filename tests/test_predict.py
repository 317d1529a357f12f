"""What a trained net sees in pictures, as a command. Kinds of pictures: test_pictures.py."""

import os
import re
import sys
from pathlib import Path

import pytest
from clone import REPOSITORY, Clone
from PIL import Image
from untrained import write_checkpoint

import predict


@pytest.fixture
def predicted(tmp_path, monkeypatch, capsys):
    """How `python src/predict.py` ends, and what it prints, in a folder with five checkpoints and some files."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    compare = {"nets": ["net1", "net2"], "recipes": ["reference", "modern"], "seeds": [1, 2]}
    Clone(tmp_path).set_params({"compare": compare})
    for recipe, seed in (("reference", 1), ("reference", 2), ("modern", 1), ("reference", 3)):
        write_checkpoint(Path(f"models/net1/{recipe}/{seed}.pt"), recipe_name=recipe, seed=seed)
    write_checkpoint(Path("models/net1/modern/2.pt"), seed=2)  # by reference
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
    status, printed, errors = predicted("net1-reference-2", "red.png", "grey.jpg")
    assert (status, errors) == (0, "")
    lines = printed.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["red.png", "grey.jpg"]
    for line in lines:
        shown = re.findall(r"(ant|bee|cow|dog) (\d+\.\d) %(?:, |$)", line)
        shares = [float(share) for _, share in shown]
        assert len({name for name, _ in shown}) == 3
        assert shares == sorted(shares, reverse=True)
        assert 75 < sum(shares) <= 100.1


def test_a_net_alone_is_by_the_first_recipe_and_seed(predicted):
    assert predicted("net1", "red.png") == predicted("net1-reference-1", "red.png")
    assert predicted("net1", "red.png") != predicted("net1-reference-2", "red.png")
    assert predicted("net1-modern", "red.png") == predicted("net1-modern-1", "red.png")


def test_what_is_no_picture_gets_a_line_and_the_other_pictures_are_read(predicted):
    not_utf8 = os.fsdecode(b"caf\xe9.png")
    Path("red.png").rename(not_utf8)
    os.mkfifo("pipe.jpg")
    status, printed, errors = predicted("net1", "notes.txt", "pipe.jpg", "models", "none.png", not_utf8, "grey.jpg")
    assert status == 1
    assert [line.partition(":")[0] for line in printed.splitlines()] == ["caf?.png", "grey.jpg"]
    names = [re.match(r"error: ([\w.]+)", line)[1] for line in errors.splitlines()]
    assert names == ["notes.txt", "pipe.jpg", "models", "none.png"]


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("net2", "models/net2/reference/1.pt.*dvc repro"),
        ("net9", "net9; it has the nets net1, net2"),
        ("net1-reference-3", "seeds 1, 2"),
        ("net1-slow", "recipes reference, modern"),
        ("net1-modern-2", "net1-reference-2, not net1-modern-2"),
    ],
)
def test_a_run_that_is_not_there(predicted, run, says):
    status, printed, errors = predicted(run, "red.png")
    assert re.match(f"error: .*{says}", status)
    assert printed + errors == ""
