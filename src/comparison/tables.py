"""The comparison's tables as numbers, the way `metrics/*.csv` hold them. Accuracies and their differences are in %.

With several seeds accuracies are means over them, and intervals are about nets; with one they are about trained nets.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from comparison import statistics
from comparison.runs import Runs

MOST_CONFUSED = 5


@dataclass(frozen=True)
class Tables:
    nets: pd.DataFrame
    classes: pd.DataFrame
    differences: pd.DataFrame
    mistakes: pd.DataFrame


def make_tables(runs: Runs, study: pd.DataFrame) -> Tables:
    """study: its accuracies (%), classes and `overall` down, nets across; without columns on other images than its."""
    return Tables(net_table(runs, study), class_table(runs, study), difference_table(runs), mistake_table(runs))


def net_table(runs: Runs, study: pd.DataFrame) -> pd.DataFrame:
    """One row a net: size, accuracy with standard deviation, least, most and interval, and means of the other figures.

    gap, loss_gap: how much better the final weights do on the training images. On the study's images also its accuracy,
    which was cut off, so that 61 is in [61, 62), and with several seeds the prediction interval of one more run and
    whether that meets it.
    """
    rows = []
    for net, evaluations in runs.evaluations.items():
        accuracies = 100 * runs.right(net).mean(axis=1)
        means = {
            key: np.mean([getattr(evaluation, key) for evaluation in evaluations])
            for key in ("loss", "training_accuracy", "training_loss")
        }
        row = {
            "net": net,
            "seeds": len(evaluations),
            "layers": evaluations[0].layers,
            "parameters": evaluations[0].parameters,
            "multiply_adds": evaluations[0].multiply_adds,
            **accuracy_of(runs.right(net)),
            "least": accuracies.min(),
            "most": accuracies.max(),
            **means,
            "gap": means["training_accuracy"] - accuracies.mean(),
            "loss_gap": means["loss"] - means["training_loss"],
        }
        if not study.empty:
            row |= {"study": study[net]["overall"] if net in study else np.nan}
            row |= beside_study(accuracies, row["study"])
        rows.append(row)
    return pd.DataFrame(rows).round(4)


def accuracy_of(right: np.ndarray) -> dict[str, float]:
    """Mean accuracy, its standard deviation and interval; right: (seeds, images). With one seed Wilson's interval."""
    accuracies = 100 * right.mean(axis=1)
    if len(right) == 1:
        sd, (low, high) = np.nan, statistics.wilson(int(right.sum()), right.size)
    else:
        sd, found = accuracies.std(ddof=1), statistics.contrast([right], [1])
        low, high = np.clip([found.low, found.high], 0, 1)
    return {"accuracy": accuracies.mean(), "sd": sd, "low": 100 * low, "high": 100 * high}


def beside_study(accuracies: np.ndarray, study: float) -> dict[str, float | bool | None]:
    """The prediction interval of one more run, and whether it meets the study's figure; of one seed there is none."""
    if len(accuracies) == 1:
        return {"prediction_low": np.nan, "prediction_high": np.nan, "study_inside": None}
    found = statistics.one_more_run([accuracies], [1])
    inside = None if np.isnan(study) else bool(found.low < study + 1 and study <= found.high)
    return {"prediction_low": max(found.low, 0), "prediction_high": min(found.high, 100), "study_inside": inside}


def class_table(runs: Runs, study: pd.DataFrame) -> pd.DataFrame:
    """One row a class, in label order, and net: its accuracy on the class's images, and the study's.

    best: whether it is the best net of the class, and its difference to the next is not chance, tested by itself.
    """
    rows = []
    for label, name in enumerate(runs.conditions.class_names):
        images = runs.actual == label
        right = {net: runs.right(net)[:, images] for net in runs.nets}
        best = best_of(right)
        for net, own in right.items():
            row = {"class": name, "net": net, "images": images.sum(), **accuracy_of(own), "best": net == best}
            if not study.empty:
                row["study"] = study[net][name] if net in study else np.nan
            rows.append(row)
    return pd.DataFrame(rows).round(4)


def best_of(right: dict[str, np.ndarray]) -> str | None:
    """The net that is most often right, if that it is so more often than the next is not chance."""
    if len(right) == 1:
        return None
    best, other, *_ = sorted(right, key=lambda net: -right[net].mean())
    return best if differ(right[other], right[best]) else None


def differ(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether the interval of the second net's accuracy less the first's excludes 0; (seeds, images) both."""
    if len(first) > 1:
        return statistics.contrast([first, second], [-1, 1]).sign != 0
    low, high = statistics.paired_difference((first & ~second).sum(), (second & ~first).sum(), first.size)
    return low > 0 or high < 0


def difference_table(runs: Runs) -> pd.DataFrame:
    """One row a pair of nets: the second's accuracy less the first's, with its interval.

    With several seeds: the two parts of its standard error and the degrees of freedom. With one: how many images one of
    the two alone gets right, and p of McNemar's exact test, `p_holm` corrected for the number of pairs; both have four
    digits.
    """
    columns = ["first", "second", "difference", "low", "high"]
    if len(runs.seeds) > 1:
        columns += ["se_seeds", "se_images", "df"]
        rows = []
        for pair in combinations(runs.nets, 2):
            found = statistics.contrast([runs.right(net) for net in pair], [-100, 100])
            rows.append((*pair, found.estimate, found.low, found.high, found.se_seeds, found.se_images, found.df))
        return pd.DataFrame(rows, columns=columns).round(4)
    rows = []
    for pair in combinations(runs.nets, 2):
        first, second = (runs.right(net)[0] for net in pair)
        counts = int((first & ~second).sum()), int((second & ~first).sum())
        limits = (round(100 * limit, 4) for limit in statistics.paired_difference(*counts, len(first)))
        difference = round(100 * (counts[1] - counts[0]) / len(first), 4)
        rows.append((*pair, difference, *limits, *counts, statistics.sign_test(*counts)))
    table = pd.DataFrame(rows, columns=[*columns, "only_first", "only_second", "p"])
    table["p_holm"] = statistics.holm(table["p"])
    table[["p", "p_holm"]] = table[["p", "p_holm"]].map(lambda p: float(f"{p:.4g}"))
    return table


def mistake_table(runs: Runs) -> pd.DataFrame:
    """One row a net and rank: the class pairs, true → predicted, it confuses most; of equal ones the first by label.

    images: over all seeds; rate: their share of the true class's, in %. A net has fewer rows when it confuses fewer
    pairs.
    """
    rows = []
    for net in runs.nets:
        matrix = runs.confusion(net)
        counts = matrix.to_numpy()
        wrong = counts - np.diag(np.diag(counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
        for rank, (true, predicted) in enumerate(zip(*np.unravel_index(order, wrong.shape), strict=True), start=1):
            if count := int(wrong[true, predicted]):
                rate = round(100 * count / int(counts[true].sum()), 4)
                rows.append((net, rank, matrix.index[true], matrix.columns[predicted], count, rate))
    return pd.DataFrame(rows, columns=["net", "rank", "true", "predicted", "images", "rate"])
