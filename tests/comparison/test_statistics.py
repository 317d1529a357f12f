"""Each method against a published example, or one worked by hand, and where it is cheap against all cases counted."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest, norm

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


@pytest.mark.parametrize(("first", "second"), [(400, 1900), (900, 1000), (1000, 1001)])
def test_the_sign_test_of_many_images_is_scipys_binomial_test(first, second):
    assert statistics.sign_test(first, second) == pytest.approx(binomtest(first, first + second).pvalue)


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


ONE = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], dtype=bool)  # accuracies 3/4 and 1/2; shares of seeds 1, 1/2, 1/2, 1/2
OTHER = np.array([[0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)  # 1/4 and 0; 0, 0, 0, 1/2


def test_a_nets_interval_as_worked_by_hand():
    """Both variances are 1/32 over 2 seeds and 1/16 over 4 images, so SE² = 2/64, df = 4/(1/1 + 1/3), t = 3.182446."""
    found = statistics.contrast([ONE], [1])
    assert (found.estimate, found.se_seeds, found.se_images) == (0.625, 0.125, 0.125)
    assert found.df == pytest.approx(3)
    assert (found.low, found.high) == pytest.approx((0.625 - 3.182446 / 32**0.5, 0.625 + 3.182446 / 32**0.5))


def test_a_differences_interval_as_worked_by_hand():
    """Shares differ by 1, 1/2, 1/2, 0, variance 1/6; the seeds' parts are 1/64 each, with one degree of freedom."""
    found = statistics.contrast([OTHER, ONE], [-100, 100])
    assert found.estimate == 50
    assert (found.se_seeds, found.se_images) == pytest.approx((100 * (2 / 64) ** 0.5, 100 * (1 / 24) ** 0.5))
    assert found.df == pytest.approx((2 / 64 + 1 / 24) ** 2 / (2 * (1 / 64) ** 2 + (1 / 24) ** 2 / 3))
    assert found.low < 0 < found.high
    assert found.sign == 0


def test_a_contrast_of_three_nets_weighs_each():
    found = statistics.contrast([OTHER, ONE, ONE], [-1, 2, -1])
    assert found.estimate == pytest.approx(2 * 0.625 - 0.625 - 0.125)
    assert found.se_seeds == pytest.approx(((4 + 1 + 1) / 64) ** 0.5)


def test_where_nothing_varies_the_interval_is_the_point_and_decides_nothing():
    found = statistics.contrast([np.zeros((3, 5)), np.ones((3, 5))], [-1, 1])
    assert (found.estimate, found.low, found.high, found.sign) == (1, 1, 1, 0)


def test_of_one_image_nothing_is_known():
    found = statistics.contrast([np.array([[True], [True]])], [1])
    assert (found.low, found.high, found.sign) == (-np.inf, np.inf, 0)


def test_a_gap_takes_the_training_images_in():
    """Gaps are 1/4 and 1/2; training accuracy is 1 at the first run and 1 at the second, then 3/4 on average."""
    found = statistics.gap_contrast([np.array([1.0, 1.0])], [ONE], 100, [1])
    assert (found.estimate, found.se_seeds, found.se_images) == (0.375, 0.125, 0.125)
    found = statistics.gap_contrast([np.array([0.5, 1.0])], [ONE], 100, [1])
    assert found.estimate == 0.125
    assert found.se_images == pytest.approx((1 / 64 + 0.75 * 0.25 / 100) ** 0.5)


def test_one_more_run_is_predicted_as_worked_by_hand():
    """Of 60, 61 and 62, s is 1, and t with two degrees of freedom 4.302653."""
    found = statistics.one_more_run([np.array([60.0, 61.0, 62.0])], [1])
    assert (found.low, found.high) == pytest.approx((61 - 4.302653 * (4 / 3) ** 0.5, 61 + 4.302653 * (4 / 3) ** 0.5))
    pair = statistics.one_more_run([np.array([60.0, 61.0, 62.0]), np.array([75.0, 76.0, 77.0])], [-1, 1])
    assert (pair.estimate, pair.df) == pytest.approx((15, 4))
    assert pair.high - 15 == pytest.approx(2.776445 * (8 / 3) ** 0.5)


@pytest.mark.parametrize("nets", [1, 2])
def test_intervals_cover_what_seeds_and_images_do_where_images_alone_do_not(nets):
    """An image is right where its ease, the seed's luck and a chance of both add up to more than 0, all normal."""
    generator, seeds, images, repeats = np.random.default_rng(0), 3, 500, 600
    luck, means = 0.08, [0.3, 0.8][:nets]
    truth = norm.cdf(np.array(means) / (2 + luck**2) ** 0.5) @ [-1, 1][-nets:]
    covered = by_images = 0
    for _ in range(repeats):
        ease = generator.normal(size=images)
        right = [
            mean + ease + luck * generator.normal(size=(seeds, 1)) + generator.normal(size=(seeds, images)) > 0
            for mean in means
        ]
        found = statistics.contrast(right, [-1, 1][-nets:])
        covered += found.low <= truth <= found.high
        by_images += abs(found.estimate - truth) <= statistics.Z * found.se_images
    assert covered >= 0.95 * repeats
    assert by_images < 0.9 * repeats


def test_mann_whitney_gives_the_published_example():
    """M. Hollander and D. A. Wolfe, Nonparametric Statistical Methods (1973), page 69, as in R's `wilcox.test`."""
    permeability = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    p = statistics.mann_whitney(np.array(permeability), np.array([1.15, 0.88, 0.90, 0.74, 1.21]))
    assert p == pytest.approx(2 * 0.1272, abs=1e-3)


def test_mann_whitney_of_three_against_three_is_a_tenth_at_best():
    assert statistics.mann_whitney(np.array([10.0, 10.0, 10.0]), np.array([60.0, 61.0, 62.0])) == pytest.approx(0.1)
    assert statistics.mann_whitney(np.full(3, 10.0), np.full(3, 10.0)) == 1


def test_agreement_is_the_mean_of_spearmans_correlations():
    """Of ranks 1 to 4: 1 − 6·Σd²/(4·15) is 0.8 for one swap of neighbours, −1 for the reverse."""
    rows = np.array([[1, 2, 3, 4], [1, 2, 4, 3], [40, 30, 20, 10]])
    assert statistics.agreement(rows)[0] == pytest.approx((0.8 - 1 - 0.8) / 3)
    assert statistics.agreement(rows[:2]) == pytest.approx((0.8, 2 * 4 / 24))  # exact: of all orders four agree as well


def test_classes_that_all_nets_find_hard_are_no_chance():
    generator = np.random.default_rng(0)
    assert statistics.agreement(np.arange(10) + generator.normal(size=(3, 10)))[1] < 0.001
    by_chance = [statistics.agreement(generator.normal(size=(3, 10)))[1] < statistics.LEVEL for _ in range(40)]
    assert sum(by_chance) <= 5
