"""How far results can be trusted: two-sided 95 % intervals, and tests at the 5 % level.

Intervals of accuracies and differences say how far other seeds and other test images of the same kind would change
them. Ranks, variances and one more run are about seeds alone, on these images. Nothing covers the choice of the
training images, which all runs share.

What intervals cover in %, by 10,000 draws of runs' accuracies with a standard deviation of 0.2, 1 or 8 points, or in
two heaps 30 points apart. tests/comparison/test_simulated.py draws each image, and does so less often.

                                    three seeds              five seeds
                                0.2     1     8  heaps   0.2     1     8  heaps
    accuracy, 10,000 images    97.9  94.3  94.0   75.8  98.2  95.3  95.0   93.9
    accuracy, 1,000 images     98.0  97.4  92.2   74.9  98.2  97.6  94.4   94.1
    difference, 10,000 images  98.7  95.9  96.2   97.2  98.7  95.7  95.5   98.0
    one more run, own spread   95.2  95.0  94.9   87.0  94.9  95.2  94.7   96.8
    one more run, three alike  94.0  94.0  94.1         94.7  94.3  94.6

Two seeds: accuracy 91 to 97 (1,000 images: 88 to 98; heaps: 50), difference 94 to 98 (heaps: 87). One more run of a net
that spreads five times as widely as the two others: 81 by three seeds, 91 by five, because Bartlett's test often misses
it. Verdicts that were wrong: by an interval 2.6 % each way at most, with heaps 5.6 %; by Mann–Whitney's test 1.7 %, but
6.7 % by four seeds and 3.3 % by five if one net's heaps lie on both sides of the other's runs; by the F test 2.7 %, but
19 % by three seeds and 6 % by five if both nets' runs fall in the same two heaps.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial

import numpy as np
from scipy import special, stats

LEVEL = 0.05
POWER = 0.8
LEAST_SEEDS = 3  # with fewer, nothing that varies by seed is decided
MOST_SEEDS = 50  # nobody trains more
UNLIMITED = 10**9  # seeds
DRAWS = 9_999  # of all permutations, where there are more
RESAMPLES = 300  # of the runs, for the power of a rank test
MIDPOINTS = (np.arange(200) + 0.5) / 200
TINY = 1e-12  # in place of a standard error of 0, so that a ratio exists
UNKNOWN = (np.nan, np.nan)


@dataclass(frozen=True)
class Evidence:
    """What a test says about a statement.

    p_for, p_against: two-sided p of the statement and of its opposite, so that each is below 0.05 by chance in 2.5 % at
    most. power: by the number of seeds and the level, the chance of each if effects and spreads are as seen. smallest:
    the smallest p that a permutation test of so many values has; 0 for other tests.
    """

    p_for: float = 1.0
    p_against: float = 1.0
    power: Callable[[int, float], tuple[float, float]] = lambda seeds, level: (0.0, 0.0)
    smallest: float = 0.0


def doubled(p: float) -> float:
    """The two-sided p of a one-sided one."""
    return min(1.0, 2 * float(p))


def quantile(level: float, df: float | np.ndarray) -> float | np.ndarray:
    """Student's t for a two-sided interval; scipy.special is a hundred times as fast as scipy.stats."""
    return special.stdtrit(df, 1 - level / 2)


