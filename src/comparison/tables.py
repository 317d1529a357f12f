"""The comparison's tables as numbers, as `metrics/*.csv` hold them. Accuracies and their differences are in %.

With several seeds, accuracies are means over the seeds. With one seed, all figures are about one trained net. A figure
that so few seeds cannot give is NaN. The study's figures stand beside its own recipe only.
"""

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from comparison import calibration, statistics
from comparison.runs import Runs, first
from comparison.statistics import UNKNOWN

STUDY_NETS, STUDY_RECIPE = ("net1", "net2", "net3"), "reference"
MOST_CONFUSED = 5
DIFFERENCE_COLUMNS = [
    "first_recipe", "first_net", "second_recipe", "second_net", "difference", "low", "high", "se_seeds", "se_images",
    "df", "p_second_better",
]  # fmt: skip
Tables = dict[str, pd.DataFrame]  # by the names of their files


def make_tables(grid: dict[str, Runs], study: pd.DataFrame) -> Tables:
    """grid: the runs by recipe, on the same images; study: as `read_study` gives it."""
    return {
        "overall": net_table(grid, study),
        "per_class": class_table(grid, study),
        "differences": difference_table(grid),
        "confusions": confusion_table(grid),
        "calibration": calibration_table(grid),
    }


def net_table(grid: dict[str, Runs], study: pd.DataFrame) -> pd.DataFrame:
    """Size, accuracy and what else the runs say of each net by each recipe.

    gap: training less evaluated accuracy. confidence (%): of all answers, right or wrong. ece (%): the calibration
    error. Confidence, ece and loss (nats) are means over the seeds. ensemble_accuracy: of the mean of all seeds'
    probabilities. prediction_low, prediction_high: the prediction interval of one more run. prediction_by: whether that
    interval's standard deviation is "pooled" or the net's "own". study: the study's accuracy, which was cut off.
    study_inside: whether the study's accuracy can be within the prediction interval.
    """
    return pd.DataFrame([net_row(runs, net, study) for runs, net in product(grid.values(), first(grid).nets)])


def net_row(runs: Runs, net: str, study: pd.DataFrame) -> dict[str, object]:
    records, accuracies, probabilities = runs.records[net], runs.accuracies(net), runs.probabilities(net)
    row: dict[str, Any] = {"recipe": runs.recipe_name, "net": net, "seeds": len(runs.seeds)}
    row |= {key: getattr(records[0], key) for key in ("layers", "parameters", "multiply_adds")}
    row |= {"accuracy": accuracies.mean(), "sd": pd.Series(accuracies).std()}
    row["low"], row["high"] = statistics.accuracy_interval(runs.right(net))
    row["loss"] = calibration.losses(runs.logits[net], runs.labels).mean()
    for key in ("training_accuracy", "training_loss"):
        row[key] = np.mean([getattr(record, key) for record in records])
    row["gap"] = row["training_accuracy"] - row["accuracy"]
    row["confidence"] = 100 * probabilities.max(axis=2).mean()
    row["ece"] = 100 * np.mean([calibration.expected_calibration_error(its, runs.labels) for its in probabilities])
    ensemble = probabilities.mean(axis=0).argmax(axis=1) == runs.labels
    row["ensemble_accuracy"] = 100 * np.mean(ensemble) if len(runs.seeds) > 1 else np.nan
    return row | prediction(runs, net, study)


def prediction(runs: Runs, net: str, study: pd.DataFrame) -> dict[str, object]:
    """One more run beside the study's figure. Fewer than three seeds do not decide whether the study's is within."""
    low, high, sd = *UNKNOWN, ""
    if len(runs.seeds) > 1:
        alike = [runs.accuracies(other) for other in STUDY_NETS if other in runs.nets] if net in STUDY_NETS else []
        low, high, sd = statistics.one_more_run(runs.accuracies(net), alike)
    row = {"prediction_low": low, "prediction_high": high, "prediction_by": sd, "study": np.nan, "study_inside": None}
    if runs.recipe_name == STUDY_RECIPE and net in study:
        row["study"], (least, most) = study[net]["overall"], study_range(study[net])
        if len(runs.seeds) >= statistics.LEAST_SEEDS and not np.isnan(low):
            row["study_inside"] = bool(low < most and least <= high)
    return row


