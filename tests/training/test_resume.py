"""A training run cut short and gone on with; killed processes are in test_interruptions.py."""

import copy
import io
import random

import pytest
import torch
from torch import nn

import nets
from model import device
from params import Recipe
from training import loop, resume

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
    again.remove()
    assert again.load() is None


@pytest.mark.parametrize("other", [{"seed": 1}, {"recipe": {"learning_rate": 0.2}}, {"code": "edited"}])
def test_a_state_of_another_configuration_is_left_alone(other):
    saved = saved_state()
    different = resume.SavedState("net1", CONFIGURATION | other)
    assert different.load() is None
    different.save(STATE)
    different.remove()
    assert resume.SavedState("net2", CONFIGURATION).load() is None
    assert saved.load()["step"] == 7


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
    assert capsys.readouterr().err == f"{saved.path} is damaged: training starts at the beginning\n"


def test_saving_takes_its_share_of_the_time_and_no_more(monkeypatch):
    now = 0.0
    monkeypatch.setattr(resume.time, "monotonic", lambda: now)
    monkeypatch.setattr(resume, "SHARE", 0.01)

    saved = resume.SavedState("net1", CONFIGURATION)
    assert saved.is_due()
    write = resume.replacing

    def slow(path):
        nonlocal now
        now += 2.0
        return write(path)

    monkeypatch.setattr(resume, "replacing", slow)
    saved.save(STATE)
    assert not saved.is_due()
    now = 199.0
    assert not saved.is_due()
    now = 200.0
    assert saved.is_due()


def test_a_state_that_cannot_be_saved_ends_nothing(monkeypatch, capsys):
    def full(path):
        raise OSError(28, "No space left on device", str(path))

    saved = saved_state()
    monkeypatch.setattr(resume, "replacing", full)
    saved.save(STATE | {"step": 8})
    line = capsys.readouterr().err
    assert line.startswith("training goes on, but its state at step 8 is not saved: [Errno 28] No space left on device")
    assert saved.load()["step"] == saved.step == 7


def test_the_code_that_computes_is_part_of_the_configuration(clone):
    def code_hash() -> str:
        program = "from training import loop, resume; import nets.net1; print(resume.code_hash())"
        return clone.run(f"python -c '{program}'", PYTHONPATH="src").stdout

    before = code_hash()
    clone.append("src/nets/net2.py", "# edited\n")  # not the net that is trained
    clone.append("src/foundation/errors.py", "# edited\n")  # which is imported, and cannot change a result
    assert code_hash() == before
    clone.append("src/nets/net1.py", "# edited\n")
    assert code_hash() != before
