"""Evaluate one trained net on the test images, or the validation images if it was trained without them.

reads   models/NET/SEED.pt; data/train.npz; data/test.npz or data/validation.npz
writes  metrics/runs/NET/SEED.json      accuracy (%) and mean cross-entropy: the DVC metric, under the run's name
        metrics/details/NET/SEED.json   what was evaluated, its size and cost, its accuracy on each class, and accuracy
                                        and cross-entropy of the same weights on the training images
        plots/predictions/NET/SEED.csv  actual and predicted class of each image
run     python src/evaluate.py net1-0 [--device cpu]
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F

from foundation.atomic import write_csv, write_json
from foundation.errors import UserError, one_line_errors
from foundation.inputs import Inputs
from foundation.lock import held
from images import dataset
from model import checkpoint
from model.cost import count_layers, count_parameters, multiply_adds
from model.device import make_deterministic, select_device
from model.prediction import predict
from results.evaluated import ClassCounts, Evaluation
from results.run import Run
from results.trained import Description

TRAINING_IMAGES = "data/train.npz"
THREADS = 1  # fixed, like everything that changes the last bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="NET-SEED, for example net1-0, or the name of its stage, evaluate@net1-0")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    run = Run.named(arguments.run)

    with held(Path(f".cache/evaluate-{run}.lock"), f"evaluating {run}"):
        evaluate(run, arguments.device)


def evaluate(run: Run, device_name: str | None) -> None:
    inputs, path = Inputs(), run.file("models")
    make_deterministic(THREADS)
    device = select_device(device_name)
    net, trained = checkpoint.load(inputs.file(path))
    on = trained.dataset.evaluated_on
    images_path = Path(f"data/{on}.npz")
    if not images_path.exists():
        raise UserError(f"{images_path} is missing, where {path} is evaluated: `dvc repro` makes them fit")
    kept, seen = dataset.load(inputs.file(images_path)), dataset.load(inputs.file(TRAINING_IMAGES))
    for name, split in ((str(images_path), kept), (TRAINING_IMAGES, seen)):
        check_fits(trained, run, split, name)
    cost = {"layers": count_layers(net), "parameters": count_parameters(net), "multiply_adds": multiply_adds(net)}
    net.to(device)
    logits, targets = predict(net, kept, trained.normalisation, device)
    training_logits, training_targets = predict(net, seen, trained.normalisation, device)
    if not (logits.isfinite().all() and training_logits.isfinite().all()):
        raise UserError(f"{path} gives no finite figures for some images: try a smaller learning_rate")
    predicted, names = logits.argmax(1), kept.class_names
    evaluation = Evaluation(
        **trained.model_dump(),
        **cost,
        test_images=kept.dataset.test_images,
        validation_images=kept.dataset.validation_images,
        accuracy=accuracy(logits, targets),
        loss=loss(logits, targets),
        training_accuracy=accuracy(training_logits, training_targets),
        training_loss=loss(training_logits, training_targets),
        classes=class_counts(targets, predicted, names),
    )
    predictions = pd.DataFrame({"actual": [names[i] for i in targets], "predicted": [names[i] for i in predicted]})

    inputs.check_unchanged()
    write_json(run.file("metrics/runs"), {str(run): {"accuracy": evaluation.accuracy, "loss": evaluation.loss}})
    write_json(run.file("metrics/details"), evaluation.dump())
    write_csv(run.file("plots/predictions"), predictions)
    print(f"{run}: accuracy {evaluation.accuracy:.2f} % on {len(kept):,} {on} images of {kept.dataset.source}")


def check_fits(trained: Description, run: Run, split: dataset.Split, data: str) -> None:
    """Raise `UserError` unless the checkpoint is of `run`, trained on the dataset of `split`, which is `data`."""
    path = run.file("models")
    if (trained.net, trained.seed) != (run.net, run.seed):
        raise UserError(f"{path} holds {trained.net}-{trained.seed}, not {run}: `dvc repro` trains it anew")
    if trained.class_names != split.class_names:
        raise UserError(
            f"{path} tells apart {', '.join(trained.class_names)}, and {data} holds "
            f"{', '.join(split.class_names)}: `dvc repro` trains it anew"
        )
    if trained.dataset != split.dataset:
        its, ours = (f"{d.train_images:,} images of {d.source} ({d.content})" for d in (trained.dataset, split.dataset))
        raise UserError(f"{path} was trained on {its}, and {data} belongs to {ours}: `dvc repro` trains it anew")


def accuracy(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """In %; logits (N, classes), targets (N,)."""
    return round(100 * (logits.argmax(1) == targets).double().mean().item(), 4)


def loss(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Mean cross-entropy (nats)."""
    return round(F.cross_entropy(logits.double(), targets).item(), 6)


def class_counts(targets: torch.Tensor, predicted: torch.Tensor, names: list[str]) -> dict[str, ClassCounts]:
    """The images of each class, in label order, and those that are right."""
    images = torch.bincount(targets, minlength=len(names)).tolist()
    correct = torch.bincount(targets[predicted == targets], minlength=len(names)).tolist()
    return {
        name: ClassCounts(images=n, correct=k, accuracy=round(100 * k / n, 4))
        for name, n, k in zip(names, images, correct, strict=True)
    }


if __name__ == "__main__":
    with one_line_errors():
        main()
