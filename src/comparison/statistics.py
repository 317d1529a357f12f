"""How far counts of right and wrong test images can be trusted: 95 % intervals, and tests at the 5 % level.

All of it is about the images: how the figures could have come out on other test images of the same kind. How they
could have come out with another seed takes more runs. Proportions are fractions; intervals are two-sided.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom, binomtest, norm

LEVEL = 0.05
Z = float(norm.ppf(1 - LEVEL / 2))
Interval = tuple[float, float]


def wilson(successes: int, trials: int) -> Interval:
    """Interval of a proportion, also right near 0 and 1 and for few trials.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209–212.
    """
    interval = binomtest(successes, trials).proportion_ci(1 - LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def sign_test(first: np.ndarray | int, second: np.ndarray | int) -> np.ndarray:
    """Two-sided p, exact, of the hypothesis that an event is as likely to be of the first kind as of the second.

    first, second: how often each was seen, as numbers or arrays of one shape; p is 1 where neither was.
    On the images that only one of two nets gets right it is McNemar's exact test: M. W. Fagerland, S. Lydersen and
    P. Laake, The McNemar test for binary matched-pairs data, BMC Medical Research Methodology 13:91 (2013).
    """
    return np.minimum(1.0, 2 * binom.cdf(np.minimum(first, second), np.add(first, second), 0.5))


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


def weighted_sum(successes: Sequence[float], trials: Sequence[int], weights: Sequence[float]) -> Interval:
    """Interval of a weighted sum of independent proportions, no weight being 0.

    R. M. Price and D. G. Bonett, An improved confidence interval for a linear function of binomial proportions,
    Computational Statistics & Data Analysis 45 (2004) 449–456.
    """
    f, n, c = (np.asarray(values, dtype=float) for values in (successes, trials, weights))
    n_adjusted = n + 4 / len(c)
    p = (f + 2 / len(c)) / n_adjusted
    estimate = float(np.sum(c * p))
    margin = Z * float(np.sum(c**2 * p * (1 - p) / n_adjusted)) ** 0.5
    return estimate - margin, estimate + margin


def mean_interval(values: np.ndarray) -> Interval:
    """Interval of the mean of at least two independent values, by the normal approximation."""
    margin = Z * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return float(np.mean(values)) - margin, float(np.mean(values)) + margin
