"""The comparison's tables as numbers, the way `metrics/*.csv` hold them. Accuracies and their differences are in %."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from comparison import statistics
from comparison.run import Run

MOST_CONFUSED = 5


@dataclass(frozen=True)
class Tables:
    nets: pd.DataFrame
    classes: pd.DataFrame
    pairs: pd.DataFrame
    mistakes: pd.DataFrame


def make_tables(run: Run) -> Tables:
    return Tables(net_table(run), class_table(run), pair_table(run.predictions), mistake_table(run.matrices))


def net_table(run: Run) -> pd.DataFrame:
    """One row a net: size, multiply-adds an image, accuracy with its interval, training accuracy over the last epoch
    and its gap to accuracy; on the study's images also the study's accuracy and ours less that.
    """
    rows = []
    for net, evaluation in run.evaluations.items():
        correct = sum(counts.correct for counts in evaluation.classes.values())
        low, high = statistics.wilson(correct, evaluation.dataset.evaluated_images)
        training_accuracy = run.training[net].accuracy
        row = {
            "net": net,
            "layers": evaluation.layers,
            "parameters": evaluation.parameters,
            "multiply_adds": evaluation.multiply_adds,
            "accuracy": evaluation.accuracy,
            "accuracy_low": 100 * low,
            "accuracy_high": 100 * high,
            "training_accuracy": training_accuracy,
            "gap": training_accuracy - evaluation.accuracy,
        }
        if not run.study.empty:
            row["study"] = run.study[net]["overall"] if net in run.study else np.nan
            row["difference"] = row["accuracy"] - row["study"]
        rows.append(row)
    return pd.DataFrame(rows).round(4)


def class_table(run: Run) -> pd.DataFrame:
    """One row a class, in label order, and net: how many of its images are right, and the study's accuracy."""
    rows = []
    for name in run.conditions.class_names:
        for net, evaluation in run.evaluations.items():
            counts = evaluation.classes[name]
            low, high = statistics.wilson(counts.correct, counts.images)
            row = {"class": name, "net": net, **counts.model_dump(), "low": 100 * low, "high": 100 * high}
            if not run.study.empty:
                row["study"] = run.study[net][name] if net in run.study else np.nan
            rows.append(row)
    return pd.DataFrame(rows).round(4)


def pair_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a pair of nets: McNemar's exact test on the same images.

    predictions: the `actual` class of each image and what each net predicts. Columns: `only_first` and `only_second`
    are the images that one of the two alone gets right; `difference` is the second's accuracy less the first's, with
    its interval `low`, `high`; `p`, and `p_holm`, which is corrected for the number of pairs, have four digits.
    """
    right = {net: predictions[net] == predictions["actual"] for net in predictions.columns.drop("actual")}
    rows = []
    for first, second in combinations(right, 2):
        only_first, only_second = int((right[first] & ~right[second]).sum()), int((right[second] & ~right[first]).sum())
        low, high = statistics.paired_difference(only_first, only_second, len(predictions))
        rows.append(
            {
                "first": first,
                "second": second,
                "only_first": only_first,
                "only_second": only_second,
                "difference": round(100 * (only_second - only_first) / len(predictions), 4),
                "low": round(100 * low, 4),
                "high": round(100 * high, 4),
                "p": float(statistics.sign_test(only_first, only_second)),
            }
        )
    columns = ["first", "second", "only_first", "only_second", "difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = statistics.holm(table["p"])
    table[["p", "p_holm"]] = table[["p", "p_holm"]].map(lambda p: float(f"{p:.4g}"))
    return table


def mistake_table(matrices: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a net and rank: the class pairs, true → predicted, it confuses most; of equal ones the first by label.

    matrices: counts, true classes down, predicted across. `rate` is the share of the true class's images, in %. A net
    has fewer rows when it confuses fewer pairs.
    """
    rows = []
    for net, matrix in matrices.items():
        counts = matrix.to_numpy()
        wrong = counts - np.diag(np.diag(counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
        for rank, (true, predicted) in enumerate(zip(*np.unravel_index(order, wrong.shape), strict=True), start=1):
            if count := int(wrong[true, predicted]):
                rate = round(100 * count / int(counts[true].sum()), 4)
                rows.append((net, rank, matrix.index[true], matrix.columns[predicted], count, rate))
    return pd.DataFrame(rows, columns=["net", "rank", "true", "predicted", "images", "rate"])


def mistaken(matrix: pd.DataFrame) -> pd.Series:
    """How many images of each unordered pair of classes are taken for the other, one way or the other."""
    counts = matrix.to_numpy()
    first, second = np.triu_indices(len(counts), k=1)
    pairs = pd.MultiIndex.from_arrays([matrix.index[first], matrix.index[second]])
    return pd.Series((counts + counts.T)[first, second], index=pairs)
