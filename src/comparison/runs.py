"""The runs that are compared, as `train` and `evaluate` have left their results."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from foundation.errors import UserError, reason
from foundation.validation import Model, validate
from results.evaluated import Conditions, Evaluation
from results.run import Run
from results.trained import TrainingFigures

STUDY = "data/study.csv"
STUDY_IMAGES = (50_000, 10_000)  # for training and for testing
NUMBERS = {"step": int, "epoch": int, "loss": float}
AS_TEXT = {"dtype": str, "keep_default_na": False}  # as pandas keeps names such as `NA` and `1`
Found = TypeVar("Found")
READ = ("metrics/details", "metrics/train", "plots/loss", "plots/predictions")


@dataclass(frozen=True)
class Runs:
    """What was found in the runs of each net, by its name in the order of params.yaml: one a seed, in their order.

    curves: logs, with columns step, epoch and loss, which is over the training images since the last row;
    actual: (images,) and predicted: (seeds, images), indices into the class names.
    """

    conditions: Conditions
    seeds: list[int]
    evaluations: dict[str, list[Evaluation]]
    training: dict[str, list[TrainingFigures]]
    curves: dict[str, list[pd.DataFrame]]
    actual: np.ndarray
    predicted: dict[str, np.ndarray]

    @property
    def nets(self) -> list[str]:
        return list(self.evaluations)

    def right(self, net: str) -> np.ndarray:
        """Which images each run of `net` gets right, (seeds, images) bool."""
        return self.predicted[net] == self.actual

    def confusion(self, net: str) -> pd.DataFrame:
        """The counts over all seeds, true classes down, predicted across."""
        names = self.conditions.class_names
        return pd.DataFrame(self.matrices(net).sum(axis=0), index=pd.Index(names, name="true"), columns=names)

    def matrices(self, net: str) -> np.ndarray:
        """The confusion counts of each run of `net`, (seeds, classes, classes): true classes down, predicted across."""
        classes = len(self.conditions.class_names)
        cells = self.actual * classes + self.predicted[net]
        return np.stack([np.bincount(row, minlength=classes**2).reshape(classes, classes) for row in cells])


def files_of(nets: list[str], seeds: list[int]) -> list[str]:
    """What `read_runs` reads."""
    return [Run(net, seed).file(folder) for net in nets for seed in seeds for folder in READ]


def read_runs(nets: list[str], seeds: list[int]) -> Runs:
    """The runs of `nets` by `seeds`.

    Raises `UserError` for files that are missing or not as written, and for runs that cannot be compared.
    """
    runs = {net: [Run(net, seed) for seed in seeds] for net in nets}

    def of_each(read: Callable[[Run], Found]) -> dict[str, list[Found]]:
        return {net: [read(run) for run in own] for net, own in runs.items()}

    evaluations = of_each(lambda run: read_model(Evaluation, run.file("metrics/details")))
    conditions = common_conditions([evaluation for own in evaluations.values() for evaluation in own])
    training = of_each(lambda run: read_model(TrainingFigures, run.file("metrics/train")))
    predictions = of_each(lambda run: read_predictions(run.file("plots/predictions"), conditions))
    actual = predictions[nets[0]][0][0]
    for net, own in predictions.items():
        for run, (labels, _) in zip(runs[net], own, strict=True):
            if not np.array_equal(labels, actual):
                images = f"{conditions.dataset.evaluated_on} images"
                raise UserError(f"{run.file('plots/predictions')} is not of these runs' {images}: run `dvc repro`")
    return Runs(
        conditions=conditions,
        seeds=seeds,
        evaluations=evaluations,
        training=training,
        curves=of_each(lambda run: read_curve(run.file("plots/loss"), training[run.net][seeds.index(run.seed)].steps)),
        actual=actual,
        predicted={net: np.stack([predicted for _, predicted in own]) for net, own in predictions.items()},
    )


def common_conditions(evaluations: list[Evaluation]) -> Conditions:
    """The dataset, recipe and classes that all runs share; raises `UserError` when they do not."""
    one, *others = evaluations
    for other in others:
        for key in ("dataset", "recipe", "class_names"):
            if getattr(other, key) != getattr(one, key):
                names = f"{Run(one.net, one.seed)} and {Run(other.net, other.seed)}"
                raise UserError(f"{names} differ in their {key}, so they cannot be compared: run `dvc repro`")
    return Conditions(one.dataset, one.recipe, one.class_names)


def read_study(conditions: Conditions) -> pd.DataFrame:
    """The study's accuracies (%), classes and `overall` down, nets across; without columns on other images than its."""
    study = read_csv(STUDY, ["class"]).set_index("class")
    is_whole = study.index.is_unique and study.notna().all(axis=None)
    if not is_whole or not all(is_numeric_dtype(study[net]) for net in study):
        raise _other_than_written(STUDY, "not a number for each class and net")
    dataset = conditions.dataset
    is_on_its_images = (dataset.train_images, dataset.test_images) == STUDY_IMAGES
    is_on_its_classes = set(study.index) == {*conditions.class_names, "overall"}
    return study if is_on_its_images and is_on_its_classes else pd.DataFrame(index=study.index)


def read_curve(path: str, steps: int) -> pd.DataFrame:
    """The loss curve of a run of `steps` steps; raises `UserError` for one that was cut short while it grew."""
    curve = read_csv(path, ["step", "epoch", "loss"], dtype=NUMBERS)
    if curve["step"].max() != steps:
        raise UserError(f"{path} does not end at step {steps:,}, so it is of another run or cut short: run `dvc repro`")
    return curve


def read_predictions(path: str, conditions: Conditions) -> tuple[np.ndarray, np.ndarray]:
    """The actual and the predicted class of each image, as indices into the class names."""
    table = read_csv(path, ["actual", "predicted"], **AS_TEXT)
    columns = [pd.Index(conditions.class_names).get_indexer(table[column]) for column in ("actual", "predicted")]
    if len(table) != conditions.dataset.evaluated_images or (np.stack(columns) < 0).any():
        raise UserError(f"{path} is not of these runs' {conditions.dataset.evaluated_on} images: run `dvc repro`")
    return columns[0], columns[1]


def read_model(model: type[Model], path: str) -> Model:
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` makes it") from None
    except (ValueError, RecursionError) as error:
        raise _other_than_written(path, error) from None
    return validate(model, values, path)


def read_csv(path: str, columns: list[str], **how: object) -> pd.DataFrame:
    """The table in `path`, which has at least these `columns`."""
    try:
        table = pd.read_csv(path, **how)
    except FileNotFoundError:
        remedy = f"`git checkout {path}` puts it back" if path == STUDY else "`dvc repro` makes it"
        raise UserError(f"{path} is missing: {remedy}") from None
    except ValueError as error:
        raise _other_than_written(path, error) from None
    if missing := [column for column in columns if column not in table]:
        raise _other_than_written(path, f"it has no column {', '.join(missing)}")
    return table


def _other_than_written(path: str, error: object) -> UserError:
    why = reason(error)
    return UserError(f"{path} is not as it was written ({why}): `git checkout {path}` puts it back")
