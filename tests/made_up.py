"""Runs made up for the tests: what `train` and `evaluate` would leave behind, from predictions we choose."""

import dataclasses

import numpy as np
import pandas as pd

import evaluate
from comparison.run import Run
from comparison.tables import Tables, make_tables
from images.dataset import Dataset
from params import NamedRecipe
from results.evaluated import Conditions, Evaluation
from results.trained import Description, Normalisation, TrainingFigures

CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NETS = {"net1": 0.61, "net2": 0.76, "net3": 0.80, "net3_no_bn": 0.10}  # the study's accuracies; the last at chance
LAYERS = {"net1": 5, "net2": 6, "net3": 10, "net3_no_bn": 10}
RECIPE = NamedRecipe(
    name="none", learning_rate=0.001, momentum=0.9, weight_decay=0.0, batch_size=5, epochs=1, log_every=1000
)
DESCRIPTION = Description(
    net="net1",
    architecture="net1",
    settings={},
    recipe=RECIPE,
    seed=0,
    class_names=["ant", "bee"],
    normalisation=Normalisation(mean=0.5, std=0.5),
    dataset=Dataset(source="insects", content="sha256:0", lossless=True, train_images=20, test_images=10),
)
NO_STUDY = pd.DataFrame()


def run(
    names: list[str],
    actual: np.ndarray,
    predicted: dict[str, np.ndarray],
    train_images: int = 50_000,
    study: pd.DataFrame = NO_STUDY,
    on: str = "test",
) -> Run:
    """The run of nets that predict `predicted`, all given as indices into `names`, on test or validation images."""
    evaluated = {f"{on}_images": len(actual)}
    dataset = Dataset(source="made up", content="sha256:0", lossless=True, train_images=train_images, **evaluated)
    made = Run(
        conditions=Conditions(dataset, RECIPE, list(names)),
        evaluations={},
        training={},
        curves={},
        matrices={},
        predictions=pd.DataFrame({"actual": np.array(names)[actual]}),
        study=study,
    )
    for position, (net, indices) in enumerate(predicted.items()):
        matrix = evaluate.counts(actual, indices, names)
        accuracy = round(100 * float(np.mean(indices == actual)), 4)
        description = DESCRIPTION.model_copy(update={"net": net, "class_names": list(names), "dataset": dataset})
        made.evaluations[net] = Evaluation(
            **description.model_dump(),
            layers=LAYERS.get(net, 5),
            parameters=1000 * (position + 1),
            multiply_adds=10_000 * (position + 1),
            **evaluated,
            accuracy=accuracy,
            loss=1.0,
            classes=evaluate.class_counts(matrix),
        )
        made.training[net] = TrainingFigures(
            loss=1.0, accuracy=min(100.0, accuracy + 5 * position), steps=5000, torch="2.0", device="an abacus"
        )
        steps = np.arange(1000, 6000, 1000)
        made.curves[net] = pd.DataFrame({"step": steps, "loss": 2.3 - steps / 1e4 - 0.1 * position})
        made.matrices[net] = matrix
        made.predictions[net] = np.array(names)[indices]
    return made


def cifar_like(
    accuracies: dict[str, float] = NETS, images: int = 10_000, study: pd.DataFrame = NO_STUDY, on: str = "test"
) -> Run:
    """Ten classes in which an image is hard for all nets alike, and cats and dogs are taken for each other."""
    generator = np.random.default_rng(0)
    actual = np.arange(images) % len(CIFAR10)
    cat, dog = CIFAR10.index("cat"), CIFAR10.index("dog")
    difficulty, predicted = generator.normal(size=images), {}
    for net, accuracy in accuracies.items():
        score = difficulty + generator.normal(size=images)
        other = (actual + generator.integers(1, len(CIFAR10), images)) % len(CIFAR10)
        twin = np.select([actual == cat, actual == dog], [dog, cat], other)
        wrong = np.where(generator.random(images) < 0.6, twin, other)
        predicted[net] = np.where(score <= np.quantile(score, accuracy), actual, wrong)
    return run(CIFAR10, actual, predicted, study=study, on=on)


def tables_of(run: Run, **changes: pd.DataFrame) -> Tables:
    """The tables of `run`, some of them others."""
    return dataclasses.replace(make_tables(run), **changes)
