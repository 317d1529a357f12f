import pytest
import torch

import architecture
import checkpoint
from errors import UserError

DESCRIPTION = {"architecture": "net1", "settings": {}, "class_names": ["ant", "bee"]}


def trained_net() -> torch.nn.Module:
    torch.manual_seed(0)
    return architecture.build("net1", {}, num_classes=2)


def test_what_is_saved_is_loaded_for_evaluation(tmp_path):
    checkpoint.save(tmp_path / "net1.pt", trained_net(), DESCRIPTION)
    net, description = checkpoint.load(tmp_path / "net1.pt")
    assert description == DESCRIPTION
    assert not net.training
    expected = trained_net().state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in net.state_dict().items())


def test_equal_values_give_equal_bytes(tmp_path):
    """Whatever the file's name, the memory format and the order of the description's keys."""
    checkpoint.save(tmp_path / "a.pt", trained_net(), DESCRIPTION)
    other = trained_net().to(memory_format=torch.channels_last)
    checkpoint.save(tmp_path / "b.pt", other, dict(reversed(DESCRIPTION.items())))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_weights_alone_can_be_loaded_without_running_anything(tmp_path):
    checkpoint.save(tmp_path / "net1.pt", trained_net(), DESCRIPTION)
    weights = torch.load(tmp_path / "net1.pt", weights_only=True)["weights"]
    assert list(weights) == [f"{layer}.{kind}" for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")
                             for kind in ("weight", "bias")]  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not a checkpoint"),
        lambda path: torch.save({"weights": {}}, path),
        lambda path: torch.save(trained_net(), path),
        lambda path: checkpoint.save(path, trained_net(), DESCRIPTION | {"class_names": ["ant", "bee", "cow"]}),
        lambda path: checkpoint.save(path, trained_net(), DESCRIPTION | {"architecture": "net2"}),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_one_line(tmp_path, damage):
    path = tmp_path / "net1.pt"
    checkpoint.save(path, trained_net(), DESCRIPTION)
    damage(path)
    with pytest.raises(UserError, match=r"net1.pt is not a checkpoint of this project: .") as error:
        checkpoint.load(path)
    assert "\n" not in str(error.value)


def test_no_checkpoint_yet(tmp_path):
    with pytest.raises(UserError, match=r"net1.pt is missing: `dvc repro` trains it"):
        checkpoint.load(tmp_path / "net1.pt")
