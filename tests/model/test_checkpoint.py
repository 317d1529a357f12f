import os
import warnings
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


def saved(path, module=None, /, **changes):
    """A checkpoint, whose description may be no `Description`."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # pydantic's, of that
        checkpoint.save(path, module or trained_net(), DESCRIPTION.model_copy(update=changes))


def test_what_is_saved_is_loaded_for_evaluation(tmp_path):
    saved(tmp_path / "net1.pt")
    net, description = checkpoint.load(tmp_path / "net1.pt")
    assert description == DESCRIPTION
    assert not net.training
    expected = trained_net().state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in net.state_dict().items())


def test_equal_values_give_equal_bytes(tmp_path):
    """Whatever the file's name and the memory format."""
    saved(tmp_path / "a.pt")
    other = trained_net().to(memory_format=torch.channels_last)
    checkpoint.save(tmp_path / "b.pt", other, DESCRIPTION)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_weights_alone_can_be_loaded_without_running_anything(tmp_path):
    saved(tmp_path / "net1.pt")
    weights = torch.load(tmp_path / "net1.pt", weights_only=True)["weights"]
    assert list(weights) == [f"{layer}.{kind}" for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")
                             for kind in ("weight", "bias")]  # fmt: skip


def repacked(path, extra=False, **options):
    """The same zip, written by zipfile; `extra`: with other files and without the ones that torch needs."""
    with zipfile.ZipFile(path) as file:
        members = {member.filename: file.read(member) for member in file.infolist()}
    if extra:
        members = {"pictures/cat.png": b"a picture"}
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


NO_DESCRIPTION = ", because it has no weights and description: "


def refused(path, capsys, says: str) -> None:
    """That `path` is refused with the line `says`, which is short, and that nothing in it was run."""
    with pytest.raises(UserError, match=says) as error:
        checkpoint.load(path)
    assert str(error.value).startswith(str(path))
    assert str(error.value).isprintable()
    assert len(str(error.value)) < len(str(path)) + 400
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "File is not a zip file"),
        (lambda path: path.write_bytes(b""), "File is not a zip file"),
        (lambda path: path.write_text("not a checkpoint"), "File is not a zip file"),
        (with_one_bit_of_a_weight_flipped, "its part archive/data/4"),
        (lambda path: repacked(path, compression=zipfile.ZIP_DEFLATED), "torch.save compresses nothing, .*"),
        (lambda path: torch.save(Hostile(), path, _use_new_zipfile_serialization=False), "File is not a zip file"),
    ],
)
def test_damage_is_called_damage(tmp_path, capsys, damage, says):
    path = tmp_path / "net1.pt"
    saved(path)
    damage(path)
    refused(path, capsys, rf"is damaged \({says}\): `dvc checkout` puts it back, or `dvc repro` trains it anew$")


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: torch.save({"weights": {}}, path), NO_DESCRIPTION),
        (lambda path: torch.save([1, 2], path), NO_DESCRIPTION),
        (lambda path: torch.save(torch.zeros(3, 3), path), NO_DESCRIPTION),
        (lambda path: torch.save({"weights": {}, "description": "{"}, path), NO_DESCRIPTION),
        (
            lambda path: torch.save({"weights": {}, "description": "[" * 10**5}, path),
            NO_DESCRIPTION,
        ),
        (lambda path: torch.save(trained_net(), path), ", because it holds more than weights and text: "),
        (lambda path: torch.save({"weights": Hostile()}, path), ", because it holds more than weights and text: "),
        (lambda path: repacked(path, extra=True), r" \(.*\): "),
        (
            lambda path: saved(path, class_names="ab"),
            ": its description: class_names = 'ab': input should be a valid",
        ),
        (lambda path: saved(path, dataset=None), ": its description: dataset = None"),
        (lambda path: saved(path, normalisation={"mean": 0.5}), ": its description: normalisation.std: field required"),
    ],
)
def test_another_file_of_pytorchs_is_called_that(tmp_path, capsys, write, says):
    path = tmp_path / "net1.pt"
    saved(path)
    write(path)
    refused(path, capsys, rf"is not a checkpoint of this project{says}")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class_names": ["ant", "bee", "cow"]}, "size mismatch for fc3.weight"),
        ({"net": "net2"}, "Missing key|Unexpected key|size mismatch"),
    ],
)
def test_weights_that_the_nets_file_no_longer_fits_are_called_that(tmp_path, capsys, changes, says):
    path = tmp_path / "net1.pt"
    saved(path, **changes)
    file = f"src/nets/{changes.get('net', 'net1')}.py"
    refused(path, capsys, rf"does not fit {file} as it is now \(.*({says}).*\): `dvc repro` trains it anew$")


def test_settings_that_the_net_no_longer_takes_are_called_that(tmp_path):
    saved(tmp_path / "net1.pt", settings={"width": 3})
    with pytest.raises(UserError, match=r"^settings of net1: width = 3: unknown key"):
        checkpoint.load(tmp_path / "net1.pt")


def test_an_error_in_ones_own_net_is_no_matter_of_the_checkpoint(tmp_path, monkeypatch):
    def broken(self, num_classes):
        raise AttributeError("a slip of its author's")

    saved(tmp_path / "net1.pt")
    monkeypatch.setattr("nets.net1.Net.__init__", broken)
    with pytest.raises(AttributeError, match="a slip of its author's"):
        checkpoint.load(tmp_path / "net1.pt")


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied", str(tmp_path / "net1.pt"))

    saved(tmp_path / "net1.pt")
    monkeypatch.setattr(checkpoint.zipfile, "ZipFile", forbidden)
    with pytest.raises(PermissionError):
        checkpoint.load(tmp_path / "net1.pt")


def test_a_pipe_in_its_place_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "net1.pt")
    with pytest.raises(UserError, match=r"net1.pt is no file$"):
        checkpoint.load(tmp_path / "net1.pt")


@pytest.mark.parametrize(("trained", "named"), [("net3", "net3_no_bn"), ("net3_no_bn", "net3")])
def test_the_ablation_does_not_pass_for_net3_or_the_other_way_round(tmp_path, trained, named):
    saved(tmp_path / "net.pt", nets.build(trained, {}, num_classes=2), net=named)
    with pytest.raises(UserError, match=rf"net.pt does not fit src/nets/{named}.py as it is now"):
        checkpoint.load(tmp_path / "net.pt")


def test_no_checkpoint_yet(tmp_path):
    with pytest.raises(UserError, match=r"net1.pt is missing: `dvc repro` trains it"):
        checkpoint.load(tmp_path / "net1.pt")
