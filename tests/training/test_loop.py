"""The training loop against a textbook one, its log, and an interruption at any step."""

import copy
import os
import signal
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from errors import UserError
from model.build import build, check_training
from model.device import make_deterministic
from saved_state import SavedState
from training.loop import LogRow, train
from training.recipe import Recipe

SGD = {"name": "sgd", "momentum": 0.9, "weight_decay": 0.001}
ADAMW = {"name": "adamw", "weight_decay": 0.001}
ONE_CYCLE = {"name": "one-cycle", "warm_up": 0.25}
AUGMENTED = {"flip": 0.5, "shift": 5}


def recipe(**changes) -> Recipe:
    values = {
        "optimizer": SGD, "learning_rate": 0.01, "schedule": {"name": "constant"}, "label_smoothing": 0.0,
        "augmentation": {}, "allow_bfloat16": False, "batch_size": 4, "epochs": 2, "log_every": 3,
    }  # fmt: skip
    return Recipe(**values | changes)


@pytest.fixture(autouse=True)
def _deterministic_in_an_empty_folder(tmp_path, monkeypatch):
    make_deterministic()
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def data() -> tuple[torch.Tensor, torch.Tensor]:
    """30 images: seven batches of four and one of two."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (30, 32, 32, 3), dtype=torch.uint8, generator=generator)
    return images, torch.randint(0, 10, (30,), generator=generator)


def net_of(name: str = "net1") -> torch.nn.Module:
    torch.manual_seed(0)
    return build(name, num_classes=10)


def trained(net, data, chosen: Recipe, seed: int = 5, bfloat16: bool = False, key: str = "") -> list[LogRow]:
    """Train `net` on from the state saved under `key`, if there is one."""
    return train(net, *data, chosen, seed, bfloat16, SavedState("run", {"key": key}))


def train_by_the_textbook(net, data, optimizer, scheduler=None, epochs: int = 2, bfloat16=False, **loss: float) -> None:
    """Batches of four, shuffled by seed 5."""
    images, targets = data
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
    """16 steps, a quarter of them up; the 17th would have the last learning rate, 0."""
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=17, pct_start=4 / 17, anneal_strategy="linear",
        cycle_momentum=False, div_factor=4, final_div_factor=1e12,
    )  # fmt: skip


torch_sgd = partial(torch.optim.SGD, lr=0.01, momentum=0.9, weight_decay=0.001)
torch_adamw = partial(torch.optim.AdamW, lr=0.001, weight_decay=0.001)
cosine = partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=16)
RECIPES = {
    "SGD": ({}, torch_sgd, None, {}),
    "without momentum": ({"optimizer": SGD | {"momentum": 0.0}}, partial(torch_sgd, momentum=0.0), None, {}),
    "Nesterov": ({"optimizer": SGD | {"nesterov": True}}, partial(torch_sgd, nesterov=True), None, {}),
    "AdamW": ({"optimizer": ADAMW, "learning_rate": 0.001}, torch_adamw, None, {}),
    "label smoothing": ({"label_smoothing": 0.3}, torch_sgd, None, {"label_smoothing": 0.3}),
    "cosine": ({"schedule": {"name": "cosine"}}, torch_sgd, cosine, {}),
    "one cycle": ({"schedule": ONE_CYCLE}, torch_sgd, one_cycle, {}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_as_a_textbook_loop_with_torchs_optimizer_and_scheduler(data, name):
    changes, optimizer, scheduler, loss = RECIPES[name]
    ours, textbook = net_of(), net_of()
    trained(ours, data, recipe(**changes))
    optimizer = optimizer(textbook.parameters())
    train_by_the_textbook(textbook, data, optimizer, scheduler and scheduler(optimizer), **loss)
    assert_close(ours, textbook)


def test_batch_normalisation_as_in_a_textbook_loop(data):
    ours, textbook = net_of("net3"), net_of("net3")
    trained(ours, data, recipe(epochs=1, learning_rate=0.001))
    train_by_the_textbook(textbook, data, torch_sgd(textbook.parameters(), lr=0.001), epochs=1)
    assert_close(ours, textbook)


def test_bfloat16_as_a_textbook_loop_with_autocast(data):
    """At a learning rate that moves the weights far, so a step that used old weights would show."""
    ours, textbook, float32 = net_of(), net_of(), net_of()
    rows = trained(ours, data, recipe(learning_rate=0.05), bfloat16=True)
    train_by_the_textbook(textbook, data, torch_sgd(textbook.parameters(), lr=0.05), bfloat16=True)
    train_by_the_textbook(float32, data, torch_sgd(float32.parameters(), lr=0.05))
    ours, textbook, float32 = (
        torch.cat([p.detach().flatten() for p in net.parameters()]) for net in (ours, textbook, float32)
    )
    assert ours.dtype == torch.float32
    assert (ours - textbook).norm() < 0.3 * (float32 - textbook).norm()
    assert all(row.loss != torch.tensor(row.loss).bfloat16().item() for row in rows)  # the log is not rounded


def test_a_row_every_log_every_steps_and_at_the_end_of_each_epoch(data):
    rows = trained(net_of(), data, recipe())
    assert [(row.step, row.epoch, row.images) for row in rows] == [
        (3, 1, 12), (6, 1, 12), (8, 1, 6), (11, 2, 12), (14, 2, 12), (16, 2, 6),
    ]  # fmt: skip


def test_a_row_has_the_means_over_its_images_without_label_smoothing(data):
    """With next to no learning, the means of an epoch are those of the untrained net."""
    images, targets = data
    (row,) = trained(net_of(), data, recipe(learning_rate=1e-12, epochs=1, log_every=8, label_smoothing=0.5))
    logits = net_of()((images.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5)
    assert row.loss == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-5)
    assert row.accuracy == pytest.approx(100 * (logits.argmax(1) == targets).double().mean().item())


class Net1WithDropout(torch.nn.Module):
    """Draws from torch's random state; sends SIGTERM to its own process in the step `interrupted_at` of the process."""

    def __init__(self, interrupted_at: int = 0):
        super().__init__()
        self.net, self.steps, self.interrupted_at = net_of(), 0, interrupted_at
        torch.manual_seed(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        if self.steps == self.interrupted_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.net(F.dropout(x, 0.1))


@pytest.mark.parametrize("augmentation", [{}, AUGMENTED], ids=["plain", "augmented"])
def test_interruptions_change_nothing(data, capsys, augmentation):
    """Two by a signal within a log row, at steps 5 and 11 of 16; each time the run goes on with a new net."""
    chosen = recipe(augmentation=augmentation, optimizer=SGD | {"nesterov": True}, schedule=ONE_CYCLE)
    whole = Net1WithDropout()
    rows = trained(whole, data, chosen, key="whole")
    for steps, goes_on_from in ((5, 5), (6, 11)):
        with pytest.raises(SystemExit) as ended:
            trained(Net1WithDropout(interrupted_at=steps), data, chosen, key="parts")
        assert ended.value.code == 143
        assert f"it goes on from step {goes_on_from} of 16" in capsys.readouterr().err
    parts = Net1WithDropout()
    with torch.no_grad():
        next(parts.parameters()).zero_()
    torch.manual_seed(7)
    assert trained(parts, data, chosen, key="parts") == rows
    assert parts.steps == 5
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True))


def test_training_that_diverges_is_one_line(data):
    with pytest.raises(UserError, match=r"the loss became nan by step \d+: .* learning rate 1000"):
        trained(net_of(), data, recipe(learning_rate=1000.0))


class BatchNormOfFeatures(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(3072, 10), torch.nn.BatchNorm1d(10))


@pytest.mark.parametrize(
    ("net", "batch", "says"),
    [
        (BatchNormOfFeatures(), 1, "1 images"),
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 7)), 4, r"\(4, 10\)"),
    ],
    ids=["a batch of one", "seven logits for ten classes"],
)
def test_a_net_that_cannot_be_trained_is_one_line_before_training(net, batch, says):
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(UserError, match=says):
        check_training(net, "mine", batch, 10)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    check_training(BatchNormOfFeatures(), "mine", 2, 10)
