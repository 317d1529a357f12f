"""Sum up one net over its seeds.

reads   of the net's runs: metrics/details/NET/, metrics/train/NET/, plots/loss/NET/, plots/predictions/NET/;
        params.yaml: seeds
writes  metrics/nets/NET.json      the DVC metric: mean accuracy (%), its standard deviation, mean cross-entropy
        metrics/confusion/NET.csv  counts over all seeds, true classes down, predicted across
        plots/confusion/NET.csv    the same, one row a cell, for `dvc plots show`
        plots/curves/NET.csv       the loss curves of all seeds, for `dvc plots show`
run     python src/summarize.py net1
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from comparison.runs import files_of, read_runs
from comparison.strays import remove_strays_of
from foundation.atomic import write_csv, write_json
from foundation.errors import one_line_errors
from foundation.inputs import Inputs
from foundation.lock import held
from params import load_params


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", help="its name in `nets` of params.yaml, or that of its stage, summarize@net1")
    net = parser.parse_args().net.rpartition("@")[2]

    with held(Path(f".cache/summarize-{net}.lock"), f"summing up {net}"):
        summarize(net)


def summarize(net: str) -> None:
    inputs = Inputs()
    seeds = inputs.value("params.yaml", lambda: load_params().seeds)
    for path in files_of([net], seeds):
        inputs.file(path)
    runs = read_runs([net], seeds)
    accuracies, losses = zip(*((run.accuracy, run.loss) for run in runs.evaluations[net]), strict=True)
    summary = {"accuracy": np.mean(accuracies), "loss": np.mean(losses)}
    if len(seeds) > 1:
        summary["sd"] = np.std(accuracies, ddof=1)
    counts = runs.confusion(net)
    cells = counts.stack().rename_axis(["actual", "predicted"]).reset_index(name="images")
    curves = pd.concat([curve.assign(seed=seed) for seed, curve in zip(seeds, runs.curves[net], strict=True)])

    inputs.check_unchanged()
    remove_strays_of(net, seeds)
    rounded = {key: round(float(value), 6) for key, value in sorted(summary.items())}
    write_json(f"metrics/nets/{net}.json", {net: rounded})  # `dvc exp show` leaves out a path where names differ
    write_csv(f"metrics/confusion/{net}.csv", counts, index=True)
    write_csv(f"plots/confusion/{net}.csv", cells)
    write_csv(f"plots/curves/{net}.csv", curves[["seed", "step", "epoch", "loss"]])


if __name__ == "__main__":
    with one_line_errors():
        main()
