"""Learning rates by hand and against torch's schedulers; the optimizers are in test_loop.py."""

import pytest
import torch

from params import Recipe
from training.optimizer import learning_rate

STEPS = 20


def recipe(**changes) -> Recipe:
    values = {"learning_rate": 0.4, "weight_decay": 0.01, "batch_size": 5, "epochs": 1, "log_every": 10}
    return Recipe(**values | changes)


def rates(steps: int = STEPS, **changes) -> list[float]:
    return [learning_rate(recipe(**changes), step, steps) for step in range(steps)]


def torchs_rates(scheduler: type, **settings) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.4)
    schedule, found = scheduler(optimizer, **settings), []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_a_constant_rate_is_the_recipes_own_to_the_last_bit():
    assert rates() == rates(schedule="constant") == [0.4] * STEPS


def test_cosine_by_hand_and_as_torchs():
    assert rates(4, schedule="cosine") == pytest.approx([0.4, 0.2 + 0.2 * 0.5**0.5, 0.2, 0.2 - 0.2 * 0.5**0.5])
    expected = torchs_rates(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=STEPS)
    assert rates(schedule="cosine") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("warm_up", "expected"),
    [
        (0.0, [0.4, 0.3, 0.2, 0.1]),
        (0.25, [0.4, 0.3, 0.2, 0.1]),  # its one step has the highest rate already
        (0.5, [0.2, 0.4, 0.8 / 3, 0.4 / 3]),
        (1.0, [0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_one_cycle_by_hand(warm_up, expected):
    assert rates(4, schedule="one-cycle", warm_up=warm_up) == pytest.approx(expected)


@pytest.mark.parametrize("warm_up", [0.1, 0.25, 0.9])
def test_one_cycle_as_torchs_in_straight_lines(warm_up):
    """Torch's last rate is a step later, and 0."""
    expected = torchs_rates(
        torch.optim.lr_scheduler.OneCycleLR, max_lr=0.4, total_steps=STEPS + 1, pct_start=warm_up * STEPS / (STEPS + 1),
        anneal_strategy="linear", cycle_momentum=False, div_factor=warm_up * STEPS, final_div_factor=1e12,
    )  # fmt: skip
    assert rates(schedule="one-cycle", warm_up=warm_up) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3, 1000])
def test_no_rate_is_zero_or_above_the_recipes_own(schedule, steps):
    for warm_up in (0.0, 0.001, 0.3, 0.77, 1.0) if schedule == "one-cycle" else (0.0,):
        found = rates(steps, schedule=schedule, warm_up=warm_up)
        assert min(found) > 0
        assert 0.25 < max(found) / 0.4 <= 1.0 + 1e-12, warm_up
