"""Our training loop against a textbook one, its log, and its determinism."""

import copy
import dataclasses
from functools import partial

import pytest
import torch
import torch.nn.functional as F

import nets
from foundation.errors import UserError
from model import device
from params import Recipe
from training import loop
from training.augmentation import draw_views, gather
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
    train_by_the_textbook(textbook, images, targets, optimizer)
    assert_close(ours, textbook)


def train_by_the_textbook(
    net: torch.nn.Module, images, targets, optimizer, scheduler=None, epochs: int = 1, bfloat16=False, **loss: float
) -> None:
    """Batches of four, shuffled by seed 5."""
    inputs = (images.permute(0, 3, 1, 2).contiguous() / 255 - 0.5) / 0.5
    shuffle = torch.Generator().manual_seed(5)
    for _ in range(epochs):
        for batch in torch.randperm(30, generator=shuffle).split(4):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = net(inputs[batch])
            F.cross_entropy(logits.float(), targets[batch], **loss).backward()
            optimizer.step()
            if scheduler:
                scheduler.step()


def assert_close(ours: torch.nn.Module, textbook: torch.nn.Module) -> None:
    for (key, value), expected in zip(ours.state_dict().items(), textbook.state_dict().values(), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5, msg=lambda text, key=key: f"{key}: {text}")


def one_cycle(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.OneCycleLR:
    """Of 16 steps, a quarter up; its last rate would be the next one."""
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=17, pct_start=4 / 17, anneal_strategy="linear",
        cycle_momentum=False, div_factor=4, final_div_factor=1e12,
    )  # fmt: skip


COSINE = partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=16)
SGD = partial(torch.optim.SGD, lr=0.01, momentum=0.9)
ADAMW = partial(torch.optim.AdamW, lr=0.001)
OF_ADAMW = {"optimizer": "adamw", "learning_rate": 0.001, "momentum": 0.0}
ONE_CYCLE = {"schedule": "one-cycle", "warm_up": 0.25}
RECIPES = {
    "plain SGD": ({"momentum": 0.0}, partial(torch.optim.SGD, lr=0.01), None, {}),
    "Nesterov": ({"nesterov": True}, partial(SGD, nesterov=True), None, {}),
    "AdamW": (OF_ADAMW, ADAMW, None, {}),
    "label smoothing": ({"label_smoothing": 0.3}, SGD, None, {"label_smoothing": 0.3}),
    "cosine": ({"schedule": "cosine"}, SGD, COSINE, {}),
    "one cycle": (ONE_CYCLE, SGD, one_cycle, {}),
    "all": (OF_ADAMW | ONE_CYCLE | {"label_smoothing": 0.1}, ADAMW, one_cycle, {"label_smoothing": 0.1}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_against_torchs_own_optimizer_and_scheduler(data, name):
    changes, optimizer, scheduler, loss = RECIPES[name]
    ours, textbook = build(), build()
    rows_of(ours, *data, recipe(**changes), seed=5)
    optimizer = optimizer(textbook.parameters(), weight_decay=0.001)
    train_by_the_textbook(textbook, *data, optimizer, scheduler and scheduler(optimizer), epochs=2, **loss)
    assert_close(ours, textbook)


def test_in_bfloat16_as_by_a_textbook_loop_with_autocast(data):
    """At a rate at which the weights move far: each step computes with the ones that the last has left."""
    chosen, ours, textbook, float32 = recipe(learning_rate=0.05), build(), build(), build()
    start = torch.cat([parameter.detach().flatten() for parameter in build().parameters()])
    # In the textbook's memory format: in another one some CPUs round otherwise.
    state = loop.initial_state(ours, chosen, torch.contiguous_format, bfloat16=True)
    rows = [row for row in loop.train(state, *data, chosen, seed=5) if row]
    optimizer = partial(SGD, lr=0.05, weight_decay=0.001)
    train_by_the_textbook(textbook, *data, optimizer(textbook.parameters()), epochs=2, bfloat16=True)
    train_by_the_textbook(float32, *data, optimizer(float32.parameters()), epochs=2)

    moved, expected, in_float32 = (
        torch.cat([parameter.detach().flatten() for parameter in net.parameters()]) - start
        for net in (ours, textbook, float32)
    )
    assert moved.dtype == torch.float32
    assert (moved - expected).norm() < 0.05 * (in_float32 - expected).norm()
    assert all(row.loss != torch.tensor(row.loss).bfloat16().item() for row in rows)  # nor is the log rounded


def test_what_a_recipe_may_leave_out_does_nothing(data):
    """Results of before such a key was thought of keep their bytes."""
    left_out = {"optimizer": "sgd", "schedule": "constant", "warm_up": 0.0, "nesterov": False, "label_smoothing": 0.0,
                "flip": False, "shift": 0, "border": "reflect", "cutout": 0, "allow_bfloat16": False}  # fmt: skip
    spelt_out = recipe(**left_out)
    assert recipe().model_dump().keys() | left_out.keys() == Recipe.model_fields.keys()
    ours, other = build(), build()
    assert rows_of(ours, *data, recipe(), seed=0) == rows_of(other, *data, spelt_out, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), other.parameters(), strict=True))


