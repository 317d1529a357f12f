"""A training run cut short and gone on with; killed processes are in test_interruptions.py."""

import copy
import hashlib
import io
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import nets
from foundation.errors import UserError
from model import device
from params import Recipe
from training import loop, resume
from training.session import train_to_the_end

RECIPE = Recipe(learning_rate=0.01, momentum=0.9, weight_decay=0.0, batch_size=4, epochs=2, log_every=3)
MODERN = {"schedule": "one-cycle", "warm_up": 0.2, "label_smoothing": 0.1, "flip": True, "shift": 4, "cutout": 8}
RECIPES = {
    "SGD": RECIPE,
    "Nesterov": RECIPE.model_copy(update={"nesterov": True, **MODERN}),
    "AdamW": RECIPE.model_copy(update={"optimizer": "adamw", "momentum": 0.0, **MODERN}),
}
GENERATOR = torch.Generator().manual_seed(1)
IMAGES = torch.randint(0, 256, (30, 32, 32, 3), dtype=torch.uint8, generator=GENERATOR)
TARGETS = torch.randint(0, 10, (30,), generator=GENERATOR)


@pytest.fixture(autouse=True)
def _deterministic():
    device.make_deterministic(threads=1)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(resume, "FOLDER", tmp_path)


class WithDropout(nn.Module):
    """A net whose steps draw from torch's random state."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 * 32 * 32, 10)

    def forward(self, x):
        return self.fc(nn.functional.dropout(x.flatten(1), training=self.training))


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    return WithDropout() if name == "dropout" else nets.build(name, {}, num_classes=10)


def train(state: loop.State, recipe: Recipe):
    return loop.train(state, IMAGES, TARGETS, recipe, seed=0)


@pytest.mark.parametrize("images_at_once", [4, 100])  # one batch, so that there are places within a row; a whole row
@pytest.mark.parametrize(
    ("name", "events_before", "recipe"),
    [
        ("net1", 1, "SGD"),
        ("net1", 2, "SGD"),
        ("net1", 8, "SGD"),
        ("net1", 16, "SGD"),
        ("net3", 2, "SGD"),
        ("dropout", 4, "SGD"),
        ("net1", 2, "Nesterov"),
        ("net1", 2, "AdamW"),
        ("net1", 11, "AdamW"),
    ],  # 8: an epoch's end; 16: the run's
)
def test_the_same_weights_and_log_as_without_interruption(name, events_before, recipe, images_at_once, monkeypatch):
    monkeypatch.setattr(loop, "IMAGES_AT_ONCE", images_at_once)
    recipe = RECIPES[recipe]
    whole = loop.initial_state(build(name), recipe)
    expected = list(train(whole, recipe))

    first = loop.initial_state(build(name), recipe)
    events = [event for _, event in zip(range(events_before), train(first, recipe), strict=False)]
    file = io.BytesIO()
    torch.save(loop.snapshot(first), file)
    file.seek(0)

    second = loop.initial_state(build(name), recipe)
    torch.manual_seed(99)  # another process has drawn other numbers
    loop.restore(second, torch.load(file, weights_only=True))
    events += train(second, recipe)

    assert events == expected
    for key, value in whole.net.state_dict().items():
        assert torch.equal(second.net.state_dict()[key], value), key
    ours, theirs = (state.optimizer.state_dict()["state"] for state in (second, whole))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key][name], value) for key in theirs for name, value in theirs[key].items())


CONFIGURATION = {"recipe": {"learning_rate": 0.1}, "seed": 0}
STATE = {"step": 7, "rows": [[1, 0.5]], "weights": torch.arange(1000.0)}


def saved_state() -> resume.SavedState:
    saved = resume.SavedState("net1", CONFIGURATION)
    saved.save(STATE)
    return saved


def test_a_state_is_found_by_its_configuration():
    saved_state()
    again = resume.SavedState("net1", copy.deepcopy(CONFIGURATION))
    found = again.load()
    assert again.step == found["step"] == 7
    assert found["rows"] == STATE["rows"]
    assert torch.equal(found["weights"], STATE["weights"])


@pytest.mark.parametrize("other", [{"seed": 1}, {"recipe": {"learning_rate": 0.2}}, {"code": "edited"}])
def test_a_state_of_another_configuration_is_left_alone(other):
    saved = saved_state()
    different = resume.SavedState("net1", CONFIGURATION | other)
    assert different.load() is None
    different.save(STATE | {"step": 8})
    assert resume.SavedState("net2", CONFIGURATION).load() is None
    assert (saved.load()["step"], different.load()["step"]) == (7, 8)


def test_a_state_under_the_name_of_another_is_not_taken_for_it(capsys):
    saved, other = saved_state(), resume.SavedState("net1", CONFIGURATION | {"seed": 1})
    saved.path.rename(other.path)
    assert other.load() is None
    assert "is damaged or of another run: training starts at the beginning" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_state_is_ignored_with_a_line(seed, capsys):
    saved = saved_state()
    content = bytearray(saved.path.read_bytes())
    chance = random.Random(seed)
    at = chance.randrange(len(content) - 64)
    if seed % 3 == 0:
        content[at] ^= 1 << chance.randrange(8)
    elif seed % 3 == 1:
        del content[at:]
    else:
        content[at : at + 64] = bytes(b ^ 0xFF if b == 0 else 0 for b in content[at : at + 64])
    saved.path.write_bytes(content)
    assert saved.load() is None
    assert capsys.readouterr().err == f"{saved.path} is damaged or of another run: training starts at the beginning\n"


def test_saving_takes_its_share_of_the_time_and_early_on_loses_little(monkeypatch):
    """Saving takes 2 s here: after 1 s and twice as long each time, until 2 s are a hundredth of the time between."""
    now = 0.0
    monkeypatch.setattr(resume.time, "monotonic", lambda: now)
    monkeypatch.setattr(resume, "SHARE", 0.01)
    write = resume.replacing

    def slow(path):
        nonlocal now
        now += 2.0
        return write(path)

    monkeypatch.setattr(resume, "replacing", slow)
    saved, trained, between = resume.SavedState("net1", CONFIGURATION), 0.0, []
    while len(between) < 11:
        now += 1.0
        trained += 1.0
        if saved.is_due():
            saved.save(STATE)
            between.append(trained)
            trained = 0.0
    assert between == [1, 2, 4, 8, 16, 32, 64, 128, 200, 200, 200]


def finished(net: str, seed: int, checkpoint: Path) -> resume.SavedState:
    """A run to its end, with `checkpoint` as its result."""
    saved = resume.SavedState(net, CONFIGURATION | {"seed": seed})
    saved.save(STATE)
    checkpoint.parent.mkdir(exist_ok=True)
    checkpoint.write_text(f"{net} of seed {seed}")
    saved.note_result(checkpoint)
    return saved


def test_a_state_is_removed_once_its_result_is_recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorded, not_yet = finished("net1", 0, Path("models/net1.pt")), finished("net1", 1, Path("models/net1.pt"))
    under_way = resume.SavedState("net2", CONFIGURATION)
    under_way.save(STATE)
    resume.remove_recorded("net1")  # there is no dvc.lock
    assert recorded.load()
    Path("dvc.lock").write_text(f"    md5: {hashlib.md5(b'net1 of seed 0').hexdigest()}\n")
    resume.remove_recorded("net1")
    assert recorded.load() is None
    assert not_yet.load()
    assert under_way.load()


def test_states_that_nobody_records_do_not_pile_up(tmp_path, monkeypatch):
    """As when stages are run by hand, or experiments taken back; another net's are not counted with them."""
    monkeypatch.chdir(tmp_path)
    now = time.time()
    other = finished("net1-wide", 0, Path("models/net1-wide.pt"))
    removed_net = finished("net9", 0, Path("models/net9.pt"))
    for seed in range(6):
        path = finished("net1", seed, Path("models/net1.pt")).path
        os.utime(path, (now + seed - 10, now + seed - 10))
    os.utime(other.path, (now - 1000, now - 1000))
    os.utime(removed_net.path, (now - 40 * 86_400, now - 40 * 86_400))
    resume.remove_recorded("net1")
    left = [seed for seed in range(6) if resume.SavedState("net1", CONFIGURATION | {"seed": seed}).load()]
    assert left == [3, 4, 5]
    assert other.load()
    assert removed_net.load() is None
    assert len(list(resume.FOLDER.glob("net*.*"))) == 2 * (resume.KEPT + 1)


