"""Runs made up for the tests: what `train` and `evaluate` would leave behind, from predictions we choose."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

import evaluate
from comparison import tables
from comparison.claims import Evidence

CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NETS = {"net1": 0.61, "net2": 0.76, "net3": 0.80, "net3_no_bn": 0.10}  # the study's accuracies; the last at chance
LAYERS = {"net1": 5, "net2": 6, "net3": 10, "net3_no_bn": 10}

# Of a checkpoint.
DESCRIPTION = {
    "net": "net1",
    "architecture": "net1",
    "settings": {},
    "class_names": ["ant", "bee"],
    "normalisation": {"mean": 0.5, "std": 0.5},
    "recipe": {"name": "reference"},
    "dataset": {"source": "insects", "content": "sha256:0"},
}


@dataclass
class Run:
    """As `compare` holds it: the files of each net by its name."""

    details: dict[str, dict]
    training: dict[str, dict]
    curves: dict[str, pd.DataFrame]
    matrices: dict[str, pd.DataFrame]
    predictions: pd.DataFrame

    @property
    def common(self) -> dict:
        return next(iter(self.details.values()))

    def evidence(self, study: pd.DataFrame | None = None) -> Evidence:
        overall = tables.overall(self.details, self.training, pd.DataFrame() if study is None else study)
        pairs = tables.pairs(self.predictions)
        return Evidence(overall, pairs, self.predictions, self.matrices, self.curves, self.common)


def run(names: list[str], actual: np.ndarray, predicted: dict[str, np.ndarray], train_images: int = 50_000) -> Run:
    """The run of nets that predict `predicted`, all given as indices into `names`."""
    made = Run({}, {}, {}, {}, pd.DataFrame({"actual": np.array(names)[actual]}))
    for position, (net, indices) in enumerate(predicted.items()):
        matrix = evaluate.confusion(actual, indices, names)
        made.details[net] = {
            "dataset": {
                "source": "made up",
                "content": "sha256:0",
                "lossless": True,
                "train_images": train_images,
                "test_images": len(actual),
            },
            "recipe": {"name": "none", "batch_size": 5, "learning_rate": 0.001, "epochs": 1, "log_every": 1000},
            "class_names": list(names),
            "layers": LAYERS.get(net, 5),
            "parameters": 1000 * (position + 1),
            "multiply_adds": 10_000 * (position + 1),
            "test_images": len(actual),
            "accuracy": round(100 * float(np.mean(indices == actual)), 4),
            "classes": evaluate.per_class(matrix),
        }
        made.training[net] = {"accuracy": min(100.0, made.details[net]["accuracy"] + 5 * position)}
        steps = np.arange(1000, 6000, 1000)
        made.curves[net] = pd.DataFrame({"step": steps, "loss": 2.3 - steps / 1e4 - 0.1 * position})
        made.matrices[net] = matrix
        made.predictions[net] = np.array(names)[indices]
    return made


def cifar_like(accuracies: dict[str, float] = NETS, images: int = 10_000) -> Run:
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
    return run(CIFAR10, actual, predicted)