@dataclass(frozen=True)
class Estimate:
    """A weighted sum of nets' means over `seeds`, the two parts of its standard error and their degrees of freedom."""

    estimate: float
    seeds: int
    se_seeds: float
    df_seeds: float
    se_images: float
    df_images: float

    @property
    def se(self) -> float:
        return max(TINY, float(np.hypot(self.se_seeds, self.se_images)))

    @property
    def df(self) -> float:
        return float(satterthwaite(self.se_seeds**2, self.df_seeds, self.se_images**2, self.df_images))

    @property
    def low(self) -> float:
        return self.estimate - float(quantile(LEVEL, self.df)) * self.se

    @property
    def high(self) -> float:
        return 2 * self.estimate - self.low

    def within(self, least: float, most: float = np.inf) -> Evidence:
        """That the true value is between `least` and `most`: for it where the whole interval is, against where none is.

        With both ends it is a test of equivalence: D. J. Schuirmann, A comparison of the two one-sided tests procedure
        and the power approach, J. Pharmacokinetics and Biopharmaceutics 15 (1987) 657–680.
        """
        ratios = [(self.estimate - limit) / self.se for limit in (least, most)]
        above_least, above_most = (doubled(special.stdtr(self.df, -ratio)) for ratio in ratios)
        below_least, below_most = (doubled(special.stdtr(self.df, ratio)) for ratio in ratios)

        def power(seeds: int, level: float) -> tuple[float, float]:
            return self._power(least, most, seeds, level)

        return Evidence(max(above_least, below_most), min(below_least, above_most), power)

    def _power(self, least: float, most: float, seeds: int, level: float) -> tuple[float, float]:
        """The chance that the interval by `seeds` is within the limits, and that it is outside.

        New seeds meet the same images, so the estimate varies by seeds alone, and the images' part of its error stays.
        """
        variance, df = self.se_seeds**2 * self.seeds / seeds, self.df_seeds * (seeds - 1) / (self.seeds - 1)
        variances = variance * stats.chi2.ppf(MIDPOINTS, df) / df  # as those seeds may show it
        all_df = satterthwaite(variances, df, self.se_images**2, self.df_images)
        margin = quantile(level, all_df) * np.sqrt(variances + self.se_images**2)

        def below(limit: np.ndarray) -> np.ndarray:
            return special.ndtr((limit - self.estimate) / max(TINY, variance**0.5))

        inside = np.maximum(0, below(most - margin) - below(least + margin))
        outside = below(least - margin) + 1 - below(most + margin)
        return float(inside.mean()), float(outside.mean())


def satterthwaite(seeds: float | np.ndarray, df_seeds: float, images: float, df_images: float) -> np.ndarray:
    """Degrees of freedom of the sum of two variances.

    F. E. Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946)
    110–114.
    """
    seeds = np.maximum(seeds, TINY**2)
    return (seeds + images) ** 2 / (seeds**2 / df_seeds + images**2 / df_images)


def contrast(
    values: Sequence[np.ndarray], weights: Sequence[float], extremes: Sequence[float] | None = None
) -> Estimate:
    """Weighted sum of nets' means: with weight 1 a net's, with −1 and 1 a difference.

    values: for each net (seeds, images), two seeds at least, such as which images each run gets right. Images are the
    same for all, seeds are each net's own, so SE² = Σ w²·s²/S + v/N: s is the standard deviation of a net's S means, v
    the variance over the N images of the weighted sum of the means over seeds. What seeds and images do together is in
    both, so that the interval is rather too wide. A. B. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1
    (2007) 386–411, has such estimates of crossed variance; the degrees of freedom are Satterthwaite's.

    extremes: the least and the most that one image can add; for values from 0 to 1 they follow from the weights. v has
    one image more of each, so that it is above 0 where no image differs: D. G. Bonett and R. M. Price, Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data, Journal of Educational and
    Behavioral Statistics 37 (2012) 479–488.
    """
    return gap_contrast([np.zeros(len(runs)) for runs in values], values, np.inf, [-w for w in weights], extremes)


def gap_contrast(
    training: Sequence[np.ndarray], evaluated: Sequence[np.ndarray], training_images: float, weights: Sequence[float],
    extremes: Sequence[float] | None = None,
) -> Estimate:  # fmt: skip
    """Weighted sum of nets' gaps, the figure on training images less that on evaluated images.

    training: for each net (seeds,), means over `training_images`; evaluated: (seeds, images), as in `contrast`. The
    training images count as if their figures spread as much as those of the evaluated images, which is rather too much.
    """
    if extremes is None:
        extremes = [sum(weight for weight in weights if sign * weight > 0) for sign in (-1, 1)]
    sums = sum(weight * runs.mean(axis=0) for runs, weight in zip(evaluated, weights, strict=True))
    images, extended = len(sums), np.append(sums, extremes)
    by_images = extended.var(ddof=1) / len(extended) * (1 + images / training_images)
    gaps = [weight * (a - b.mean(axis=1)) for a, b, weight in zip(training, evaluated, weights, strict=True)]
    seeds = len(gaps[0])
    by_seeds = np.array([gap.var(ddof=1) / seeds for gap in gaps])
    df = by_seeds.sum() ** 2 / (by_seeds**2).sum() if by_seeds.any() else 1
    estimate = float(sum(gap.mean() for gap in gaps))
    return Estimate(estimate, seeds, by_seeds.sum() ** 0.5, df * (seeds - 1), by_images**0.5, max(1, images - 1))