def test_a_state_that_cannot_be_saved_ends_nothing(monkeypatch, capsys):
    def full(path):
        raise OSError(28, "No space left on device", str(path))

    saved = saved_state()
    monkeypatch.setattr(resume, "replacing", full)
    saved.save(STATE | {"step": 8})
    line = capsys.readouterr().err
    assert line.startswith("training goes on, but its state at step 8 is not saved: [Errno 28] No space left on device")
    assert saved.load()["step"] == saved.step == 7


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")])
def test_out_of_memory_is_one_line_that_says_what_to_change(monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(loop, "train_steps", fails)
    state, saved = loop.initial_state(build("net1"), RECIPE), resume.SavedState("net1", CONFIGURATION)
    with pytest.raises(UserError, match=r"^out of memory in training net1 with batch size 4 \(.+\): try a smaller"):
        train_to_the_end("net1", state, IMAGES, TARGETS, RECIPE, 0, saved, Path("plots/loss/net1.csv"))


def test_a_defect_in_training_keeps_its_traceback(monkeypatch):
    def fails(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(loop, "train_steps", fails)
    state, saved = loop.initial_state(build("net1"), RECIPE), resume.SavedState("net1", CONFIGURATION)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        train_to_the_end("net1", state, IMAGES, TARGETS, RECIPE, 0, saved, Path("plots/loss/net1.csv"))


def test_ctrl_c_before_anything_is_saved_promises_nothing(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "train_steps", interrupted)
    state, saved = loop.initial_state(build("net1"), RECIPE), resume.SavedState("net1", CONFIGURATION)
    with pytest.raises(KeyboardInterrupt, match=r"^nothing of net1 is saved yet; run it again to start anew$"):
        train_to_the_end("net1", state, IMAGES, TARGETS, RECIPE, 0, saved, Path("plots/loss/net1.csv"))


def test_the_signal_handler_is_put_back_after_training():
    before = signal.getsignal(signal.SIGTERM)
    state, saved = loop.initial_state(build("net1"), RECIPE), resume.SavedState("net1", CONFIGURATION)
    rows, _ = train_to_the_end("net1", state, IMAGES, TARGETS, RECIPE, 0, saved, Path("plots/loss/net1.csv"))
    assert rows[-1].step == saved.step == 16  # the state after the last step is there, too
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_loss_curve_grows_while_the_net_is_trained(monkeypatch):
    """Row by row and each time whole, once a second at most; the clock makes a second a step here."""
    now, seen, log_to = 0.0, [], Path("plots/loss/net1.csv")
    monkeypatch.setattr("training.session.time.perf_counter", lambda: now)
    step = loop.train_steps

    def slow(*arguments):
        nonlocal now
        now += 1.0
        seen.append(len(log_to.read_text().splitlines()) - 1 if log_to.exists() else 0)
        step(*arguments)

    monkeypatch.setattr(loop, "train_steps", slow)
    state, saved = loop.initial_state(build("net1"), RECIPE), resume.SavedState("net1", CONFIGURATION)
    rows, _ = train_to_the_end("net1", state, IMAGES, TARGETS, RECIPE, 0, saved, log_to)
    assert seen == [0, 1, 2, 3, 4, 5]
    assert len(rows) == 6
