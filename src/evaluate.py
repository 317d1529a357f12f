"""Evaluate one trained net on the test images, or the validation images if it was trained without them.

reads   models/NET.pt, data/test.npz or data/validation.npz
writes  metrics/NET.json            accuracy (%) and mean cross-entropy: the DVC metric
        metrics/details/NET.json    what was evaluated, its size and cost, and its accuracy on each class
        metrics/confusion/NET.csv   counts, true classes down, predicted across
        plots/predictions/NET.csv   actual and predicted class of each image
        plots/confusion/NET.png     the counts as a heat map
run     python src/evaluate.py net1 [--device cpu]
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix

from figures import style
from figures.confusion import confusion_figure
from foundation.atomic import write_bytes, write_csv, write_json
from foundation.errors import UserError, one_line_errors
from foundation.inputs import Inputs
from foundation.lock import held
from images import dataset
from model import checkpoint
from model.cost import count_layers, count_parameters, multiply_adds
from model.device import make_deterministic, select_device
from model.prediction import predict
from results.evaluated import ClassCounts, Evaluation
from results.trained import Description

THREADS = 2  # fixed, like everything that changes the last bits


def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate one trained net on images that it was not trained on.")
    parser.add_argument("net", help="its name in `nets` of params.yaml; or a stage's, STAGE@NET")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    name = arguments.net.rpartition("@")[2]

    with held(Path(f".cache/evaluate-{name}.lock"), f"evaluating {name}"):
        evaluate(name, arguments.device)


def evaluate(name: str, device_name: str | None) -> None:
    inputs, checkpoint_path = Inputs(), f"models/{name}.pt"
    make_deterministic(THREADS)
    device = select_device(device_name)
    net, trained = checkpoint.load(inputs.file(checkpoint_path))
    on = trained.dataset.evaluated_on
    images_path = Path(f"data/{on}.npz")
    if not images_path.exists():
        raise UserError(f"{images_path} is missing, where {checkpoint_path} is evaluated: `dvc repro` makes them fit")
    split = dataset.load(inputs.file(images_path))
    check_fits(trained, name, split)
    cost = {"layers": count_layers(net), "parameters": count_parameters(net), "multiply_adds": multiply_adds(net)}
    logits, targets = predict(net.to(device), split, trained.normalisation, device)
    if not logits.isfinite().all():
        raise UserError(f"{checkpoint_path} gives no finite figures for some {on} images: try a smaller learning_rate")
    predicted = logits.argmax(1)
    names = split.class_names
    matrix = counts(targets, predicted, names)
    evaluation = Evaluation(
        **trained.model_dump(),
        **cost,
        test_images=split.dataset.test_images,
        validation_images=split.dataset.validation_images,
        accuracy=round(100 * (predicted == targets).double().mean().item(), 4),
        loss=round(F.cross_entropy(logits.double(), targets).item(), 6),
        classes=class_counts(matrix),
    )
    predictions = pd.DataFrame({"actual": [names[i] for i in targets], "predicted": [names[i] for i in predicted]})
    title = textwrap.fill(f"Confusion matrix of {style.short(name)} on {split.dataset.title}", 76)  # what has room
    title += f"\nrecipe {trained.recipe.name}, accuracy {evaluation.accuracy:.1f} %"
    picture = style.drawn(confusion_figure({name: matrix}, title))

    inputs.check_unchanged()
    write_json(f"metrics/{name}.json", {"accuracy": evaluation.accuracy, "loss": evaluation.loss})
    write_json(f"metrics/details/{name}.json", evaluation.dump())
    write_csv(f"metrics/confusion/{name}.csv", matrix, index=True)
    write_csv(f"plots/predictions/{name}.csv", predictions)
    write_bytes(f"plots/confusion/{name}.png", picture.png)
    print(f"{name}: accuracy {evaluation.accuracy:.2f} % on {len(split):,} {on} images of {split.dataset.source}")


def check_fits(trained: Description, name: str, split: dataset.Split) -> None:
    """Raise `UserError` unless the checkpoint is one of the net `name`, trained on the dataset of `split`."""
    path, data = f"models/{name}.pt", f"data/{split.dataset.evaluated_on}.npz"
    if trained.net != name:
        raise UserError(f"{path} holds {trained.net}, not {name}: `dvc repro` trains it anew")
    if trained.class_names != split.class_names:
        raise UserError(
            f"{path} tells apart {', '.join(trained.class_names)}, and {data} holds "
            f"{', '.join(split.class_names)}: `dvc repro` trains it anew"
        )
    if trained.dataset != split.dataset:
        its, ours = (f"{d.train_images:,} images of {d.source} ({d.content})" for d in (trained.dataset, split.dataset))
        raise UserError(f"{path} was trained on {its}, and {data} belongs to {ours}: `dvc repro` trains it anew")


def counts(targets: torch.Tensor, predicted: torch.Tensor, names: list[str]) -> pd.DataFrame:
    """How often each class was predicted: true classes down, predicted across, all classes in label order."""
    matrix = confusion_matrix(targets, predicted, labels=range(len(names)))
    return pd.DataFrame(matrix, index=pd.Index(names, name="true"), columns=names)


def class_counts(matrix: pd.DataFrame) -> dict[str, ClassCounts]:
    """The images of each class and those that are right, from `counts`."""
    images, correct = matrix.sum(axis=1), np.diag(matrix)
    return {
        name: ClassCounts(images=int(n), correct=int(k), accuracy=round(100 * int(k) / int(n), 4))
        for name, n, k in zip(matrix.index, images, correct, strict=True)
    }


if __name__ == "__main__":
    with one_line_errors():
        main()
