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


@pytest.mark.parametrize("seeds", [2, 3])
def test_intervals_of_few_images_that_nearly_all_are_right_cover_the_truth(seeds):
    def draw(random: Random) -> bool:
        found = right(random, lucky(random, 98, 0.2, seeds), random.normal(size=36))
        low, high = statistics.accuracy_interval(found)
        return not low <= 98 <= high

    assert count(draw).get(True, 0) <= at_most(0.05)


def test_an_interval_by_t_is_wrong_about_runs_in_two_heaps():
    def draw(random: Random) -> bool:
        low, high = statistics.accuracy_interval(right(random, lucky(random, 60, HEAPS, 3), random.normal(size=IMAGES)))
        return bool(low <= 60 <= high)

    assert count(draw)[True] < 0.85 * DRAWS


@each_case
def test_equal_nets_are_seldom_said_to_rise_or_not_to(seeds, spread):
    one_gain = verdicts(claims.accuracy_rises, lambda r: simulated(r, dict(net1=30, net2=70, net3=70), spread, seeds))
    assert one_gain[HOLDS] <= at_most(0.025)
    assert one_gain[DOES_NOT_HOLD] <= at_most(0.025)
    none = verdicts(claims.accuracy_rises, lambda r: simulated(r, dict(net1=70, net2=70, net3=70), spread, seeds))
    assert none[HOLDS] + none[DOES_NOT_HOLD] <= at_most(0.025)


@each_case
def test_equal_gains_seldom_diminish(seeds, spread):
    found = verdicts(claims.gains_diminish, lambda r: simulated(r, dict(net1=50, net2=60, net3=70), spread, seeds))
    assert found[HOLDS] + found[DOES_NOT_HOLD] <= at_most(0.05)


@each_case
def test_gains_at_the_margin_are_seldom_said_to_be_as_large_or_not(seeds, spread):
    """The margins are 12 to 18 and 1 to 6.5 points."""
    at = verdicts(claims.gains_as_large, lambda r: simulated(r, dict(net1=61, net2=73, net3=76.75), spread, seeds))
    assert at[HOLDS] <= at_most(0.025)
    assert at[DOES_NOT_HOLD] <= at_most(0.025)
    less = verdicts(
        claims.gains_as_large, lambda r: simulated(r, dict(net1=61, net2=71, net3=74.75), spread, seeds), 100
    )
    assert less[HOLDS] <= 1


@pytest.mark.parametrize("spread", [*SPREADS, HEAPS])
@pytest.mark.parametrize("seeds", [3, 4, 5])
def test_ranks_seldom_tell_equal_nets_apart(seeds, spread):
    """Also with ties, of steps logged each 1,000."""

    def draw(random: Random) -> bool:
        first, second = (lucky(random, 70, spread, seeds).round(random.choice([0, 6])) for _ in "ab")
        found = statistics.mann_whitney(first, second)
        return min(found.p_for, found.p_against) < statistics.LEVEL

    wrong = count(draw, 60).get(True, 0)
    assert wrong <= (at_most(0.05, 60) if seeds > 3 else 0)


@each_case
def test_equal_spreads_are_seldom_told_apart(seeds, spread):
    def draw(random: Random) -> bool:
        found = statistics.variance_ratio(*(lucky(random, 60, spread, seeds) for _ in "ab"))[1]
        return min(found.p_for, found.p_against) < statistics.LEVEL

    assert count(draw).get(True, 0) <= at_most(0.05)


@each_case
def test_one_more_run_is_within_its_prediction(seeds, spread):
    def draw(random: Random) -> bool:
        nets = [lucky(random, 60, spread, seeds) for _ in "abc"]
        low, high, _ = statistics.one_more_run(nets[0], nets)
        return not low <= lucky(random, 60, spread, 1)[0] <= high

    assert count(draw)[True] <= at_most(0.06)


def test_nets_of_unequal_spread_are_predicted_by_their_own():
    def draw(random: Random) -> tuple[bool, str]:
        nets = [lucky(random, 60, spread, 5) for spread in SPREADS]
        low, high, whose = statistics.one_more_run(nets[2], nets)
        return not low <= lucky(random, 60, 8, 1)[0] <= high, whose

    found = count(draw)
    assert found.get((True, "own"), 0) <= at_most(0.05)
    assert found.filter(like="pooled").empty or sum(n for (_, w), n in found.items() if w == "pooled") <= at_most(0.01)


@pytest.mark.parametrize("spread", [1, HEAPS])
def test_the_chance_of_the_second_net_is_right_on_average(spread):
    random = np.random.default_rng(0)
    few = [statistics.second_better(*(lucky(random, mean, spread, 3) for mean in (60, 61))) for _ in range(2000)]
    true = statistics.second_better(*(lucky(random, mean, spread, 3000) for mean in (60, 61)))
    assert np.mean(few) == pytest.approx(true, abs=0.03)


@each_case
def test_equal_gaps_are_seldom_said_to_grow(seeds, spread):
    """Both nets have 80 % on 500 training images and 70 % on others, by the luck of the same run."""

    def draw(random: Random) -> bool:
        ease, train_ease = random.normal(size=IMAGES), random.normal(size=500)
        luck = [lucky(random, 70, spread, seeds) for _ in "ab"]
        evaluated = [right(random, its, ease) for its in luck]
        training = [right(random, np.clip(its + 10, 0, 99.9), train_ease).mean(axis=1) for its in luck]
        found = statistics.gap_contrast(training, evaluated, 500, [-1, 1]).within(0)
        return min(found.p_for, found.p_against) < statistics.LEVEL

    assert count(draw).get(True, 0) <= at_most(0.05)


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
        return SimpleNamespace(
            labels=labels,
            predicted=predicted,
            class_names=["cat", "dog", "car", "truck"],
            matrices=lambda net: matrices,
        )

    found = verdicts(claims.cat_dog_confused, simulate, 100)
    assert found[HOLDS] + found[DOES_NOT_HOLD] <= at_most(0.05, 100)


def test_classes_that_nets_find_hard_by_chance_seldom_agree(monkeypatch):
    monkeypatch.setattr(statistics, "DRAWS", 499)

    def draw(random: Random) -> bool:
        found = statistics.agreement(random.normal(size=(3, 10)))[1]
        return min(found.p_for, found.p_against) < statistics.LEVEL

    assert count(draw).get(True, 0) <= at_most(0.05)


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