def accuracy_interval(right: np.ndarray) -> tuple[float, float]:
    """Interval of a net's accuracy in %; right: (seeds, images).

    At each end it is the wider of `contrast`'s and Wilson's, so that runs which do not vary have one too. With one seed
    it is Wilson's, which is about that trained net. NaN where it would be from 0 to 100.
    """
    low, high = wilson(round(right.mean(axis=0).sum()), right.shape[1])
    if len(right) > 1:
        found = contrast([right], [1])
        low, high = min(low, found.low), max(high, found.high)
    return (100 * max(low, 0.0), 100 * min(high, 1.0)) if low > 0 or high < 1 else UNKNOWN


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Interval of a proportion, also right near 0 and 1 and for few trials.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209–212.
    """
    interval = stats.binomtest(successes, trials).proportion_ci(1 - LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def one_more_run(runs: np.ndarray, alike: Sequence[np.ndarray] = ()) -> tuple[float, float, str]:
    """Prediction interval of one more run on the same images, m ± t·s·√(1 + 1/S), and whose standard deviation s is.

    runs: accuracies in % (seeds,), two at least. s is "pooled" over the nets in `alike` where Bartlett's test does not
    tell their variances apart (p ≥ 0.05), else the net's "own". Where s is 0 there is no interval, and none from 0 to
    100; the word is empty then. M. S. Bartlett, Properties of sufficiency and statistical tests, Proc. Royal Society A
    160 (1937) 268–282.
    """
    variances = [net.var(ddof=1) for net in alike]
    # Bartlett's test has no value with a variance of 0; such a net differs from those that vary.
    is_pooled = len(variances) > 1 and min(variances) > TINY and stats.bartlett(*alike).pvalue >= LEVEL
    variance = np.mean(variances) if is_pooled else runs.var(ddof=1)
    df = sum(len(net) - 1 for net in alike) if is_pooled else len(runs) - 1
    margin = quantile(LEVEL, df) * (variance * (1 + 1 / len(runs))) ** 0.5
    low, high = float(runs.mean() - margin), float(runs.mean() + margin)
    if variance <= TINY or (low <= 0 and high >= 100):
        return *UNKNOWN, ""
    return max(low, 0.0), min(high, 100.0), "pooled" if is_pooled else "own"


def second_better(first: np.ndarray, second: np.ndarray) -> float:
    """The chance that a new run of the second net beats a new run of the first, on the same images.

    It is the share of all pairs of their runs, (seeds,) each, in which the second is better; equal ones count half.
    That assumes no distribution, so it is also right for runs in two heaps. X. Bouthillier et al., Accounting for
    variance in machine learning benchmarks, MLSys 3 (2021), call it P(A > B), pair runs by seed, and take 0.75 for a
    difference that matters. Here seeds are each net's own, so every run meets every other.
    """
    return float(np.mean((second[:, None] > first) + 0.5 * (second[:, None] == first)))


def mann_whitney(first: np.ndarray, second: np.ndarray) -> Evidence:
    """That the second net's runs tend to have the greater values: every run against every run, (seeds,) each.

    p is exact, by all permutations where there are ties; with more than seven seeds and ties, by `DRAWS` of them. H. B.
    Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the other,
    Annals of Mathematical Statistics 18 (1947) 50–60.
    """
    ways = comb(len(first) + len(second), len(first))
    has_ties = len(np.unique([*first, *second])) < len(first) + len(second)
    method = stats.PermutationMethod(n_resamples=DRAWS, rng=0) if has_ties else "exact"
    p_for, p_against = (
        doubled(stats.mannwhitneyu(second, first, alternative=side, method=method).pvalue)
        for side in ("greater", "less")
    )
    tendency = second_better(first, second)

    def power(seeds: int, level: float) -> tuple[float, float]:
        """By drawing so many of the runs as seen, again and again."""
        if seeds == UNLIMITED:
            return float(tendency > 0.5), float(tendency < 0.5)
        random, method = np.random.default_rng(0), "exact" if seeds <= 8 else "asymptotic"
        drawn = [random.choice(runs, (RESAMPLES, seeds)) for runs in (second, first)]
        test = stats.mannwhitneyu(*drawn, method=method, axis=1)
        is_more, differs = test.statistic > seeds**2 / 2, test.pvalue < level
        return float(np.mean(differs & is_more)), float(np.mean(differs & ~is_more))

    return Evidence(p_for, p_against, power, 2 / (min(ways, DRAWS + 1) if has_ties else ways))


def variance_ratio(first: np.ndarray, second: np.ndarray) -> tuple[float, Evidence]:
    """The ratio of the second net's variance over seeds to the first's, and that it is above 1; (seeds,) each.

    It is the F test, which assumes normal runs. Where a variance is 0 the ratio is NaN, and nothing is known.
    """
    variances = [float(runs.var(ddof=1)) for runs in (first, second)]
    if min(variances) <= TINY:
        return np.nan, Evidence()
    ratio, dfs = variances[1] / variances[0], (len(second) - 1, len(first) - 1)

    def power(seeds: int, level: float) -> tuple[float, float]:
        limit, dfs = stats.f.isf(level / 2, seeds - 1, seeds - 1), (seeds - 1, seeds - 1)
        return float(stats.f.sf(limit / ratio, *dfs)), float(stats.f.sf(limit * ratio, *dfs))

    return ratio, Evidence(doubled(stats.f.sf(ratio, *dfs)), doubled(stats.f.cdf(ratio, *dfs)), power)


def agreement(values: np.ndarray) -> tuple[float, Evidence]:
    """Mean rank correlation of all pairs of rows, Spearman's, and that it is above 0, by permutation of each row.

    values: (nets, classes), no row of equal ones. Seeds do not count here, so no number of them has more power.
    """
    ranks = stats.rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)

    def correlation(*rows: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.mean([np.sum(a * b, axis=axis) for a, b in combinations(rows, 2)], axis=0)

    how = {"permutation_type": "pairings", "n_resamples": DRAWS, "rng": 0}
    tests = [stats.permutation_test(ranks, correlation, alternative=side, **how) for side in ("greater", "less")]
    nets, orders = len(values), factorial(values.shape[1])
    smallest = 2 * max(1 / orders ** (nets - 1), 1 / (DRAWS + 1))  # all rows in one order, whichever it is
    p_for, p_against = (doubled(test.pvalue) for test in tests)
    return float(tests[0].statistic), Evidence(p_for, p_against, smallest=smallest)


def all_of(parts: Sequence[Evidence]) -> Evidence:
    """That all of several statements are true; the opposite is that one at least is false.

    For the first each is to be shown by itself, and their number needs no correction: R. L. Berger, Multiparameter
    hypothesis testing and acceptance sampling, Technometrics 24 (1982) 295–300. For the opposite the smallest p counts,
    corrected for their number: Holm's first step. The power for the first is at least 1 − Σ (1 − each power).
    """
    if not parts:
        return Evidence()

    def power(seeds: int, level: float) -> tuple[float, float]:
        lacks = sum(1 - part.power(seeds, level)[0] for part in parts)
        return max(0.0, 1 - lacks), max(part.power(seeds, level / len(parts))[1] for part in parts)

    p_for, p_against = max(part.p_for for part in parts), len(parts) * min(part.p_against for part in parts)
    return Evidence(p_for, min(1.0, p_against), power, max(part.smallest for part in parts))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """The p-values corrected for how many they are, in the order given, however they depend on each other.

    S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6 (1979) 65–70.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def seeds_needed(power: Callable[[int], float], least: int) -> str:
    """The smallest number of seeds, `least` or more, that has 80 % power; power: by the number of seeds."""
    if power(UNLIMITED) < POWER:
        return "no number will"
    found = bisect_left(range(MOST_SEEDS + 1), True, lo=least, key=lambda seeds: power(seeds) >= POWER)
    return str(found) if found <= MOST_SEEDS else f"more than {MOST_SEEDS}"
