"""Checkpoints: what is saved is loaded; what is damaged, foreign or hostile is one line and runs nothing."""

import os
from pathlib import Path

import pytest
import torch
from untrained import DESCRIPTION, untrained_net, write_checkpoint

from errors import UserError
from model import checkpoint


@pytest.fixture
def path(tmp_path) -> Path:
    write_checkpoint(tmp_path / "net1.pt")
    return tmp_path / "net1.pt"


def test_what_is_saved_is_loaded_for_evaluation(path):
    net, description = checkpoint.load(path)
    assert description == DESCRIPTION
    assert not net.training
    expected = untrained_net().state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in net.state_dict().items())


def test_equal_values_give_equal_bytes(path):
    """Whatever the file's name and the memory format; torch alone can load the weights."""
    other = path.with_name("other.pt")
    write_checkpoint(other, untrained_net().to(memory_format=torch.channels_last))
    assert other.read_bytes() == path.read_bytes()
    assert torch.load(path, weights_only=True)["weights"].keys() == untrained_net().state_dict().keys()


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hacked",)


def flip_one_bit_of_a_weight(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(untrained_net().state_dict()["fc1.weight"].numpy().tobytes()) + 2] ^= 1
    path.write_bytes(content)


def with_a_nan() -> torch.nn.Module:
    net = untrained_net()
    with torch.no_grad():
        net.fc3.bias[0] = float("nan")
    return net


DAMAGES = {
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "damaged"),
    "text": (lambda path: path.write_text("not a checkpoint"), "damaged"),
    "a flipped bit": (flip_one_bit_of_a_weight, "damaged"),
    "a hostile pickle": (lambda path: torch.save(Hostile(), path), "no checkpoint"),
    "hostile weights": (lambda path: torch.save({"weights": Hostile(), "description": "{}"}, path), "no checkpoint"),
    "no description": (lambda path: torch.save({"weights": {}}, path), "no checkpoint"),
    "another description": (lambda path: write_checkpoint(path, dataset=None), "description: dataset"),
    "escape codes": (lambda path: write_checkpoint(path, class_names=["\x1b[31mcat", "dog"]), r"class_names.*\\x1b"),
    "a path for a net": (lambda path: write_checkpoint(path, net="../params"), "description: net"),
    "a net without a file here": (lambda path: write_checkpoint(path, net="theirs"), "src/nets/theirs.py"),
    "another net": (lambda path: write_checkpoint(path, net="net2"), "no checkpoint of src/nets/net2.py"),
    "net3's weights": (lambda path: write_checkpoint(path, untrained_net("net3"), net="net3_no_bn"), "net3_no_bn.py"),
    "weights that are NaN": (lambda path: write_checkpoint(path, with_a_nan()), "no finite numbers"),
    "nothing": (lambda path: path.unlink(), "there is no file"),
    "a pipe": (lambda path: [path.unlink(), os.mkfifo(path)], "there is no file"),
}


@pytest.mark.filterwarnings("ignore::UserWarning:pydantic")  # some descriptions are no `Description`
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_checkpoint_is_one_line_and_runs_nothing(path, damage, monkeypatch):
    monkeypatch.chdir(path.parent)
    change, says = DAMAGES[damage]
    change(path)
    with pytest.raises(UserError, match=says) as error:
        checkpoint.load(path)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600
    assert not Path("hacked").exists()


def test_an_error_in_the_nets_file_keeps_its_traceback(path, monkeypatch):
    def broken(self, num_classes):
        raise AttributeError("a slip")

    monkeypatch.setattr("nets.net1.Net.__init__", broken)
    with pytest.raises(AttributeError, match="a slip"):
        checkpoint.load(path)
