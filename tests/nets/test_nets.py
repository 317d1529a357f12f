"""The nets against parameters and shapes counted by hand."""

import pytest
import torch
import torch.nn.functional as F

import nets

CONV_LINEAR = {
    # Weights (inputs × outputs × kernel) and biases, layer by layer.
    "net1": [3 * 6 * 25 + 6, 6 * 16 * 25 + 16, 400 * 120 + 120, 120 * 84 + 84, 84 * 10 + 10],
    "net2": [
        3 * 128 * 25 + 128,
        128 * 128 * 9 + 128,
        128 * 128 * 4 + 128,
        8192 * 150 + 150,
        150 * 100 + 100,
        100 * 10 + 10,
    ],
    "net3": [
        3 * 32 * 9 + 32,
        32 * 64 * 9 + 64,
        64 * 128 * 9 + 128,
        128 * 128 * 9 + 128,
        128 * 256 * 9 + 256,
        256 * 256 * 9 + 256,
        256 * 512 * 9 + 512,
        512 * 512 * 9 + 512,
        32768 * 512 + 512,
        512 * 10 + 10,
    ],
}
BATCH_NORM = 2 * (32 + 64 + 128 + 128 + 256 + 256 + 512 + 512)
PARAMETERS = {"net1": 62_006, "net2": 1_468_036, "net3": 21_452_682}


@pytest.mark.parametrize("name", CONV_LINEAR)
def test_parameters_are_those_counted_by_hand(name):
    net = nets.build(name, {}, num_classes=10)
    by_hand = sum(CONV_LINEAR[name]) + (BATCH_NORM if name == "net3" else 0)
    assert sum(p.numel() for p in net.parameters()) == by_hand == PARAMETERS[name]


def test_the_ablation_is_net3_less_its_batch_normalisation():
    """The same layers in the same order; and the same logits, where that has been taken out of Net3."""
    net3, ablation = (nets.build(name, {}, num_classes=10).eval() for name in ("net3", "net3_no_bn"))
    assert sum(p.numel() for p in ablation.parameters()) == sum(CONV_LINEAR["net3"]) == 21_448_906
    for name, block in net3.named_children():
        if isinstance(block, torch.nn.Sequential):
            kept = [layer for layer in block if not isinstance(layer, torch.nn.BatchNorm2d)]
            assert len(kept) == len(block) - 1
            setattr(net3, name, torch.nn.Sequential(*kept))
    assert str(net3) == str(ablation)
    ablation.load_state_dict(net3.state_dict())
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net3(images), ablation(images))


@pytest.mark.parametrize("name", CONV_LINEAR)
@pytest.mark.parametrize("num_classes", [10, 3])
def test_images_to_one_logit_a_class(name, num_classes):
    net = nets.build(name, {}, num_classes)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, num_classes)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("net1", ["conv1", "conv2", "fc1", "fc2", "fc3"]),
        ("net2", ["conv1", "conv2", "conv3", "fc1", "fc2", "fc3"]),
        ("net3", [*(f"conv_block{i}" for i in range(1, 9)), "fc1", "fc2"]),
    ],
)
def test_layer_names_are_the_studys(name, layers):
    """DLStudio's for Net1 and Net2, so that weights load into its own classes; listing 3's for Net3."""
    assert [child for child, _ in nets.build(name, {}, 10).named_children()] == layers


def test_net3_normalises_after_the_relu_and_pools_in_blocks_3_and_6():
    net = nets.build("net3", {}, 10)
    kinds = [[type(layer).__name__ for layer in getattr(net, f"conv_block{i}")] for i in range(1, 9)]
    plain = ["Conv2d", "ReLU", "BatchNorm2d"]
    assert kinds == [[*plain, "MaxPool2d"] if i in (3, 6) else plain for i in range(1, 9)]


def test_net2_feeds_an_8_by_8_map_of_128_channels_to_its_linear_layers():
    net, seen = nets.build("net2", {}, 10), []
    net.fc1.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape))
    net(torch.zeros(1, 3, 32, 32))
    assert seen == [(1, 128 * 8 * 8)]


@pytest.mark.parametrize("name", CONV_LINEAR)
def test_gradients_on_channels_last_images_are_those_of_float64(name):
    """PyTorch's batch normalisation on a CPU is inexact in that memory format (1 % off): Net3 must not use it."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(5, 3, 32, 32, generator=generator) * 2 - 1
    targets = torch.randint(0, 10, (5,), generator=generator)

    def gradient(images: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        net = nets.build(name, {}, 10).to(images.dtype)
        F.cross_entropy(net(images), targets).backward()
        return torch.cat([parameter.grad.flatten().double() for parameter in net.parameters()])

    exact = gradient(images.double())
    ours = gradient(images.contiguous(memory_format=torch.channels_last))
    assert (ours - exact).norm() < 1e-3 * exact.norm()
