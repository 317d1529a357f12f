"""How long a run takes by one recipe and by another, and what bfloat16 does to that.

    PYTHONPATH=src python benchmarks/recipes.py [--recipes reference modern] [--nets net1 net2 net3] [--repeats 3]

For each net in turns: a few steps by each recipe, as many processes at once as there are cores, in float32 and, where
the recipe allows it and the device is faster in it, in bfloat16. A run's minutes are those of its steps, when as many
runs as cores are trained at once. Best with the images of `dvc repro fetch` and nothing else on the machine.
"""

import argparse
import json
import math
import statistics

import torch
from tabulate import tabulate

from model.device import describe_device, has_bfloat16, select_device
from params import load_params
from step_time import CORES, NETS, REPOSITORY, at_once, load_split, time_ours
from training import loop

IMAGES = {"net1": (1_000, 20_000), "net2": (500, 5_000), "net3": (250, 1_000)}  # of warm-up, timed


def main() -> None:
    params, device = load_params(REPOSITORY / "params.yaml"), select_device()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipes", nargs="+", choices=params.recipes, default=["reference", "modern"])
    parser.add_argument("--nets", nargs="+", choices=NETS, default=NETS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        net, name, bfloat16 = arguments.one
        size = params.recipes[name].batch_size
        warm_up, steps = (math.ceil(images / size) for images in IMAGES[net])
        print(json.dumps(time_ours(net, warm_up, steps, size, bfloat16=bfloat16 == "True", recipe_name=name)))
        return

    split = load_split("train")
    ways = [
        (name, bfloat16)
        for name in arguments.recipes
        for bfloat16 in (False, True)
        if not bfloat16 or (params.recipes[name].allow_bfloat16 and has_bfloat16(device))
    ]
    headers = ["minutes a run", *(f"{name}, bfloat16" if bfloat16 else name for name, bfloat16 in ways)]
    rows = []
    for net in arguments.nets:
        minutes: dict[tuple[str, bool], list[float]] = {way: [] for way in ways}
        for _ in range(arguments.repeats):
            for name, bfloat16 in ways:
                ms = CORES * at_once(CORES, "--one", net, name, bfloat16)["ms"]
                recipe = params.recipes[name]
                steps = recipe.epochs * loop.steps_per_epoch(len(split), recipe)
                minutes[name, bfloat16].append(ms * steps / 60_000)
            print(net, *(f"{minutes[way][-1]:.2f}" for way in ways), flush=True)
        rows.append([net, *map(spread, minutes.values())])
    print(
        f"{split.dataset.source}, {describe_device(device)}, torch {torch.__version__}, {CORES} at once, "
        f"medians of {arguments.repeats} (least – most)"
    )
    print(tabulate(rows, headers, tablefmt="pipe", disable_numparse=True))


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} – {max(values):.1f})"


if __name__ == "__main__":
    main()