def study_range(figures: pd.Series) -> tuple[float, float]:
    """From where, and up to where (exclusive), the accuracy of a net of the study is.

    figures: of each class and `overall`, cut off to whole %. The mean of the classes' accuracies is the net's, because
    each class has as many test images.
    """
    limits = figures["overall"], figures.drop("overall").mean()
    return float(max(limits)), float(min(limits) + 1)


def class_table(grid: dict[str, Runs], study: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each net on each class's images, and the study's. Two seeds give no interval for a class."""
    rows = []
    for runs in grid.values():
        figures = study if runs.recipe_name == STUDY_RECIPE else study[[]]
        for (label, name), net in product(enumerate(runs.class_names), runs.nets):
            right = runs.right(net)[:, runs.labels == label]
            accuracies = 100 * right.mean(axis=1)
            row = {"recipe": runs.recipe_name, "class": name, "net": net, "images": right.shape[1]}
            row |= {"accuracy": accuracies.mean(), "sd": pd.Series(accuracies).std()}
            row["low"], row["high"] = UNKNOWN if len(right) == 2 else statistics.accuracy_interval(right)
            rows.append(row | {"study": figures[net][name] if net in figures else np.nan})
    return pd.DataFrame(rows)


def difference_table(grid: dict[str, Runs]) -> pd.DataFrame:
    """The second's accuracy less the first's, with its interval, its standard error's parts and degrees of freedom.

    p_second_better: the chance that a new run of the second beats one of the first. Each pair is tested by itself. Two
    seeds decide nothing, so they give no interval.
    """
    pairs = [(runs, a, runs, b) for runs in grid.values() for a, b in combinations(runs.nets, 2)]
    pairs += [(one, net, other, net) for one, other in combinations(grid.values(), 2) for net in one.nets]
    return pd.DataFrame([difference_row(*pair) for pair in pairs], columns=DIFFERENCE_COLUMNS)


def difference_row(one: Runs, first_net: str, other: Runs, second_net: str) -> tuple:
    names = one.recipe_name, first_net, other.recipe_name, second_net
    right = [one.right(first_net), other.right(second_net)]
    if len(one.seeds) == 1:
        return *names, 100 * (right[1].mean() - right[0].mean()), *[np.nan] * 6
    found = statistics.contrast(right, [-100, 100])
    is_known = len(one.seeds) >= statistics.LEAST_SEEDS
    limits = np.clip([found.low, found.high], -100, 100) if is_known else UNKNOWN
    better = statistics.second_better(one.accuracies(first_net), other.accuracies(second_net))
    return *names, found.estimate, *limits, found.se_seeds, found.se_images, found.df, better


def confusion_table(grid: dict[str, Runs]) -> pd.DataFrame:
    """The class pairs, true → predicted, that each net confuses most, over all seeds; of equal ones the first by label.

    rate: their share of the true class's images, in %. A net has fewer rows where it confuses fewer pairs.
    """
    rows = []
    for runs, net in product(grid.values(), first(grid).nets):
        counts = runs.confusion(net)
        wrong = counts.mask(np.eye(len(counts), dtype=bool), 0).stack().nlargest(MOST_CONFUSED)
        for rank, ((true, predicted), count) in enumerate(wrong[wrong > 0].items(), start=1):
            rate = 100 * count / counts.loc[true].sum()
            rows.append((runs.recipe_name, net, rank, true, predicted, count, rate))
    return pd.DataFrame(rows, columns=["recipe", "net", "rank", "true", "predicted", "images", "rate"])


def calibration_table(grid: dict[str, Runs]) -> pd.DataFrame:
    """Mean confidence and accuracy (%) of the images in each of 15 bins of confidence, over all seeds."""
    tables = []
    for runs, net in product(grid.values(), first(grid).nets):
        probabilities = runs.probabilities(net)
        bins = calibration.reliability(np.concatenate(probabilities), np.tile(runs.labels, len(probabilities)))
        bins[["confidence", "accuracy"]] *= 100
        tables.append(bins.assign(recipe=runs.recipe_name, net=net))
    return pd.concat(tables, ignore_index=True)[["recipe", "net", "bin", "confidence", "accuracy", "images"]]
