import zipfile

import pytest
import torch
from made_up import DESCRIPTION

import nets
from foundation.errors import UserError
from model import checkpoint


def trained_net() -> torch.nn.Module:
    torch.manual_seed(0)
    return nets.build("net1", {}, num_classes=2)


def saved(path, net=None, **changes):
    checkpoint.save(path, net or trained_net(), DESCRIPTION | changes)


def test_what_is_saved_is_loaded_for_evaluation(tmp_path):
    saved(tmp_path / "net1.pt")
    net, description = checkpoint.load(tmp_path / "net1.pt")
    assert description == DESCRIPTION
    assert not net.training
    expected = trained_net().state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in net.state_dict().items())


def test_equal_values_give_equal_bytes(tmp_path):
    """Whatever the file's name, the memory format and the order of the description's keys."""
    saved(tmp_path / "a.pt")
    other = trained_net().to(memory_format=torch.channels_last)
    checkpoint.save(tmp_path / "b.pt", other, dict(reversed(DESCRIPTION.items())))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_weights_alone_can_be_loaded_without_running_anything(tmp_path):
    saved(tmp_path / "net1.pt")
    weights = torch.load(tmp_path / "net1.pt", weights_only=True)["weights"]
    assert list(weights) == [f"{layer}.{kind}" for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")
                             for kind in ("weight", "bias")]  # fmt: skip


def repacked(path, **options):
    """The same zip, written by zipfile."""
    with zipfile.ZipFile(path) as file:
        members = {member.filename: file.read(member) for member in file.infolist()}
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)


def with_one_bit_of_a_weight_flipped(path):
    content = bytearray(path.read_bytes())
    weight = trained_net().state_dict()["fc1.weight"].numpy().tobytes()
    content[content.index(weight) + 2] ^= 1
    path.write_bytes(content)


class Hostile:
    def __reduce__(self):
        return print, ("hacked",)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "File is not a zip file"),
        (lambda path: path.write_bytes(b""), "File is not a zip file"),
        (lambda path: path.write_text("not a checkpoint"), "File is not a zip file"),
        (with_one_bit_of_a_weight_flipped, "archive/data/4 is damaged"),
        (lambda path: repacked(path, compression=zipfile.ZIP_DEFLATED), "torch.save compresses nothing"),
        (lambda path: torch.save({"weights": {}}, path), "it has no 'description'"),
        (lambda path: torch.save([1, 2], path), "list indices"),
        (lambda path: torch.save({"description": "{"}, path), "Expecting property name"),
        (lambda path: torch.save({"description": "[" * 100_000}, path), "recursion"),
        (lambda path: torch.save(trained_net(), path), "it holds more than weights and text, or is damaged"),
        (lambda path: torch.save({"weights": Hostile()}, path), "it holds more than weights and text, or is damaged"),
        (lambda path: torch.save(Hostile(), path, _use_new_zipfile_serialization=False), "File is not a zip file"),
        (lambda path: saved(path, class_names=["ant", "bee", "cow"]), "size mismatch for fc3.weight"),
        (lambda path: saved(path, architecture="net2"), "Missing key|Unexpected key|size mismatch"),
        (lambda path: saved(path, architecture="net9"), "No module named 'nets.net9'"),
        (lambda path: saved(path, architecture="net3", settings={"batch_norm": False}), "Missing key"),
        (lambda path: saved(path, settings={"width": 3}), "settings of architecture net1: width = 3: unknown key"),
        (
            lambda path: saved(path, class_names="ab"),
            "its description: class_names = 'ab': input should be a valid list",
        ),
        (lambda path: saved(path, dataset=None), "its description: dataset = None"),
        (lambda path: saved(path, normalisation={"mean": 0.5}), "its description: normalisation.std: field required"),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_one_line(tmp_path, capsys, damage, says):
    path = tmp_path / "net1.pt"
    saved(path)
    damage(path)
    with pytest.raises(UserError, match=rf"net1.pt is not a checkpoint of this project: .*{says}") as error:
        checkpoint.load(path)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400
    assert capsys.readouterr().out == ""


def test_another_variant_of_the_architecture_is_refused(tmp_path):
    """Net3's weights for its ablation without batch normalisation, and the other way round."""
    for batch_norm in (True, False):
        net = nets.build("net3", {"batch_norm": batch_norm}, num_classes=2)
        saved(tmp_path / "net3.pt", net, architecture="net3", settings={"batch_norm": not batch_norm})
        with pytest.raises(UserError, match=r"net3.pt is not a checkpoint of this project: Error\(s\) in loading"):
            checkpoint.load(tmp_path / "net3.pt")


def test_no_checkpoint_yet(tmp_path):
    with pytest.raises(UserError, match=r"net1.pt is missing: `dvc repro` trains it"):
        checkpoint.load(tmp_path / "net1.pt")
