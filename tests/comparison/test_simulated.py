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
from comparison.statistics import Evidence

pytestmark = pytest.mark.filterwarnings("error")

IMAGES, EASE, DRAWS = 500, 2.0, 200
HEAPS = "heaps"
SPREADS = [0.2, 1, 8]
Random = np.random.Generator
each_case = pytest.mark.parametrize(("seeds", "spread"), [(seeds, spread) for seeds in (3, 5) for spread in SPREADS])


def lucky(random: Random, mean: float, spread: float | str, runs: int) -> np.ndarray:
    """True accuracies (%) of runs: normal with the standard deviation `spread`, or 15 points below or above `mean`."""
    luck = random.choice([-15, 15], runs) if spread == HEAPS else spread * random.normal(size=runs)
    return np.clip(mean + luck, 0.1, 99.9)


def right(random: Random, accuracies: np.ndarray, ease: np.ndarray) -> np.ndarray:
    """(runs, images) bool."""
    limits = special.ndtri(accuracies / 100) * (1 + EASE**2) ** 0.5
    return EASE * ease + random.normal(size=(len(accuracies), len(ease))) > -limits[:, None]


def simulated(random: Random, means: dict[str, float], spread: float | str, seeds: int) -> Runs:
    """What the rules about accuracies read of runs; `means` are in %."""
    ease = random.normal(size=IMAGES)
    of_net = {net: right(random, lucky(random, mean, spread, seeds), ease) for net, mean in means.items()}
    return SimpleNamespace(right=of_net.get, accuracies=lambda net: 100 * of_net[net].mean(axis=1))


def count(draw: Callable[[Random], object], draws: int = DRAWS) -> pd.Series:
    """How often `draw` gives each value."""
    random = np.random.default_rng(0)
    return pd.Series([draw(random) for _ in range(draws)]).value_counts()


def verdicts(rule: Callable, simulate: Callable[[Random], Runs], draws: int = DRAWS) -> pd.Series:
    found = count(lambda random: rule(simulate(random), STUDY).conclude("claim").verdict, draws)
    return found.reindex([HOLDS, DOES_NOT_HOLD, NOT_DECIDED], fill_value=0)


def wrong(draw: Callable[[Random], Evidence], draws: int = DRAWS) -> int:
    """How often evidence about what is equal decides, either way."""
    random = np.random.default_rng(0)
    found = [draw(random) for _ in range(draws)]
    return sum(min(evidence.p_for, evidence.p_against) < statistics.LEVEL for evidence in found)


def at_most(rate: float, draws: int = DRAWS) -> int:
    """A count that events of this rate exceed once in a thousand times."""
    return int(stats.binom.ppf(0.999, draws, rate))


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


@pytest.mark.parametrize("spread", [*SPREADS, HEAPS])
@pytest.mark.parametrize("seeds", [3, 4])
def test_ranks_seldom_tell_equal_nets_apart(seeds, spread):
    """Also with ties, of steps logged each 1,000."""

    def draw(random: Random) -> Evidence:
        return statistics.mann_whitney(*(lucky(random, 70, spread, seeds).round(random.choice([0, 6])) for _ in "ab"))

    assert wrong(draw, 60) <= (at_most(0.05, 60) if seeds > 3 else 0)


@each_case
def test_equal_spreads_are_seldom_told_apart(seeds, spread):
    def draw(random: Random) -> Evidence:
        return statistics.variance_ratio(*(lucky(random, 60, spread, seeds) for _ in "ab"))[1]

    assert wrong(draw) <= at_most(0.05)


@each_case
def test_one_more_run_is_within_its_prediction(seeds, spread):
    def draw(random: Random) -> bool:
        nets = [lucky(random, 60, spread, seeds) for _ in "abc"]
        low, high, _ = statistics.one_more_run(nets[0], nets)
        return not low <= lucky(random, 60, spread, 1)[0] <= high

    assert count(draw)[True] <= at_most(0.06)


@each_case
def test_equal_gaps_are_seldom_said_to_grow(seeds, spread):
    """Both nets have 80 % on 500 training images and 70 % on others, by the luck of the same run."""

    def draw(random: Random) -> Evidence:
        ease, train_ease = random.normal(size=IMAGES), random.normal(size=500)
        luck = [lucky(random, 70, spread, seeds) for _ in "ab"]
        evaluated = [right(random, its, ease) for its in luck]
        training = [right(random, np.clip(its + 10, 0, 99.9), train_ease).mean(axis=1) for its in luck]
        return statistics.gap_contrast(training, evaluated, 500, [-1, 1]).within(0)

    assert wrong(draw) <= at_most(0.05)


@each_case
def test_another_pair_as_confused_as_cat_and_dog_is_seldom_said_to_follow_or_lead(seeds, spread):
    """Of 500 images, about 50 are in each of the two pairs; the spread is that of each pair's share, in points."""

    def simulate(random: Random) -> Runs:
        labels, predicted = np.arange(IMAGES) % 4, {}
        for net in claims.STUDY_NETS:
            true_rates = 20 + np.clip(spread * random.normal(size=(seeds, 2)), -19, 60)
            rates = true_rates[:, labels // 2] / 100  # cat and dog are 0 and 1, the others 2 and 3
            ease = special.ndtr((EASE * random.normal(size=IMAGES) + random.normal(size=(seeds, IMAGES))) / 5**0.5)
            predicted[net] = np.where(ease < rates, labels ^ 1, labels)
        matrices = np.zeros((seeds, 4, 4))
        names = ["cat", "dog", "car", "truck"]
        return SimpleNamespace(labels=labels, predicted=predicted, class_names=names, matrices=lambda net: matrices)

    found = verdicts(claims.cat_dog_confused, simulate, 100)
    assert found[HOLDS] + found[DOES_NOT_HOLD] <= at_most(0.05, 100)


def test_classes_that_nets_find_hard_by_chance_seldom_agree(monkeypatch):
    monkeypatch.setattr(statistics, "DRAWS", 499)
    assert wrong(lambda random: statistics.agreement(random.normal(size=(3, 10)))[1]) <= at_most(0.05)


@pytest.mark.parametrize("spread", [1, 8])
def test_so_many_seeds_as_are_needed_decide_in_four_of_five_times(spread):
    """A difference of 1 standard deviation, and images that add a tenth of it to the error."""
    seen = statistics.Estimate(spread, 3, spread * (2 / 3) ** 0.5, 4, 0.1 * spread, 9999)
    seeds = int(statistics.seeds_needed(lambda n: seen.within(0).power(n, statistics.LEVEL)[0], 4))

    def draw(random: Random) -> bool:
        first, second = (spread * random.normal(size=seeds) + mean for mean in (0, spread))
        error = ((first.var(ddof=1) + second.var(ddof=1)) / seeds) ** 0.5
        found = statistics.Estimate(second.mean() - first.mean(), seeds, error, 2 * seeds - 2, 0.1 * spread, 9999)
        return found.low > 0

    assert count(draw, 1000)[True] == pytest.approx(800, abs=50)
