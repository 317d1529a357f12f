"""How far results can be trusted: two-sided 95 % intervals, and tests at the 5 % level.

With several seeds they are about nets: how figures could have come out by other seeds and on other test images of the
same kind. With one seed they are about trained nets, so about the images alone. The choice of the training images,
the same in all runs, is covered by none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import PermutationMethod, binom, binomtest, mannwhitneyu, norm, permutation_test, rankdata, t

LEVEL = 0.05
Z = float(norm.ppf(1 - LEVEL / 2))
DRAWS = 9_999  # of all permutations, where there are more than that
Interval = tuple[float, float]
Variance = tuple[float, int]  # that of a mean, and its degrees of freedom


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval, its standard error's two parts, and the degrees of freedom."""

    estimate: float
    low: float
    high: float
    se_seeds: float
    se_images: float
    df: float

    @property
    def sign(self) -> int:
        """1 or −1 where the whole interval is above or below 0; else 0, also where nothing varied, so none is known."""
        varied = self.se_seeds > 0 or self.se_images > 0
        return int(varied) * (int(self.low > 0) - int(self.high < 0))


def contrast(values: Sequence[np.ndarray], weights: Sequence[float]) -> Estimate:
    """Weighted sum of nets' means: with weight 1 a net's, with −1 and 1 a difference.

    values: for each net (seeds, images), two seeds at least, such as which images each run gets right. Images are the
    same for all, seeds are each net's own, so SE² = Σ w²·s²/S + v/N: s is the standard deviation of a net's S means, v
    the variance over the N images of the weighted sum of the means over seeds. What seeds and images do together is in
    both, so that the interval is rather too wide. A. B. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1
    (2007) 386–411, has such estimates of crossed variance; the degrees of freedom are Satterthwaite's.
    """
    return seeds_contrast([own.mean(axis=1) for own in values], weights, [of_images(values, weights)])


def gap_contrast(
    training: Sequence[np.ndarray], right: Sequence[np.ndarray], train_images: int, weights: Sequence[float]
) -> Estimate:
    """Weighted sum of nets' gaps, training accuracy less that on other images.

    training: for each net (seeds,), proportions; right: (seeds, images), as in `contrast`. Training images count like
    the others, as if each net had its own and all its runs were right on the same of them, which is rather too much.
    """
    gaps = [own - of_net.mean(axis=1) for own, of_net in zip(training, right, strict=True)]
    trained = [
        (weight**2 * own.mean() * (1 - own.mean()) / train_images, train_images - 1)
        for own, weight in zip(training, weights, strict=True)
    ]
    return seeds_contrast(gaps, weights, [of_images(right, weights), *trained])


def seeds_contrast(values: Sequence[np.ndarray], weights: Sequence[float], images: Sequence[Variance] = ()) -> Estimate:
    """As `contrast`, of one figure a run, (seeds,) for each net; without `images` it is about the seeds alone."""
    return combined(weighted_mean(values, weights), of_seeds(values, weights), images)


def one_more_run(values: Sequence[np.ndarray], weights: Sequence[float]) -> Estimate:
    """Prediction interval of the weighted sum for one more run of each net, on the same images.

    values: for each net (seeds,); of one net it is m ± t·s·√(1 + 1/S).
    """
    spread = [((len(own) + 1) * v, df) for own, (v, df) in zip(values, of_seeds(values, weights), strict=True)]
    return combined(weighted_mean(values, weights), spread, [])


def weighted_mean(values: Sequence[np.ndarray], weights: Sequence[float]) -> float:
    return sum(weight * float(own.mean()) for own, weight in zip(values, weights, strict=True))


def of_seeds(values: Sequence[np.ndarray], weights: Sequence[float]) -> list[Variance]:
    return [of_mean(weight * own) for own, weight in zip(values, weights, strict=True)]


def of_images(values: Sequence[np.ndarray], weights: Sequence[float]) -> Variance:
    return of_mean(sum(weight * own.mean(axis=0) for own, weight in zip(values, weights, strict=True)))


def of_mean(values: np.ndarray) -> Variance:
    """The variance of the mean of `values`: infinite for one value, and exactly 0 for equal ones."""
    if len(values) < 2:
        return np.inf, 1
    return float(np.var(values, ddof=1)) / len(values) if np.ptp(values) else 0.0, len(values) - 1


def combined(estimate: float, seeds: Sequence[Variance], images: Sequence[Variance]) -> Estimate:
    """The interval by all variances together; without any it is a point, with an infinite one it has no end.

    F. E. Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946)
    110–114.
    """
    variances, dfs = np.array([*seeds, *images]).T
    total = variances.sum()
    df = total**2 / np.sum(variances**2 / dfs) if 0 < total < np.inf else dfs.min()
    margin = t.ppf(1 - LEVEL / 2, df) * total**0.5
    se_seeds, se_images = (float(sum(variance for variance, _ in part) ** 0.5) for part in (seeds, images))
    return Estimate(estimate, float(estimate - margin), float(estimate + margin), se_seeds, se_images, float(df))


def mann_whitney(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided p, with up to seven seeds each exact, that neither net's runs tend to have the greater values.

    first, second: (seeds,), which may have ties. H. B. Mann and D. R. Whitney, On a test of whether one of two random
    variables is stochastically larger than the other, Annals of Mathematical Statistics 18 (1947) 50–60.
    """
    return float(mannwhitneyu(first, second, method=PermutationMethod(n_resamples=DRAWS, rng=0)).pvalue)


def agreement(values: np.ndarray) -> tuple[float, float]:
    """Mean rank correlation of all pairs of rows, Spearman's, and its two-sided p by permutation of each.

    values: (nets, classes), no row of equal ones.
    """
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)

    def correlation(*rows: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.mean([np.sum(a * b, axis=axis) for a, b in combinations(rows, 2)], axis=0)

    how = {"permutation_type": "pairings", "n_resamples": DRAWS, "rng": 0}
    test = permutation_test(ranks, correlation, **how)
    return float(test.statistic), float(test.pvalue)


def wilson(successes: int, trials: int) -> Interval:
    """Interval of a proportion, also right near 0 and 1 and for few trials.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209–212.
    """
    interval = binomtest(successes, trials).proportion_ci(1 - LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def sign_test(first: int, second: int) -> float:
    """Two-sided p, exact, of the hypothesis that an event is as likely to be of the first kind as of the second.

    first, second: how often each was seen; p is 1 where neither was.
    On the images that only one of two nets gets right it is McNemar's exact test: M. W. Fagerland, S. Lydersen and
    P. Laake, The McNemar test for binary matched-pairs data, BMC Medical Research Methodology 13:91 (2013).
    """
    return float(min(1.0, 2 * binom.cdf(min(first, second), first + second, 0.5)))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """The p-values corrected for how many they are, in the order given, however they depend on each other.

    S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6 (1979) 65–70.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def paired_difference(only_first: int, only_second: int, images: int) -> Interval:
    """Interval of the second proportion less the first, both of the same images; sound also without any difference.

    only_first, only_second: the images that count for one of the two alone. D. G. Bonett and R. M. Price, Adjusted
    Wald confidence interval for a difference of binomial proportions based on paired data, Journal of Educational
    and Behavioral Statistics 37 (2012) 479–488.
    """
    first, second = (only_first + 1) / (images + 2), (only_second + 1) / (images + 2)
    difference = second - first
    margin = Z * ((first + second - difference**2) / (images + 2)) ** 0.5
    return max(-1.0, difference - margin), min(1.0, difference + margin)
