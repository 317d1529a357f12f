"""Each method against a published example, and where it is cheap against all cases counted."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from comparison import statistics

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_examples(successes, trials, low, high):
    """R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998)."""
    assert statistics.wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)
    mirrored = statistics.wilson(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (1, 7, 0.0703),  # Fagerland, Lydersen and Laake 2013: airways before and after a transplantation (Bentur 2009)
        (6, 16, 0.052479),  # Fagerland, Lydersen and Laake, package contingencytables: response to therapy (Cavo 2012)
        (12, 2, 0.0129),  # Armitage and Berry 1994, page 127: two media for culturing tubercle bacilli
        (0, 0, 1.0),
        (5, 5, 1.0),
    ],
)
def test_mcnemars_exact_test_gives_the_published_examples(first, second, p):
    assert statistics.sign_test(first, second) == pytest.approx(p, abs=5e-5)
    assert statistics.sign_test(second, first) == statistics.sign_test(first, second)


def test_the_sign_test_is_the_share_of_outcomes_no_likelier_than_the_one_seen():
    for n in range(13):
        ways = [comb(n, k) for k in range(n + 1)]
        for seen in range(n + 1):
            expected = sum(way for way in ways if way <= ways[seen]) / 2**n
            assert statistics.sign_test(seen, n - seen) == pytest.approx(expected)


def test_the_sign_test_of_many_images_is_scipys_binomial_test():
    first, second = np.array([400, 900, 1000]), np.array([1900, 1000, 1001])
    expected = [binomtest(a, a + b).pvalue for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    assert statistics.sign_test(first, second) == pytest.approx(expected)


def test_holm_gives_the_published_examples():
    # stdlib's `padjust`, https://stdlib.io/docs/api/latest/@stdlib/stats/padjust
    corrected = statistics.holm([0.319, 0.201, 0.4, 0.374, 0.113])
    assert corrected == pytest.approx([0.957, 0.804, 0.957, 0.957, 0.565])
    # R's HDLSSkST, function Holm: the third and the last are significant
    corrected = statistics.holm([0.50, 0.01, 0.001, 0.69, 0.02, 0.05, 0.0025])
    assert (corrected < 0.05).tolist() == [False, False, True, False, False, False, True]


def test_holm_is_the_closure_of_bonferronis_test():
    """A hypothesis is rejected when Bonferroni rejects every set of hypotheses that it is in (Marcus et al. 1976)."""
    for p in np.random.default_rng(0).random((20, 5)) / 3:
        sets = [list(chosen) for size in range(1, 6) for chosen in combinations(range(5), size)]
        expected = [max(min(1, len(s) * p[s].min()) for s in sets if i in s) for i in range(5)]
        assert statistics.holm(p) == pytest.approx(expected)


def test_holm_of_no_test_is_empty_and_of_one_is_itself():
    assert statistics.holm([]).tolist() == []
    assert statistics.holm([0.03]).tolist() == [0.03]


@pytest.mark.parametrize(
    ("only_first", "only_second", "images", "low", "high"),
    [
        (4, 26, 48, 0.2548067, 0.6251933),  # Bonett's package statpsych, ci.prop.ps(.05, 12, 4, 26, 6)
        (16, 6, 161, -0.1195, -0.0032),  # package contingencytables, Wald_CI_BonettPrice_paired_2x2(cavo_2012)
    ],
)
def test_the_interval_of_a_paired_difference_gives_the_published_examples(only_first, only_second, images, low, high):
    assert statistics.paired_difference(only_first, only_second, images) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_paired_difference_is_sound_at_the_ends():
    low, high = statistics.paired_difference(0, 0, 10)
    assert low == -high < 0
    assert statistics.paired_difference(0, 10, 10)[1] == 1
    assert statistics.paired_difference(10, 0, 10)[0] == -1


def test_a_weighted_sum_of_proportions_gives_the_published_example():
    """Bonett's package statpsych, ci.lc.prop.bs, after Price and Bonett 2004."""
    interval = statistics.weighted_sum([26, 24, 38], [60, 60, 60], [-0.5, -0.5, 1])
    assert interval == pytest.approx((0.06294259, 0.3609705), abs=1e-6)


def test_a_weighted_sum_keeps_a_width_where_all_are_right():
    low, high = statistics.weighted_sum([10, 10, 10, 10], [10] * 4, [1, -1, -1, 1])
    assert low == -high < 0


def test_the_interval_of_a_mean_is_the_normal_one():
    low, high = statistics.mean_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))  # standard error sqrt(2.5 / 5)
    assert (low, high) == pytest.approx((3 - 1.959964 * 0.5**0.5, 3 + 1.959964 * 0.5**0.5))