def test_the_logged_loss_is_without_label_smoothing(data):
    """With next to no learning, both log the loss of the untrained net."""
    plain, smoothed = (
        rows_of(build(), *data, recipe(learning_rate=1e-12, label_smoothing=share), seed=0) for share in (0.0, 0.5)
    )
    assert [row.loss for row in smoothed] == pytest.approx([row.loss for row in plain], rel=1e-6)


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


@pytest.mark.parametrize("augmentation", [{}, {"flip": True, "shift": 5}], ids=str)
def test_every_epoch_is_shuffled_anew_and_sees_every_image_once_with_its_label(data, monkeypatch, augmentation):
    _, targets = data
    numbers = torch.arange(30, dtype=torch.uint8)
    seen = seen_in_training(monkeypatch)
    images = numbers.view(30, 1, 1, 1).expand(30, 32, 32, 3).contiguous()  # each of one colour, however it is shifted
    rows_of(build(), images, targets, recipe(**augmentation), seed=0)
    images, labels = (torch.cat(found) for found in zip(*seen, strict=True))
    order = images[:, 0, 0, 0].long()
    assert order[:30].sort().values.equal(numbers.long())
    assert order[30:].sort().values.equal(numbers.long())
    assert not order[:30].equal(order[30:])
    assert labels.equal(targets[order])


def seen_in_training(monkeypatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """A list that training fills with the images and targets of its steps."""
    seen, steps = [], loop.train_steps

    def spy(state, images, targets, *others):
        seen.append((images, targets))
        steps(state, images, targets, *others)

    monkeypatch.setattr(loop, "train_steps", spy)
    return seen


AUGMENTED = {"flip": True, "shift": 5, "cutout": 9}


@pytest.mark.parametrize(("batch_size", "at_once"), [(4, 1), (4, 8), (7, 1), (7, 100), (512, 100)])
def test_an_image_looks_the_same_however_it_is_batched(data, monkeypatch, batch_size, at_once):
    monkeypatch.setattr(loop, "IMAGES_AT_ONCE", at_once)
    seen = seen_in_training(monkeypatch)
    rows_of(build(), *data, recipe(**AUGMENTED, batch_size=batch_size), seed=3)
    views = [draw_views(recipe(**AUGMENTED), 30, 3, epoch, "cpu") for epoch in (1, 2)]
    shuffle = torch.Generator().manual_seed(3)
    orders = [torch.randperm(30, generator=shuffle) for _ in views]
    expected = [
        gather(data[0], order, seen_as, recipe(**AUGMENTED)) for order, seen_as in zip(orders, views, strict=True)
    ]
    assert torch.cat([images for images, _ in seen]).equal(torch.cat(expected))
    assert not views[0].equal(views[1])


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
    train_by_the_textbook(textbook, images, targets, optimizer)
    assert_close(ours, textbook)
    for key, value in ours.state_dict().items():
        assert torch.equal(value, before[key]) == (not key.startswith("head")), key


def test_a_net_of_which_nothing_can_be_trained_is_one_line():
    with pytest.raises(UserError, match=r"^the net has no parameter that can be trained$"):
        loop.initial_state(build().requires_grad_(False), recipe())
    with pytest.raises(UserError, match="no parameter"):
        loop.initial_state(torch.nn.Flatten(), recipe())
