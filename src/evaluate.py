"""Evaluate one trained net on the test split.

reads   models/NET.pt, data/test.npz
writes  metrics/NET.json            accuracy (%) and mean cross-entropy: the DVC metric
        metrics/details/NET.json    what was evaluated, its size and cost, and its accuracy on each class
        metrics/confusion/NET.csv   counts, true classes down, predicted across
        plots/predictions/NET.csv   actual and predicted class of each test image
        plots/confusion/NET.png     the counts as a heat map
run     python src/evaluate.py net1 [--device cpu]
"""

import argparse

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix
from torch.utils.flop_counter import FlopCounterMode

from figures import confusion as confusion_map
from figures import style as plot_style
from foundation.atomic import write_json, write_text
from foundation.errors import UserError, one_line_errors
from images import dataset
from model import checkpoint
from model import device as devices

THREADS = 2  # fixed, like everything that changes the last bits
BATCH_SIZE = 250


def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate one trained net on the test split.")
    parser.add_argument("net", help="its name in `nets` of params.yaml; or a stage's, STAGE@NET")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    name = arguments.net.rpartition("@")[2]

    devices.make_deterministic(THREADS)
    device = devices.select(arguments.device)
    net, trained = checkpoint.load(f"models/{name}.pt")
    split = dataset.load("data/test.npz")
    check_fits(trained, name, split)
    cost = {"layers": count_layers(net), "parameters": count_parameters(net), "multiply_adds": multiply_adds(net)}
    logits, targets = predict(net.to(device), split, trained["normalisation"], device)
    predicted = logits.argmax(1)
    names = split.class_names
    matrix = confusion(targets, predicted, names)
    metric = {
        "accuracy": round(100 * (predicted == targets).double().mean().item(), 4),
        "loss": round(F.cross_entropy(logits.double(), targets).item(), 6),
    }
    details = {
        **trained,
        **cost,
        "test_images": len(split),
        **metric,
        "classes": per_class(matrix),
    }

    write_json(f"metrics/{name}.json", metric)
    write_json(f"metrics/details/{name}.json", details)
    write_text(f"metrics/confusion/{name}.csv", matrix.to_csv(lineterminator="\n"))
    predictions = pd.DataFrame({"actual": [names[i] for i in targets], "predicted": [names[i] for i in predicted]})
    write_text(f"plots/predictions/{name}.csv", predictions.to_csv(index=False, lineterminator="\n"))
    title = (
        f"Confusion matrix of {plot_style.short(name)} on {split.source['source']}\n"
        f"recipe {trained['recipe']['name']}, accuracy {metric['accuracy']:.1f} %"
    )
    plot_style.save(confusion_map.figure({name: matrix}, title), f"plots/confusion/{name}.png")
    print(f"{name}: accuracy {metric['accuracy']:.2f} % on {len(split):,} test images of {split.source['source']}")


def check_fits(trained: dict, name: str, split: dataset.Split) -> None:
    """Raise `UserError` unless the checkpoint is one of the net `name`, trained on the dataset of `split`."""
    path, ours, its = f"models/{name}.pt", split.source, trained["dataset"]
    if trained["net"] != name:
        raise UserError(f"{path} holds {trained['net']}, not {name}: `dvc repro` trains it anew")
    if trained["class_names"] != split.class_names:
        raise UserError(
            f"{path} tells apart {', '.join(trained['class_names'])}, and data/test.npz holds "
            f"{', '.join(split.class_names)}: `dvc repro` trains it anew"
        )
    if its != ours:
        raise UserError(
            f"{path} was trained on {its['source']} ({its['content']}), and data/test.npz is of "
            f"{ours['source']} ({ours['content']}): `dvc repro` trains it anew"
        )


@torch.inference_mode()
def predict(
    net: nn.Module, split: dataset.Split, normalisation: dict, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, classes) float32 and targets (N,) int64 of all images, on the CPU."""
    images, targets = split.tensors(device)
    logits = [net(dataset.scale(batch, **normalisation)) for batch in images.split(BATCH_SIZE)]
    return torch.cat(logits).cpu(), targets.cpu()


def confusion(targets: torch.Tensor, predicted: torch.Tensor, names: list[str]) -> pd.DataFrame:
    """Counts, true classes down, predicted across, all classes in label order."""
    matrix = confusion_matrix(targets, predicted, labels=range(len(names)))
    return pd.DataFrame(matrix, index=pd.Index(names, name="true"), columns=names)


def per_class(matrix: pd.DataFrame) -> dict[str, dict]:
    """Number of test images, number right and accuracy (%) of each class."""
    images, correct = matrix.sum(axis=1), np.diag(matrix)
    return {
        name: {"images": int(n), "correct": int(k), "accuracy": round(100 * int(k) / int(n), 4)}
        for name, n, k in zip(matrix.index, images, correct, strict=True)
    }


def count_layers(net: nn.Module) -> int:
    """Layers with weights: convolutions and linear layers."""
    return sum(isinstance(module, nn.Conv2d | nn.Linear) for module in net.modules())


def count_parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def multiply_adds(net: nn.Module) -> int:
    """Multiply-adds of the convolutions and linear layers for one image; PyTorch counts each as two operations."""
    height, width, channels = dataset.IMAGE_SHAPE
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        net(torch.zeros(1, channels, height, width))
    return counter.get_total_flops() // 2


if __name__ == "__main__":
    with one_line_errors():
        main()
