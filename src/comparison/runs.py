"""The runs that are compared, read from the files of `train` and `evaluate`. All figures come from these."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from dataset import Dataset
from errors import UserError, reading
from model.records import EvaluationRecord, TrainingRecord
from run import Run
from schema import Model
from training.recipe import Recipe

STUDY = "data/study.csv"
STUDY_IMAGES = (50_000, 10_000, "test")  # for training, and for evaluating on
READ = ("metrics/logits", "metrics/evaluate", "metrics/train", "plots/loss")  # of each run
WAY_OUT = "`dvc repro` makes it; `git checkout metrics plots dvc.lock` puts back what is committed"
RESULT = ("result of this project", WAY_OUT)


@dataclass(frozen=True)
class Runs:
    """The runs of several nets by one recipe, each net from the same seeds.

    Dictionaries are by net, in the order of params.yaml; their lists have one entry a seed.
    labels: (images,); logits: for each net (seeds, images, classes) float32; curves: the training logs, with columns
    step, epoch, loss and accuracy (over the training images since the last row).
    """

    recipe_name: str
    recipe: Recipe
    seeds: list[int]
    dataset: Dataset
    class_names: list[str]
    labels: np.ndarray
    logits: dict[str, np.ndarray]
    records: dict[str, list[EvaluationRecord]]
    training: dict[str, list[TrainingRecord]]
    curves: dict[str, list[pd.DataFrame]]

    @property
    def nets(self) -> list[str]:
        return list(self.logits)

    @cached_property
    def predicted(self) -> dict[str, np.ndarray]:
        """The predicted class of each image, (seeds, images)."""
        return {net: logits.argmax(axis=2) for net, logits in self.logits.items()}

    def right(self, net: str) -> np.ndarray:
        """Which images each run of `net` gets right, (seeds, images) bool."""
        return self.predicted[net] == self.labels

    def accuracies(self, net: str) -> np.ndarray:
        """The accuracy of each run in %, (seeds,)."""
        return 100 * self.right(net).mean(axis=1)

    def probabilities(self, net: str) -> np.ndarray:
        """(seeds, images, classes) float64."""
        return softmax(self.logits[net].astype(np.float64), axis=2)

    def matrices(self, net: str) -> np.ndarray:
        """The confusion counts of each run, (seeds, classes, classes): true classes down, predicted across."""
        classes = len(self.class_names)
        cells = self.labels * classes + self.predicted[net]
        return np.stack([np.bincount(row, minlength=classes**2).reshape(classes, classes) for row in cells])

    def confusion(self, net: str) -> pd.DataFrame:
        """The counts over all seeds, true classes down, predicted across."""
        names = self.class_names
        return pd.DataFrame(self.matrices(net).sum(axis=0), index=pd.Index(names, name="true"), columns=names)


def first(grid: dict[str, Runs]) -> Runs:
    """The runs by the first recipe; those by the others are of the same nets, seeds and images."""
    return next(iter(grid.values()))


def read_grid(nets: list[str], recipes: list[str], seeds: list[int]) -> dict[str, Runs]:
    """The runs of each recipe; raises `UserError` where they were not evaluated on the same images."""
    grid = {recipe: read_runs(nets, recipe, seeds) for recipe in recipes}
    if different := [recipe for recipe, runs in grid.items() if runs.dataset != first(grid).dataset]:
        raise UserError(f"the runs by {recipes[0]} and {different[0]} are of different images: `dvc repro`")
    return grid


def read_runs(nets: list[str], recipe: str, seeds: list[int]) -> Runs:
    """The runs of `nets` by `recipe` from `seeds`.

    Raises `UserError` for files that are missing or not as written, and for runs that cannot be compared.
    """

    def of_each(read: Callable[[Run], Any]) -> dict[str, list]:
        return {net: [read(Run(net, recipe, seed)) for seed in seeds] for net in nets}

    records = of_each(lambda run: read_model(EvaluationRecord, run.file("metrics/evaluate")))
    one, *others = (record.description for record in chain(*records.values()))
    for other in others:
        if other.model_copy(update={"net": one.net, "seed": one.seed}) != one:
            raise UserError(f"{one.run} and {other.run} differ in their images, classes or recipe: `dvc repro`")
    logits = of_each(lambda run: read_array(run, "logits"))
    return Runs(
        recipe_name=recipe,
        recipe=one.recipe,
        seeds=seeds,
        dataset=one.dataset,
        class_names=one.class_names,
        labels=read_array(one.run, "labels").astype(np.int64),
        logits={net: np.stack(its).astype(np.float32) for net, its in logits.items()},
        records=records,
        training=of_each(lambda run: read_model(TrainingRecord, run.file("metrics/train"))),
        curves=of_each(read_curve),
    )


def read_array(run: Run, name: str) -> np.ndarray:
    """`logits`, (images, classes) float16, or `labels`, (images,)."""
    with reading(path := run.file("metrics/logits"), *RESULT), np.load(path) as arrays:
        return arrays[name]


def read_curve(run: Run) -> pd.DataFrame:
    steps = read_model(TrainingRecord, run.file("metrics/train")).steps
    with reading(path := run.file("plots/loss"), *RESULT):
        curve = pd.read_csv(path, usecols=["step", "epoch", "loss", "accuracy"])
        if curve["step"].iloc[-1] != steps:
            raise ValueError(f"it does not end at step {steps:,}")
        return curve


def read_study(runs: Runs) -> pd.DataFrame:
    """The study's accuracies (%), classes and `overall` down, nets across; no columns beside other images."""
    with reading(STUDY, "table of the study", f"`git checkout {STUDY}` puts it back"):
        study = pd.read_csv(STUDY, index_col="class")
    images = (runs.dataset.train_images, runs.dataset.evaluated_images, runs.dataset.evaluated_on)
    is_alike = images == STUDY_IMAGES and set(study.index) == {*runs.class_names, "overall"}
    return study if is_alike else pd.DataFrame(index=study.index)


def read_model(model: type[Model], path: str) -> Model:
    with reading(path, *RESULT):
        return model.model_validate_json(Path(path).read_bytes())
