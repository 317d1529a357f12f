"""Each method against a published example, or one worked by hand, and where it is cheap against all cases counted."""

import numpy as np
import pytest
from scipy import stats

from comparison import statistics
from comparison.statistics import Estimate

pytestmark = pytest.mark.filterwarnings("error")

ONE = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], dtype=bool)  # accuracies 3/4 and 1/2; shares of seeds 1, 1/2, 1/2, 1/2
OTHER = np.array([[0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)  # 1/4 and 0; 0, 0, 0, 1/2
SIXTY = np.array([60.0, 61.0, 62.0])


def test_holm_gives_the_published_examples():
    # stdlib's `padjust`, https://stdlib.io/docs/api/latest/@stdlib/stats/padjust
    corrected = statistics.holm([0.319, 0.201, 0.4, 0.374, 0.113])
    assert corrected == pytest.approx([0.957, 0.804, 0.957, 0.957, 0.565])
    # R's HDLSSkST, function Holm: the third and the last are significant
    corrected = statistics.holm([0.50, 0.01, 0.001, 0.69, 0.02, 0.05, 0.0025])
    assert (corrected < 0.05).tolist() == [False, False, True, False, False, False, True]
    assert statistics.holm([0.6, 0.7]).tolist() == [1, 1]
    assert statistics.holm([]).tolist() == []


def test_a_nets_interval_as_worked_by_hand():
    """The seeds' variance is 1/32 over 2. The shares, with one at 0 and one at 1, have a variance of 17/120 over 6."""
    found = statistics.contrast([ONE], [1])
    assert (found.estimate, found.se_seeds, found.se_images**2) == pytest.approx((0.625, 0.125, 17 / 120 / 6))
    assert found.df == pytest.approx((1 / 64 + 17 / 720) ** 2 / (1 / 64**2 + (17 / 720) ** 2 / 3))
    margin = stats.t.ppf(0.975, found.df) * (1 / 64 + 17 / 720) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.625 - margin, 0.625 + margin))


def test_a_differences_interval_and_one_of_three_nets_as_worked_by_hand():
    """Shares differ by 1, 1/2, 1/2, 0, and with −1 and 1 the sum of squares is 3.5 and the mean 1/3."""
    found = statistics.contrast([OTHER, ONE], [-100, 100])
    assert found.estimate == 50
    assert (found.se_seeds, found.df_seeds) == pytest.approx((100 * (2 / 64) ** 0.5, 2))
    assert found.se_images == pytest.approx(100 * ((3.5 - 6 / 9) / 5 / 6) ** 0.5)
    found = statistics.contrast([OTHER, ONE, ONE], [-1, 2, -1])
    assert found.estimate == pytest.approx(2 * 0.625 - 0.625 - 0.125)
    assert found.se_seeds == pytest.approx(((4 + 1 + 1) / 64) ** 0.5)


@pytest.mark.parametrize(("seeds", "images"), [(1, 36), (2, 36), (3, 36), (1, 1)])
def test_where_nothing_varies_wilsons_limits_are_the_least(seeds, images):
    low, high = statistics.accuracy_interval(np.ones((seeds, images), bool))
    assert low <= 100 * statistics.wilson(images, images)[0]
    assert (low > 0, high) == (True, 100)


def test_no_difference_is_without_a_width_and_one_of_all_images_is_shown():
    same = statistics.contrast([np.ones((3, 36))] * 2, [-1, 1])
    assert same.low == pytest.approx(-same.high)
    assert same.high > 0.02
    assert statistics.contrast([np.zeros((3, 36)), np.ones((3, 36))], [-1, 1]).low > 0.8


def test_an_interval_from_0_to_100_is_none():
    heaps = np.arange(100) < np.array([[10], [10], [90]])
    assert np.isnan(statistics.accuracy_interval(heaps)).all()
    assert statistics.one_more_run(np.array([10.0, 10.0, 90.0]))[:2] == pytest.approx((np.nan, np.nan), nan_ok=True)


def test_a_gap_takes_the_training_images_in():
    """Gaps are 1/4 and 1/2. So many training images as evaluated ones double the images' variance."""
    alone = statistics.contrast([ONE], [1])
    found = statistics.gap_contrast([np.array([1.0, 1.0])], [ONE], 4, [1])
    assert (found.estimate, found.se_seeds) == (0.375, 0.125)
    assert found.se_images == pytest.approx(2**0.5 * alone.se_images)
    found = statistics.gap_contrast([np.array([0.5, 1.0])], [ONE], 4000, [1])
    assert found.estimate == 0.125
    assert found.se_images == pytest.approx(1.001**0.5 * alone.se_images)


def test_one_more_run_is_predicted_by_its_own_spread():
    """Of 60, 61 and 62, s is 1, and t with two degrees of freedom 4.302653."""
    low, high, whose = statistics.one_more_run(SIXTY)
    assert (low, high, whose) == (pytest.approx(61 - 4.302653 * (4 / 3) ** 0.5), pytest.approx(122 - low), "own")
    low, high, whose = statistics.one_more_run(np.full(3, 61.0))
    assert (np.isnan([low, high]).all(), whose) == (True, "")


