"""Runs made up for the tests: what `train` and `evaluate` would leave behind, with accuracies we choose."""

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from comparison import calibration
from comparison.runs import Runs
from dataset import Dataset
from files import write_bytes, write_csv, write_json
from model.records import Description, EvaluationRecord, Normalisation, TrainingRecord
from params import load_params
from run import Run

REPOSITORY = Path(__file__).parents[1]
CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
# About the study's accuracies and one net that spreads widely, in %: mean, and standard deviation over seeds.
NETS = {"net1": (61.5, 0.5), "net2": (76.5, 0.5), "net3": (80.5, 0.5), "net3_no_bn": (40.0, 8.0)}
NO_STUDY = pd.DataFrame()
STUDY = pd.read_csv(REPOSITORY / "data/study.csv").set_index("class")
RECIPE = load_params(REPOSITORY / "params.yaml").recipes["reference"]


def runs_of(
    predicted: dict[str, Sequence],
    labels: Sequence[int],
    class_names: list[str] = CIFAR10,
    recipe_name: str = "reference",
    evaluated_on: str = "test",
    epochs: int = 5,
) -> Runs:
    """The runs of nets that predict `predicted`, class indices (seeds, images) of each net.

    Of the study's nets each trains twice as fast as the one before and overfits more; a net no better than chance stays
    at it.
    """
    labels, random = np.asarray(labels), np.random.default_rng(0)
    predicted = {net: np.atleast_2d(indices) for net, indices in predicted.items()}
    seeds = list(range(len(next(iter(predicted.values())))))
    data = Dataset(
        source="cifar10", content="0" * 64, train_images=50_000, evaluated_on=evaluated_on, evaluated_images=len(labels)
    )
    recipe = RECIPE.model_copy(update={"epochs": epochs})
    logits, records, training, curves = {}, {}, {}, {}
    for net, its in predicted.items():
        position = ("net1", "net2", "net3").index(net) if net in ("net1", "net2", "net3") else -1
        made = random.random((*its.shape, len(class_names)))
        surer = random.exponential(np.where(its == labels, 6, 2)) + 1.25  # above the noise, also when rounded
        np.put_along_axis(made, its[..., None], surer[..., None], axis=2)
        logits[net] = made.astype(np.float16).astype(np.float32)
        losses = calibration.losses(logits[net], labels).mean(axis=1)
        accuracies = 100 * (its == labels).mean(axis=1)
        speeds = [2.0**position * (1 + 0.01 * seed) * (a > 120 / len(class_names)) for seed, a in enumerate(accuracies)]
        records[net] = [
            EvaluationRecord(
                description=Description(
                    net=net, recipe_name=recipe_name, recipe=recipe, seed=seed, class_names=class_names,
                    normalisation=Normalisation(mean=0.5, std=0.5), dataset=data,
                ),
                layers=6 + position, parameters=1000 * (position + 2), multiply_adds=10_000 * (position + 2),
                training_images=10_000, training_accuracy=min(100.0, float(accuracies[seed]) + 6 * position),
                training_loss=float(losses[seed]) - 0.2 * position * (1 + 0.01 * seed),
            )
            for seed in seeds
        ]  # fmt: skip
        training[net] = [
            TrainingRecord(loss=1.0, accuracy=float(accuracy), steps=5000, torch="2.0", device="an abacus")
            for accuracy in accuracies
        ]
        curves[net] = [curve(np.log(len(class_names)), speed) for speed in speeds]
    return Runs(
        recipe_name, recipe, seeds, data, list(class_names), labels.astype(np.int64), logits, records, training, curves
    )


def curve(chance: float, speed: float) -> pd.DataFrame:
    """A loss that falls from `chance`, with a row for each 100 of 5,000 steps."""
    steps = np.arange(100, 5001, 100)
    loss = chance * np.exp(-speed * steps / 2500)
    return pd.DataFrame(
        {"step": steps, "epoch": 1 + (steps - 1) // 1000, "loss": loss, "accuracy": 100 * (1 - loss / 5)}
    )


def cifar_like(
    nets: dict[str, Sequence[float]] = NETS, images: int = 400, seeds: int = 3, recipe_name: str = "reference", **how
) -> Runs:
    """Ten classes in which an image is hard for all nets alike, and cats and dogs are taken for each other.

    nets: mean and standard deviation over seeds of each net's accuracy (%), which the runs have but for rounding.
    """
    random = np.random.default_rng(0)
    labels = np.arange(images) % len(CIFAR10)
    cat, dog = CIFAR10.index("cat"), CIFAR10.index("dog")
    difficulty = random.normal(size=images) + np.linspace(-0.5, 0.5, len(CIFAR10))[labels]
    luck = np.linspace(-1, 1, seeds) / np.std(np.linspace(-1, 1, seeds), ddof=1) if seeds > 1 else np.zeros(1)
    predicted = {}
    for net, (mean, sd) in nets.items():
        predicted[net] = np.empty((seeds, images), int)
        for seed, share in enumerate(np.clip((mean + sd * luck) / 100, 0, 1)):
            score = difficulty + random.normal(size=images)
            other = (labels + random.integers(1, len(CIFAR10), images)) % len(CIFAR10)
            twin = np.select([labels == cat, labels == dog], [dog, cat], other)
            wrong = np.where(random.random(images) < 0.6, twin, other)
            predicted[net][seed] = np.where(score.argsort().argsort() < round(share * images), labels, wrong)
    return runs_of(predicted, labels, recipe_name=recipe_name, **how)


def grid(recipes: Sequence[str] = ("reference", "modern"), **how) -> dict[str, Runs]:
    """Runs as of `cifar_like` by each recipe, the later ones with nets a little better; `how`: its arguments."""
    nets = how.pop("nets", NETS)
    return {
        recipe: cifar_like({n: (min(99.0, m + 4 * i), sd) for n, (m, sd) in nets.items()}, recipe_name=recipe, **how)
        for i, recipe in enumerate(recipes)
    }


def write(made: dict[str, Runs], folder: Path) -> None:
    """Write what the stages before `summarize` and `compare` leave of each run to `folder`.

    Also params.yaml, which names these runs, dvc.yaml and data/study.csv.
    """
    for runs in made.values():
        for net in runs.nets:
            for position, seed in enumerate(runs.seeds):
                write_run(runs, Run(net, runs.recipe_name, seed), position, folder)
    one = next(iter(made.values()))
    (folder / "data").mkdir(exist_ok=True)
    for path in ("data/study.csv", "dvc.yaml"):
        shutil.copyfile(REPOSITORY / path, folder / path)
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    params["compare"] = {"nets": one.nets, "recipes": list(made), "seeds": one.seeds}
    params["data"]["evaluate_on"] = one.dataset.evaluated_on
    write_json(folder / "params.yaml", params)  # which is YAML too


def write_run(runs: Runs, run: Run, position: int, folder: Path) -> None:
    logits, content = runs.logits[run.net][position], io.BytesIO()
    np.savez(content, logits=logits.astype(np.float16), labels=runs.labels.astype(np.uint8))
    write_bytes(folder / run.file("metrics/logits"), content.getvalue())
    loss = float(calibration.losses(logits[None], runs.labels).mean())
    metrics = {"accuracy": float(runs.accuracies(run.net)[position]), "loss": loss}
    write_json(folder / run.file("metrics/runs"), metrics)
    write_json(folder / run.file("metrics/evaluate"), json.loads(runs.records[run.net][position].model_dump_json()))
    write_json(folder / run.file("metrics/train"), json.loads(runs.training[run.net][position].model_dump_json()))
    write_csv(folder / run.file("plots/loss"), runs.curves[run.net][position])
