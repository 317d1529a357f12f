"""The nets against parameters and shapes counted by hand."""

import importlib
import sys
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

import nets
from errors import UserError
from model.build import build

NET3_CHANNELS = [3, 32, 64, 128, 128, 256, 256, 512, 512]
NET3_CONVOLUTIONS = sum(9 * i * o + o for i, o in pairwise(NET3_CHANNELS))
PARAMETERS = {  # weights (inputs × outputs × kernel) and biases, layer by layer
    "net1": (3 * 6 * 25 + 6) + (6 * 16 * 25 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10),
    "net2": (3 * 128 * 25 + 128) + (128 * 128 * 9 + 128) + (128 * 128 * 4 + 128)
    + (8192 * 150 + 150) + (150 * 100 + 100) + (100 * 10 + 10),
    "net3_no_bn": NET3_CONVOLUTIONS + (32768 * 512 + 512) + (512 * 10 + 10),
}  # fmt: skip
PARAMETERS["net3"] = PARAMETERS["net3_no_bn"] + 2 * sum(NET3_CHANNELS[1:])


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_counted_by_hand(name):
    assert sum(p.numel() for p in build(name, 10).parameters()) == PARAMETERS[name]


def test_parameters_are_the_studys():
    assert PARAMETERS == {"net1": 62_006, "net2": 1_468_036, "net3": 21_452_682, "net3_no_bn": 21_448_906}


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


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("net1", ["conv1", "conv2", "fc1", "fc2", "fc3"]),
        ("net2", ["conv1", "conv2", "conv3", "fc1", "fc2", "fc3"]),
        ("net3", [*(f"conv_block{i}" for i in range(1, 9)), "fc1", "fc2"]),
    ],
)
def test_layer_names_are_the_studys_and_images_become_one_logit_a_class(name, layers):
    """DLStudio's for Net1 and Net2, so that weights load into its own classes; listing 3's for Net3."""
    net = build(name, 3)
    assert [child for child, _ in net.named_children()] == layers
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_net3_normalises_after_the_relu_and_pools_in_blocks_3_and_6():
    net = build("net3", 10)
    kinds = [[type(layer).__name__ for layer in getattr(net, f"conv_block{i}")] for i in range(1, 9)]
    plain = ["Conv2d", "ReLU", "BatchNorm2d"]
    assert kinds == [[*plain, "MaxPool2d"] if i in (3, 6) else plain for i in range(1, 9)]


@pytest.mark.parametrize("name", ["net1", "net2", "net3"])
def test_gradients_on_channels_last_images_are_those_of_float64(name):
    """PyTorch's batch normalisation on a CPU is inexact in that memory format (1 % off): Net3 must not use it."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(5, 3, 32, 32, generator=generator) * 2 - 1
    targets = torch.randint(0, 10, (5,), generator=generator)

    def gradient(images: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        net = build(name, 10).to(images.dtype)
        F.cross_entropy(net(images), targets).backward()
        return torch.cat([parameter.grad.flatten().double() for parameter in net.parameters()])

    exact = gradient(images.double())
    ours = gradient(images.contiguous(memory_format=torch.channels_last))
    assert (ours - exact).norm() < 1e-3 * exact.norm()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, UserError),
        ("", UserError),
        ("class Net: pass", UserError),
        ("def Net(num_classes): pass", UserError),
        ("class Net(:", SyntaxError),
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
