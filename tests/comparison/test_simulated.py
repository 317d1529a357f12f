"""The rules on simulated runs: how often an interval covers the truth, and how often a verdict is wrong.

An image is right where the run's luck, the image's ease and a chance of both add up to more than 0, all normal. The
limits are those that `statistics` states, with the binomial error of so many draws.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_up import STUDY
from scipy import special, stats

from comparison import claims, statistics
from comparison.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from comparison.runs import Runs

pytestmark = pytest.mark.filterwarnings("error")

IMAGES, EASE, DRAWS = 500, 2.0, 200
SPREADS = [0.2, 1, 8]
Random = np.random.Generator
each_case = pytest.mark.parametrize(("seeds", "spread"), [(seeds, spread) for seeds in (3, 5) for spread in SPREADS])


def lucky(random: Random, mean: float, spread: float, runs: int) -> np.ndarray:
    """True accuracies (%) of runs: normal with the standard deviation `spread`."""
    return np.clip(mean + spread * random.normal(size=runs), 0.1, 99.9)


def right(random: Random, accuracies: np.ndarray, ease: np.ndarray) -> np.ndarray:
    """(runs, images) bool."""
    limits = special.ndtri(accuracies / 100) * (1 + EASE**2) ** 0.5
    return EASE * ease + random.normal(size=(len(accuracies), len(ease))) > -limits[:, None]


def simulated(random: Random, means: dict[str, float], spread: float, seeds: int) -> Runs:
    """What the rules about accuracies read of runs; `means` are in %."""
    ease = random.normal(size=IMAGES)
    of_net = {net: right(random, lucky(random, mean, spread, seeds), ease) for net, mean in means.items()}
    return SimpleNamespace(right=of_net.get, accuracies=lambda net: 100 * of_net[net].mean(axis=1))


def count(draw: Callable[[Random], object]) -> pd.Series:
    """How often `draw` gives each value."""
    random = np.random.default_rng(0)
    return pd.Series([draw(random) for _ in range(DRAWS)]).value_counts()


def verdicts(rule: Callable, simulate: Callable[[Random], Runs]) -> pd.Series:
    found = count(lambda random: rule(simulate(random), STUDY).conclude("claim").verdict)
    return found.reindex([HOLDS, DOES_NOT_HOLD, NOT_DECIDED], fill_value=0)


def at_most(rate: float) -> int:
    """A count that events of this rate exceed once in a thousand times."""
    return int(stats.binom.ppf(0.999, DRAWS, rate))


@each_case
def test_intervals_of_accuracies_and_differences_cover_the_truth(seeds, spread):
    def draw(random: Random) -> tuple[bool, bool]:
        runs = simulated(random, {"a": 70, "b": 60}, spread, seeds)
        low, high = statistics.accuracy_interval(runs.right("a"))
        difference = statistics.contrast([runs.right("b"), runs.right("a")], [-100, 100])
        return not low <= 70 <= high, not difference.low <= 10 <= difference.high

    missed = np.sum([[*key] * np.array(times) for key, times in count(draw).items()], axis=0)
    assert missed[0] <= at_most(0.07)
    assert missed[1] <= at_most(0.05)


@each_case
@pytest.mark.parametrize(
    ("rule", "net1", "net2", "net3"),
    [
        (claims.accuracy_rises, 30, 70, 70),
        (claims.accuracy_rises, 70, 70, 70),
        (claims.gains_diminish, 50, 60, 70),
        (claims.gains_as_large, 61, 73, 76.75),  # the first gain is at its margin, 12 to 18 points
    ],
)
def test_where_nothing_can_be_said_a_verdict_is_seldom_given(seeds, spread, rule, net1, net2, net3):
    found = verdicts(rule, lambda random: simulated(random, dict(net1=net1, net2=net2, net3=net3), spread, seeds))
    assert found[HOLDS] <= at_most(0.025)
    assert found[DOES_NOT_HOLD] <= at_most(0.025)


@each_case
def test_one_more_run_is_within_its_prediction(seeds, spread):
    def draw(random: Random) -> bool:
        nets = [lucky(random, 60, spread, seeds) for _ in "abc"]
        low, high, _ = statistics.one_more_run(nets[0], nets)
        return not low <= lucky(random, 60, spread, 1)[0] <= high

    assert count(draw)[True] <= at_most(0.06)
