"""Train one net of `params.yaml`.

reads   data/train.npz; params.yaml: seed, nets.NET and the chosen recipe; src/nets/<architecture>.py
writes  models/NET.pt            weights, and what made them: architecture, recipe, seed, classes, scaling, dataset
        plots/loss/NET.csv       step, epoch, loss and accuracy over the training images since the last row
        metrics/train/NET.json   loss and accuracy over the last epoch, number of steps
        metrics/timing/NET.json  seconds, steps/s, peak memory, device, versions: what differs from run to run
        .cache/training/         the state of a run under way, from which it goes on after being cut short
run     python src/train.py net1 [--device cpu]
"""

import argparse
import dataclasses
import hashlib
import platform
import resource
import sys
import time
from pathlib import Path

import pandas as pd
import torch
import torch.nn as nn

import nets
from foundation import lock
from foundation.atomic import write_json, write_text
from foundation.errors import UserError, one_line_errors
from images import dataset
from model import checkpoint
from model import device as devices
from params import Recipe, load_params
from training import loop, resume
from training.progress import shown

DATA = Path("data/train.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one net of params.yaml.")
    parser.add_argument("net", help="its name in `nets` of params.yaml; or a stage's, STAGE@NET")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    name = arguments.net.rpartition("@")[2]

    params = load_params()
    if name not in params.nets:
        raise UserError(f"params.yaml has no net {name}; it has {', '.join(params.nets)}")
    variant = params.nets[name]
    recipe = params.recipes[params.recipe]
    devices.make_deterministic(variant.threads, variant.onednn)
    devices.keep_freed_memory()
    device = devices.select(arguments.device)
    split = dataset.load(DATA)

    torch.manual_seed(params.seed)
    net = nets.build(variant.architecture, variant.settings, len(split.class_names)).to(device)
    description = {
        "net": name,
        "architecture": variant.architecture,
        "settings": variant.settings,
        "recipe": {"name": params.recipe, **recipe.model_dump()},
        "seed": params.seed,
        "class_names": split.class_names,
        "normalisation": {"mean": loop.MEAN, "std": loop.STD},
        "dataset": split.source,
    }
    configuration = {
        **description,
        "data": hashlib.sha256(DATA.read_bytes()).hexdigest(),
        "code": resume.code_hash(),
        "machine": [devices.describe(device), variant.threads, variant.onednn, torch.__version__],
    }
    with lock.held(resume.FOLDER / f"{name}.lock", f"training {name}"):
        saved = resume.SavedState(name, configuration)
        rows, seconds = train(net, split, recipe, params.seed, saved, name)

        checkpoint.save(f"models/{name}.pt", net, description)
        write_text(f"plots/loss/{name}.csv", loss_curve(rows).to_csv(index=False, lineterminator="\n"))
        write_json(f"metrics/train/{name}.json", last_epoch(rows))
        write_json(f"metrics/timing/{name}.json", timing(seconds, rows[-1].step, device))
        saved.remove()


def train(
    net: nn.Module, split: dataset.Split, recipe: Recipe, seed: int, saved: resume.SavedState, name: str
) -> tuple[list[loop.LogRow], float]:
    """Train `net`, from the `saved` state on if there is one; all log rows, and the seconds spent in all."""
    state = loop.initial_state(net)
    images, targets = split.tensors(state.loss_sum.device)
    steps = loop.steps_per_epoch(len(split), recipe) * recipe.epochs
    rows, seconds = [], 0.0
    if found := saved.load():
        loop.restore(state, found["state"])
        rows = [loop.LogRow(*row) for row in found["rows"]]
        seconds = found["seconds"]
        print(f"{name} goes on from step {state.step:,} of {steps:,}", file=sys.stderr)
    start = time.perf_counter() - seconds
    try:
        for row in shown(loop.train(state, images, targets, recipe, seed), name, recipe.epochs, steps, state.step):
            rows.append(row)
            seconds = time.perf_counter() - start
            if saved.is_due():
                log = [dataclasses.astuple(row) for row in rows]
                saved.save({"step": state.step, "state": loop.snapshot(state), "rows": log, "seconds": seconds})
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"run it again, and {name} goes on from step {saved.step:,} of {steps:,}") from None
    return rows, seconds


def loss_curve(rows: list[loop.LogRow]) -> pd.DataFrame:
    """step, epoch, loss and accuracy (%) of each row."""
    return pd.DataFrame(rows, columns=["step", "epoch", "loss", "accuracy"]).round({"loss": 6, "accuracy": 4})


def last_epoch(rows: list[loop.LogRow]) -> dict:
    """Mean loss and accuracy (%) over the training images as they were trained on in the last epoch."""
    summary = loop.mean_row([row for row in rows if row.epoch == rows[-1].epoch])
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