def test_one_more_run_is_predicted_by_the_pooled_spread_of_nets_that_bartlett_does_not_tell_apart():
    """The pooled variance of 1, 1 and 4 is 2, with six degrees of freedom, t = 2.446912."""
    low, high, whose = statistics.one_more_run(SIXTY, [SIXTY, SIXTY + 15, 2 * SIXTY])
    margin = 2.446912 * (2 * 4 / 3) ** 0.5
    assert (low, high, whose) == (pytest.approx(61 - margin), pytest.approx(61 + margin), "pooled")
    unequal = [SIXTY, 0.01 * SIXTY, SIXTY]
    assert stats.bartlett(*unequal).pvalue < 0.05
    assert statistics.one_more_run(SIXTY, unequal) == statistics.one_more_run(SIXTY)
    assert statistics.one_more_run(SIXTY, [SIXTY, np.full(3, 9.0)])[2] == "own"


def test_the_chance_that_the_second_is_better_counts_pairs_and_half_of_the_ties():
    """9 pairs: 61 beats 60; 62 beats 60 and 61; equal are 60–60, 61–61 and 62–62."""
    assert statistics.second_better(SIXTY, SIXTY) == 0.5
    assert statistics.second_better(np.array([1.0, 2.0]), np.array([2.0, 3.0, 0.0])) == pytest.approx(3.5 / 6)


def test_the_ratio_of_variances_has_a_p_from_the_f_distribution():
    """Variances of 1 and 9 from three runs each: by F(2, 2) a ratio of 9 or more has a chance of 1/(1 + 9)."""
    ratio, found = statistics.variance_ratio(SIXTY, 3 * SIXTY)
    assert (ratio, found.p_for, found.p_against) == pytest.approx((9, 0.2, 1))
    assert np.isnan(statistics.variance_ratio(np.full(3, 1.0), SIXTY)[0])


@pytest.mark.parametrize(("seeds", "p"), [(2, 1 / 3), (3, 0.1), (4, 2 / 70), (5, 2 / 252)])
@pytest.mark.parametrize("tie", [0, 1])
def test_mann_whitney_is_least_where_every_run_beats_every_other(seeds, p, tie):
    first = np.arange(seeds) * (1.0 - tie)
    found = statistics.mann_whitney(first, first + 60)
    assert (found.p_for, found.smallest) == pytest.approx((p, p))
    assert statistics.mann_whitney(first + 60, first).p_against == pytest.approx(p)
    assert statistics.mann_whitney(first, first).p_for >= 0.999


def test_agreement_is_the_mean_of_spearmans_correlations():
    """Of ranks 1 to 4: 1 − 6·Σd²/(4·15) is 0.8 for one swap of neighbours, −1 for the reverse."""
    rows = np.array([[1, 2, 3, 4], [1, 2, 4, 3], [40, 30, 20, 10]])
    assert statistics.agreement(rows)[0] == pytest.approx((0.8 - 1 - 0.8) / 3)
    correlation, found = statistics.agreement(rows[:2])
    assert (correlation, found.p_for) == pytest.approx((0.8, 2 * 4 / 24))  # exact: of all orders four agree as well
    same = statistics.agreement(rows[[0, 0]])[1]
    assert same.p_for == same.smallest == pytest.approx(2 / 24)


def test_within_is_decided_by_the_whole_interval():
    """The interval is 15 ± 1.96, for unlimited degrees of freedom."""
    found = Estimate(15, 3, 1, 1e9, 0, 1e9)
    for least, most, verdict in (
        (13.1, 16.9, "neither"), (13, 17, "for"), (0, np.inf, "for"), (17, np.inf, "against"), (16.9, 20, "neither"),
        (9, 13, "against"), (17, 20, "against"),
    ):  # fmt: skip
        evidence = found.within(least, most)
        assert ("for" if evidence.p_for < 0.05 else "against" if evidence.p_against < 0.05 else "neither") == verdict
    assert found.within(13).p_for == pytest.approx(2 * stats.norm.sf(2))


@pytest.mark.parametrize("seeds", [4, 10, 30])
def test_the_power_for_a_mean_is_that_of_the_t_test(seeds):
    """By the noncentral t distribution; 10 are needed for one standard deviation (Cohen 1988, table 2.4.1)."""
    evidence = Estimate(1, 3, 3**-0.5, 2, 0, 1e9).within(0)
    limit = stats.t.isf(0.025, seeds - 1)
    assert evidence.power(seeds, 0.05)[0] == pytest.approx(stats.nct.sf(limit, seeds - 1, seeds**0.5), abs=0.005)
    assert statistics.seeds_needed(lambda seeds: evidence.power(seeds, 0.05)[0], 4) == "10"


@pytest.mark.parametrize(
    ("se_seeds", "se_images", "needed"), [(0.6, 0.1, "11"), (3.0, 0.1, "more than 50"), (0.1, 0.6, "no number will")]
)
def test_seeds_do_not_shrink_the_error_by_images(se_seeds, se_images, needed):
    evidence = Estimate(1, 3, se_seeds, 2, se_images, 9999).within(0)
    found = statistics.seeds_needed(lambda seeds: max(evidence.power(seeds, 0.05)), 4)
    assert found == needed
