"""Our training loop against a textbook one, its log, and its determinism."""

import copy
import dataclasses

import pytest
import torch
import torch.nn.functional as F

import nets
from foundation.errors import UserError
from model import device
from params import Recipe
from training import loop
from training.log import LogRow, mean_row


def recipe(**changes) -> Recipe:
    values = {
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.001,
        "batch_size": 4,
        "epochs": 2,
        "log_every": 3,
    }
    return Recipe(**values | changes)


@pytest.fixture
def data() -> tuple[torch.Tensor, torch.Tensor]:
    """30 images: seven batches of four and one of two."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (30, 32, 32, 3), dtype=torch.uint8, generator=generator)
    return images, torch.randint(0, 10, (30,), generator=generator)


@pytest.fixture(autouse=True)
def _deterministic():
    device.make_deterministic(threads=1)


def rows_of(net: torch.nn.Module, images, targets, chosen: Recipe, seed: int) -> list[LogRow]:
    """Train `net`; its log."""
    return [row for row in loop.train(loop.initial_state(net, chosen), images, targets, chosen, seed) if row]


def build(name: str = "net1") -> torch.nn.Module:
    torch.manual_seed(0)
    return nets.build(name, {}, num_classes=10)


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("name", ["net1", "net2", "net3"])
def test_the_same_weights_as_a_textbook_loop_over_the_same_batches(data, name, onednn, memory_format):
    device.make_deterministic(threads=1, onednn=onednn)
    images, targets = data
    ours, textbook = build(name), build(name)
    chosen = recipe(epochs=1, learning_rate=0.001)
    state = loop.initial_state(ours, chosen, memory_format)
    list(loop.train(state, images, targets, chosen, seed=5))

    optimizer = torch.optim.SGD(textbook.parameters(), lr=0.001, momentum=0.9, weight_decay=0.001)
    inputs = (images.permute(0, 3, 1, 2).contiguous() / 255 - 0.5) / 0.5
    for batch in torch.randperm(30, generator=torch.Generator().manual_seed(5)).split(4):
        optimizer.zero_grad()
        F.cross_entropy(textbook(inputs[batch]), targets[batch]).backward()
        optimizer.step()
    for (key, value), expected in zip(ours.state_dict().items(), textbook.state_dict().values(), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5, msg=lambda text, key=key: f"{key}: {text}")


def test_a_row_every_log_every_steps_and_at_the_end_of_each_epoch(data):
    rows = rows_of(build(), *data, recipe(), seed=0)
    assert [(row.step, row.epoch, row.images) for row in rows] == [
        (3, 1, 12), (6, 1, 12), (8, 1, 6), (11, 2, 12), (14, 2, 12), (16, 2, 6),
    ]  # fmt: skip


def test_loss_and_accuracy_are_means_over_the_images_seen(data):
    """With next to no learning, one epoch's means are those of the untrained net on the training images."""
    images, targets = data
    net = build()
    untrained = copy.deepcopy(net)
    rows = rows_of(net, images, targets, recipe(learning_rate=1e-12, epochs=1), seed=0)
    mean = mean_row(rows)
    logits = untrained((images.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5)
    assert mean.loss == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-5)
    assert mean.accuracy == pytest.approx(100 * (logits.argmax(1) == targets).double().mean().item())
    assert mean.images == 30


@pytest.mark.parametrize("name", ["net1", "net2", "net3"])
def test_two_runs_give_the_same_bits(data, name):
    def weights() -> dict:
        net = build(name)
        rows_of(net, *data, recipe(epochs=1), seed=0)
        return net.state_dict()

    first, second = weights(), weights()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("at_once", [1, 9, 16])  # one batch of four, two, all of a row
def test_how_many_images_are_gathered_at_once_does_not_matter(data, monkeypatch, at_once):
    ours, other = build(), build()
    rows = rows_of(ours, *data, recipe(log_every=5), seed=0)
    monkeypatch.setattr(loop, "IMAGES_AT_ONCE", at_once)
    others = rows_of(other, *data, recipe(log_every=5), seed=0)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), other.parameters(), strict=True))
    assert [dataclasses.astuple(row) for row in others] == [
        pytest.approx(dataclasses.astuple(row), rel=1e-6) for row in rows
    ]


def test_another_seed_is_another_order(data):
    def losses(seed: int) -> list[float]:
        return [row.loss for row in rows_of(build(), *data, recipe(), seed)]

    assert losses(0) == losses(0) != losses(1)


def test_every_epoch_is_shuffled_anew_and_sees_every_image_once(data, monkeypatch):
    seen = []
    steps = loop.train_steps

    def spy(state, images, targets, some, recipe):
        seen.extend(some.tolist())
        steps(state, images, targets, some, recipe)

    monkeypatch.setattr(loop, "train_steps", spy)
    rows_of(build(), *data, recipe(), seed=0)
    first, second = seen[:30], seen[30:]
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second


def test_a_loss_that_is_no_number_stops_training(data):
    with pytest.raises(
        UserError, match=r"the loss became nan by step \d: with learning rate 1000.0 training diverges; try a smaller"
    ):
        rows_of(build(), *data, recipe(learning_rate=1000.0), seed=0)


class WithSpareParts(torch.nn.Module):
    """A net with a frozen layer and one that is never used."""

    def __init__(self):
        super().__init__()
        self.frozen = torch.nn.Linear(3 * 32 * 32, 20).requires_grad_(False)
        self.head = torch.nn.Linear(20, 10)
        self.unused = torch.nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.frozen(x.flatten(1)).relu())


def test_a_net_with_a_frozen_and_an_unused_layer_is_trained_as_torch_does(data):
    images, targets = data
    torch.manual_seed(0)
    ours = WithSpareParts()
    textbook, chosen = copy.deepcopy(ours), recipe(epochs=1)
    before = copy.deepcopy(ours.state_dict())
    rows_of(ours, images, targets, chosen, seed=5)
    optimizer = torch.optim.SGD(textbook.parameters(), lr=0.01, momentum=0.9, weight_decay=0.001)
    inputs = (images.permute(0, 3, 1, 2).contiguous() / 255 - 0.5) / 0.5
    for batch in torch.randperm(30, generator=torch.Generator().manual_seed(5)).split(4):
        optimizer.zero_grad()
        F.cross_entropy(textbook(inputs[batch]), targets[batch]).backward()
        optimizer.step()
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(value, textbook.state_dict()[key], rtol=1e-4, atol=1e-5)
        assert torch.equal(value, before[key]) == (not key.startswith("head")), key


def test_a_net_of_which_nothing_can_be_trained_is_one_line():
    with pytest.raises(UserError, match=r"^the net has no parameter that can be trained$"):
        loop.initial_state(build().requires_grad_(False), recipe())
    with pytest.raises(UserError, match="no parameter"):
        loop.initial_state(torch.nn.Flatten(), recipe())
