"""The whole pipeline on a few digits: two nets, two recipes, two seeds. Many tests begin with it."""

from pathlib import Path

import yaml
from clone import Clone

from run import Run

MINE = """\
import torch.nn as nn


class Net(nn.Sequential):
    def __init__(self, num_classes: int):
        convolution = nn.Conv2d(3, 8, kernel_size=3, stride=4)
        super().__init__(convolution, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 8 * 8, num_classes))
"""
RECIPE = {
    "optimizer": {"name": "sgd", "momentum": 0.9},
    "learning_rate": 0.01,
    "schedule": {"name": "constant"},
    "label_smoothing": 0.0,
    "augmentation": {},
    "allow_bfloat16": False,
    "batch_size": 5,
    "epochs": 2,
    "log_every": 2,
}
OTHER_RECIPE = RECIPE | {
    "learning_rate": 0.05,
    "schedule": {"name": "one-cycle", "warm_up": 0.2},
    "augmentation": {"flip": 0.5, "shift": 3},
    "allow_bfloat16": True,
    "batch_size": 20,
}
NETS, RECIPES, SEEDS = ["net1", "mine"], ["test", "other"], [0, 1]
OUTPUT = ".cache/output"
RUNS = [Run(net, recipe, seed) for net in NETS for recipe in RECIPES for seed in SEEDS]
PARAMS = {
    "compare": {"nets": NETS, "recipes": RECIPES, "seeds": SEEDS},
    "recipes.test": RECIPE,
    "recipes.other": OTHER_RECIPE,
    "data.source": "digits",
    "data.evaluate_on": "validation",
    "data.validation_per_class": 125,  # of 1,433 images, 183 are left for training
}


def small_run(path: Path) -> Clone:
    """A clone in `path` in which `dvc repro` has run, committed; what it printed is in OUTPUT.

    The net `mine` is a file and an entry in `nets`.
    """
    clone = Clone.of_tree(path)
    (clone.path / "src/nets/mine.py").write_text(MINE)
    clone.set_params(PARAMS)
    clone.run("rm -rf dvc.lock metrics plots models/*/")  # those of the repository
    clone.append(OUTPUT, clone.run("dvc repro").stdout)
    clone.commit()
    return clone


def hashes(clone: Clone) -> dict[str, str]:
    """The md5 of each output in dvc.lock, by `stage: path`; without timings, which differ from run to run."""
    stages = yaml.safe_load(clone.read("dvc.lock"))["stages"]
    outs = {f"{name}: {out['path']}": out["md5"] for name, stage in stages.items() for out in stage["outs"]}
    return {name: md5 for name, md5 in outs.items() if "metrics/timing/" not in name}


def forget(clone: Clone, *stages: str) -> None:
    """Take `stages` out of dvc.lock, so that they are stale."""
    lock = yaml.safe_load(clone.read("dvc.lock"))
    for name in stages:
        del lock["stages"][name]
    (clone.path / "dvc.lock").write_text(yaml.safe_dump(lock))
