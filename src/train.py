"""Train one net of `params.yaml`.

reads   data/train.npz; params.yaml: seed, nets.NET and the chosen recipe; src/nets/<architecture>.py
writes  models/NET.pt            weights, and what made them: architecture, recipe, seed, classes, scaling, dataset
        plots/loss/NET.csv       step, epoch, loss and accuracy over the training images since the last row
        metrics/train/NET.json   loss and accuracy over the last epoch, number of steps
        metrics/timing/NET.json  seconds, steps/s, peak memory, device, versions: what differs from run to run
run     python src/train.py net1 [--device cpu]
"""

import argparse
import platform
import resource
import sys
import time

import pandas as pd
import torch

import architecture
import checkpoint
import dataset
import device as devices
import engine
from atomic import write_json, write_text
from errors import UserError, one_line_errors
from params import load_params
from progress import shown


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one net of params.yaml.")
    parser.add_argument("net", help="its name in `nets` of params.yaml")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    name = arguments.net

    params = load_params()
    if name not in params.nets:
        raise UserError(f"params.yaml has no net {name}; it has {', '.join(params.nets)}")
    variant = params.nets[name]
    recipe = params.recipes[params.recipe]
    devices.make_deterministic(variant.threads)
    devices.keep_freed_memory()
    device = devices.select(arguments.device)
    split = dataset.load("data/train.npz")

    torch.manual_seed(params.seed)
    net = architecture.build(variant.architecture, variant.settings, len(split.class_names)).to(device)
    images, targets = split.tensors(device)
    start = time.perf_counter()
    steps = engine.steps_per_epoch(len(split), recipe) * recipe.epochs
    rows = list(shown(engine.train(net, images, targets, recipe, params.seed), name, recipe.epochs, steps))
    seconds = time.perf_counter() - start

    description = {
        "net": name,
        "architecture": variant.architecture,
        "settings": variant.settings,
        "recipe": {"name": params.recipe, **recipe.model_dump()},
        "seed": params.seed,
        "class_names": split.class_names,
        "normalisation": {"mean": engine.MEAN, "std": engine.STD},
        "dataset": split.source,
    }
    checkpoint.save(f"models/{name}.pt", net, description)
    write_text(f"plots/loss/{name}.csv", loss_curve(rows).to_csv(index=False, lineterminator="\n"))
    write_json(f"metrics/train/{name}.json", last_epoch(rows))
    write_json(f"metrics/timing/{name}.json", timing(seconds, rows[-1].step, device))


def loss_curve(rows: list[engine.LogRow]) -> pd.DataFrame:
    """step, epoch, loss and accuracy (%) of each row."""
    return pd.DataFrame(rows, columns=["step", "epoch", "loss", "accuracy"]).round({"loss": 6, "accuracy": 4})


def last_epoch(rows: list[engine.LogRow]) -> dict:
    """Mean loss and accuracy (%) over the training images as they were trained on in the last epoch."""
    summary = engine.mean_row([row for row in rows if row.epoch == rows[-1].epoch])
    return {"loss": round(summary.loss, 6), "accuracy": round(summary.accuracy, 4), "steps": summary.step}


def timing(seconds: float, steps: int, device: torch.device) -> dict:
    """What depends on the clock and the machine; no stage reads it."""
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    result = {
        "seconds": round(seconds, 2),
        "steps_per_second": round(steps / seconds, 1),
        "peak_memory_mb": round(peak_bytes / 2**20),
        "device": str(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    if device.type == "cuda":
        result["device"] = torch.cuda.get_device_name(device)
        result["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20)
        result["cuda"] = torch.version.cuda
    return result


if __name__ == "__main__":
    with one_line_errors():
        main()
