"""Runs made up for the tests: what `train` and `evaluate` would leave behind, from predictions we choose."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from clone import REPOSITORY

import evaluate
from comparison.runs import READ, Runs
from comparison.tables import Tables, make_tables
from foundation import yaml12
from images import dataset
from images.dataset import Dataset
from params import NamedRecipe
from results.evaluated import Conditions, Evaluation
from results.run import Run
from results.trained import Description, Normalisation, TrainingFigures

CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NETS = {"net1": 0.61, "net2": 0.76, "net3": 0.80, "net3_no_bn": 0.10}  # the study's accuracies; the last at chance
LAYERS = {"net1": 5, "net2": 6, "net3": 10, "net3_no_bn": 10}
RECIPE = NamedRecipe(
    name="none", learning_rate=0.001, momentum=0.9, weight_decay=0.0, batch_size=5, epochs=1, log_every=1000
)
DESCRIPTION = Description(
    net="net1",
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
    on: str = "test",
    epochs: int = 1,
) -> Runs:
    """The runs of nets that predict `predicted`, all given as indices into `names`, on test or validation images.

    predicted: for each net (images,), or (seeds, images). Each net's training goes twice as fast as that of the one
    before, and its gap is five points wider; nets that are not better than chance stay at it.
    """
    predicted = {net: np.atleast_2d(indices) for net, indices in predicted.items()}
    evaluated = {f"{on}_images": len(actual)}
    dataset = Dataset(source="made up", content="sha256:0", lossless=True, train_images=train_images, **evaluated)
    recipe = RECIPE.model_copy(update={"epochs": epochs})
    seeds = list(range(len(next(iter(predicted.values())))))
    made = Runs(Conditions(dataset, recipe, list(names)), seeds, {}, {}, {}, np.asarray(actual), predicted)
    steps = np.arange(250, 5001, 250)
    for position, (net, of_seeds) in enumerate(predicted.items()):
        chance = np.log(len(names))
        made.evaluations[net], made.training[net], made.curves[net] = [], [], []
        for seed, indices in enumerate(of_seeds):
            accuracy = round(100 * float(np.mean(indices == actual)), 4)
            speed = 0.8 * 2**position * (1 + 0.01 * seed) * (accuracy > 120 / len(names))
            made.evaluations[net].append(
                Evaluation(
                    **DESCRIPTION.model_dump()
                    | {"net": net, "seed": seed, "class_names": list(names), "dataset": dataset, "recipe": recipe},
                    layers=LAYERS.get(net, 5),
                    parameters=1000 * (position + 1),
                    multiply_adds=10_000 * (position + 1),
                    **evaluated,
                    accuracy=accuracy,
                    loss=1.0,
                    training_accuracy=min(100.0, accuracy + 5 * position),
                    training_loss=1 - 0.1 * position - 0.001 * seed,
                    classes=evaluate.class_counts(torch.as_tensor(actual), torch.as_tensor(indices), names),
                )
            )
            made.training[net].append(
                TrainingFigures(loss=1.0, accuracy=accuracy, steps=5000, torch="2.0", device="an abacus")
            )
            curve = {"step": steps, "epoch": np.ones_like(steps), "loss": chance * np.exp(-speed * steps / 5000)}
            made.curves[net].append(pd.DataFrame(curve))
    return made


def cifar_like(
    accuracies: dict[str, float] = NETS,
    images: int = 10_000,
    seeds: int = 3,
    sd: float = 0.005,
    on: str = "test",
    epochs: int = 1,
) -> Runs:
    """Ten classes in which an image is hard for all nets alike, and cats and dogs are taken for each other.

    The seeds of a net spread around its accuracy by `sd`, all on the same images.
    """
    generator = np.random.default_rng(0)
    actual = np.arange(images) % len(CIFAR10)
    cat, dog = CIFAR10.index("cat"), CIFAR10.index("dog")
    difficulty = generator.normal(size=images) + np.linspace(-0.5, 0.5, len(CIFAR10))[actual]
    luck = np.linspace(-1, 1, seeds) / np.std(np.linspace(-1, 1, seeds), ddof=1) if seeds > 1 else np.zeros(1)
    predicted = {net: [] for net in accuracies}
    for net, accuracy in accuracies.items():
        for own in accuracy + sd * luck:
            score = difficulty + generator.normal(size=images)
            other = (actual + generator.integers(1, len(CIFAR10), images)) % len(CIFAR10)
            twin = np.select([actual == cat, actual == dog], [dog, cat], other)
            wrong = np.where(generator.random(images) < 0.6, twin, other)
            predicted[net].append(np.where(score <= np.quantile(score, own), actual, wrong))
    return run(CIFAR10, actual, {net: np.stack(own) for net, own in predicted.items()}, on=on, epochs=epochs)


def tables_of(runs: Runs, study: pd.DataFrame = NO_STUDY, **changes: pd.DataFrame) -> Tables:
    """The tables of `runs`, some of them others."""
    return dataclasses.replace(make_tables(runs, study), **changes)


def write(made: Runs) -> None:
    """The files of `made` in the present folder, where `summarize` and `compare` look for them, and params.yaml."""
    names = np.array(made.conditions.class_names)
    for net, evaluations in made.evaluations.items():
        for position, evaluation in enumerate(evaluations):
            paths = {folder: Path(Run(net, evaluation.seed).file(folder)) for folder in READ}
            for path in paths.values():
                path.parent.mkdir(parents=True, exist_ok=True)
            paths["metrics/details"].write_text(json.dumps(evaluation.dump()))
            paths["metrics/train"].write_text(made.training[net][position].model_dump_json())
            made.curves[net][position].to_csv(paths["plots/loss"], index=False)
            predictions = {"actual": names[made.actual], "predicted": names[made.predicted[net][position]]}
            pd.DataFrame(predictions).to_csv(paths["plots/predictions"], index=False)
    labels = made.actual.astype(np.uint8)
    images = np.zeros((len(labels), 32, 32, 3), np.uint8)
    split = dataset.Split(images, labels, made.conditions.class_names, made.conditions.dataset)
    dataset.save(f"data/{made.conditions.dataset.evaluated_on}.npz", split)
    params = yaml12.read(REPOSITORY / "params.yaml")
    params |= {"nets": {net: {} for net in made.nets}, "seeds": made.seeds}
    Path("params.yaml").write_text(json.dumps(params))  # which is YAML too
