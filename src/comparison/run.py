"""The results of the nets that are compared, as `train` and `evaluate` have left them."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from foundation.errors import UserError, reason
from foundation.validation import Model, validate
from results.evaluated import Conditions, Evaluation
from results.trained import TrainingFigures

STUDY = "data/study.csv"
STUDY_IMAGES = (50_000, 10_000)  # for training and for testing
NUMBERS = {"step": int, "loss": float}
AS_TEXT = {"dtype": str, "keep_default_na": False}  # as pandas keeps names such as `NA` and `1`


@dataclass(frozen=True)
class Run:
    """What was found for each net, by its name, in the order of params.yaml.

    curves: logs, with columns step and loss, which is over the training images since the last row;
    matrices: counts, true classes down, predicted across;
    predictions: one row an image, the classes `actual` and those that each net predicts;
    study: the study's accuracies (%), classes and `overall` down, nets across; without columns on other images.
    """

    conditions: Conditions
    evaluations: dict[str, Evaluation]
    training: dict[str, TrainingFigures]
    curves: dict[str, pd.DataFrame]
    matrices: dict[str, pd.DataFrame]
    predictions: pd.DataFrame
    study: pd.DataFrame

    @property
    def nets(self) -> list[str]:
        return list(self.evaluations)


def files_of(nets: list[str]) -> list[str]:
    """What `read_run` reads."""
    of_each = ("metrics/details/{}.json", "metrics/train/{}.json", "metrics/confusion/{}.csv", "plots/loss/{}.csv")
    return [STUDY, *(path.format(net) for net in nets for path in (*of_each, "plots/predictions/{}.csv"))]


def read_run(nets: list[str]) -> Run:
    """The run of `nets`; raises `UserError` for files that are missing or not as written, and for different runs."""
    evaluations = {net: read_model(Evaluation, f"metrics/details/{net}.json") for net in nets}
    conditions = common_conditions(evaluations)
    training = {net: read_model(TrainingFigures, f"metrics/train/{net}.json") for net in nets}
    return Run(
        conditions=conditions,
        evaluations=evaluations,
        training=training,
        curves={net: read_curve(f"plots/loss/{net}.csv", training[net].steps) for net in nets},
        matrices={net: read_matrix(f"metrics/confusion/{net}.csv") for net in nets},
        predictions=read_predictions(nets, conditions),
        study=study_figures(conditions),
    )


def common_conditions(evaluations: dict[str, Evaluation]) -> Conditions:
    """The dataset, recipe and classes that all nets share; raises `UserError` when they do not."""
    (first, one), *others = evaluations.items()
    for net, other in others:
        for key in ("dataset", "recipe", "class_names"):
            if getattr(other, key) != getattr(one, key):
                raise UserError(f"{first} and {net} differ in their {key}, so they cannot be compared: run `dvc repro`")
    return Conditions(one.dataset, one.recipe, one.class_names)


def study_figures(conditions: Conditions) -> pd.DataFrame:
    """The study's accuracies, where the run is on the images of the study, its test images among them."""
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
    curve = read_csv(path, ["step", "loss"], dtype=NUMBERS)
    if curve["step"].max() != steps:
        raise UserError(f"{path} does not end at step {steps:,}, so it is of another run or cut short: run `dvc repro`")
    return curve


def read_predictions(nets: list[str], conditions: Conditions) -> pd.DataFrame:
    """What each net predicts beside the `actual` classes; raises `UserError` when they are not of the same images."""
    dataset, columns = conditions.dataset, ["actual", "predicted"]
    files = {net: read_csv(f"plots/predictions/{net}.csv", columns, **AS_TEXT) for net in nets}
    actual = files[nets[0]]["actual"]
    for net, file in files.items():
        if len(file) != dataset.evaluated_images or not file["actual"].equals(actual):
            path, images = f"plots/predictions/{net}.csv", f"{dataset.evaluated_on} images"
            raise UserError(f"{path} is not of this run's {images}: run `dvc repro`")
    return pd.DataFrame({"actual": actual, **{net: file["predicted"] for net, file in files.items()}})


def read_matrix(path: str) -> pd.DataFrame:
    """Counts, true classes down, predicted across; the classes keep their names, be they `1`, `NA` or `true`."""
    cells = read_csv(path, [], header=None, **AS_TEXT)
    names = pd.Index(cells.iloc[1:, 0], name="true")
    if cells.iloc[0].tolist() != ["true", *names]:
        raise _other_than_written(path, "its classes down and across are not the same")
    try:
        counts = cells.iloc[1:, 1:].astype(int).to_numpy()
    except ValueError as error:
        raise _other_than_written(path, error) from None
    return pd.DataFrame(counts, index=names, columns=names.rename(None))


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
