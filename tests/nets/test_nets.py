"""The nets against the numbers of parameters, the layers and the order of layers in their sources."""

import importlib
import sys

import pytest
import torch
import torch.nn.functional as F
from untrained import DESCRIPTION

import nets
from errors import UserError
from evaluate import measure
from model import checkpoint
from model.build import build

BLOCKS = [f"conv_block{i}" for i in range(1, 9)]


@pytest.mark.parametrize(
    ("name", "layers", "parameters"),
    [
        ("net1", ["conv1", "conv2", "fc1", "fc2", "fc3"], 62_006),
        ("net2", ["conv1", "conv2", "conv3", "fc1", "fc2", "fc3"], 1_468_036),
        ("net3", [*BLOCKS, "fc1", "fc2"], 21_452_682),
        ("net3_no_bn", [*BLOCKS, "fc1", "fc2"], 21_448_906),
    ],
)
def test_layers_and_numbers_of_parameters_are_the_studys_and_images_become_one_logit_a_class(name, layers, parameters):
    """Names are DLStudio's for Net1 and Net2, so that weights load into its own classes; listing 3's for Net3."""
    net = build(name, 10)
    assert [child for child, _ in net.named_children()] == layers
    measured = measure(net)
    assert (measured["layers"], measured["parameters"]) == (len(layers), parameters)
    assert build(name, 3)(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_the_ablation_is_net3_less_its_batch_normalisation():
    """The same layers in the same order; and the same logits, where that has been taken out of Net3."""
    net3, ablation = (build(name, 10).eval() for name in ("net3", "net3_no_bn"))
    for name, block in net3.named_children():
        if isinstance(block, torch.nn.Sequential):
            kept = [layer for layer in block if not isinstance(layer, torch.nn.BatchNorm2d)]
            assert len(kept) == len(block) - 1
            setattr(net3, name, torch.nn.Sequential(*kept))
    assert str(net3) == str(ablation)
    ablation.load_state_dict(net3.state_dict())
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net3(images), ablation(images))


def test_net3_normalises_after_the_relu_and_pools_in_blocks_3_and_6():
    net = build("net3", 10)
    kinds = [[type(layer).__name__ for layer in getattr(net, name)] for name in BLOCKS]
    plain = ["Conv2d", "ReLU", "BatchNorm2d"]
    assert kinds == [[*plain, "MaxPool2d"] if i in (3, 6) else plain for i in range(1, 9)]


def test_net3s_gradients_on_channels_last_images_are_those_of_float64():
    """PyTorch's batch normalisation on a CPU is inexact in that memory format (1 % off): Net3 must not use it."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(5, 3, 32, 32, generator=generator) * 2 - 1
    targets = torch.randint(0, 10, (5,), generator=generator)

    def gradient(images: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        net = build("net3", 10).to(images.dtype)
        F.cross_entropy(net(images), targets).backward()
        return torch.cat([parameter.grad.flatten().double() for parameter in net.parameters()])

    exact = gradient(images.double())
    ours = gradient(images.contiguous(memory_format=torch.channels_last))
    assert (ours - exact).norm() < 1e-3 * exact.norm()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, UserError),
        ("class MyNet: pass", UserError),
        ("import nowhere", ModuleNotFoundError),
    ],
)
def test_a_file_without_a_net_is_one_line_and_a_defect_in_it_keeps_its_traceback(tmp_path, monkeypatch, text, error):
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    monkeypatch.setattr(nets, "__path__", [*nets.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    with pytest.raises(error) as raised:
        build("mine", 10)
    sys.modules.pop("nets.mine", None)
    if error is UserError:
        assert "src/nets/mine.py" in str(raised.value)


@torch.no_grad()
@pytest.mark.parametrize(("name", "theirs"), [("net1", "Net"), ("net2", "Net2")])
def test_a_checkpoint_of_ours_gives_dlstudios_net_the_same_logits(name, theirs, tmp_path):
    """PyTorch only loads weights of the same names and shapes, so weights of DLStudio's fit our net too."""
    missing = "DLStudio is missing: pip install -r benchmarks/requirements.txt"
    dlstudio = pytest.importorskip("DLStudio", reason=missing).DLStudio
    ours, theirs = build(name, 10).eval(), getattr(dlstudio.ExperimentsWithCIFAR, theirs)().eval()
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert not torch.allclose(theirs(images), ours(images))
    checkpoint.save(tmp_path / "net.pt", ours, DESCRIPTION)
    theirs.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True)["weights"])
    torch.testing.assert_close(theirs(images), ours(images))
