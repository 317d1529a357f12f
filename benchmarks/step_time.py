"""Time our training step, in a process of its own."""

import foundation.start  # noqa: F401, I001  as the stage does
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

import nets
from images import dataset, digits
from model.device import keep_freed_memory, make_deterministic, select_device
from params import Params, load_params
from training import loop

REPOSITORY = Path(__file__).parents[1]
NETS = ["net1", "net2", "net3"]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def load_split(name: str) -> dataset.Split:
    """The split `name` of `data/` where `dvc repro fetch` has put it, else of the embedded digits."""
    path = REPOSITORY / "data" / f"{name}.npz"
    if path.exists():
        return dataset.load(path)
    source = load_params(REPOSITORY / "params.yaml").data.sources["digits"]
    splits = digits.read(source)
    embedded = dataset.Dataset(
        source="digits",
        content=f"sha256:{source.sha256}",
        lossless=source.lossless,
        train_images=len(splits["train"][1]),
        test_images=len(splits["test"][1]),
    )
    return dataset.Split(*splits[name], list(source.class_names.values()), embedded)


def batches_of(split: dataset.Split, images: int, device: torch.device | str) -> tuple[torch.Tensor, torch.Tensor]:
    """`images` images and targets, the split's own over and over if it has fewer."""
    pixels, targets = split.tensors()
    repeat = torch.arange(images) % len(split)
    return pixels[repeat].to(device), targets[repeat].to(device)


def time_ours(
    net_name: str,
    warm_up: int,
    steps: int,
    batch_size: int = 5,
    threads: int | None = None,
    bfloat16: bool = False,
    recipe_name: str = "reference",
) -> dict[str, float]:
    """Milliseconds a step over `steps` steps, after `warm_up` others; the peak memory in MB; a hash of the weights.

    threads: other ones than params.yaml says. Of the recipe all is as it says there but the batch size.
    """
    params: Params = load_params(REPOSITORY / "params.yaml")
    variant = params.nets[net_name]
    variant = variant.model_copy(update={"threads": threads or variant.threads})
    onednn = batch_size >= variant.onednn_from
    make_deterministic(variant.threads, onednn)
    keep_freed_memory()
    device = select_device()
    split = load_split("train")
    images, targets = batches_of(split, (warm_up + steps) * batch_size, device)
    torch.manual_seed(0)
    net = nets.build(net_name, variant.settings, len(split.class_names)).to(device)
    recipe = params.recipes[recipe_name].model_copy(
        update={"batch_size": batch_size, "epochs": 1, "log_every": warm_up}
    )
    state = loop.initial_state(net, recipe, loop.memory_format(onednn), bfloat16)
    rows = filter(None, loop.train(state, images, targets, recipe, seed=0))
    next(rows)  # reading a row waits for the device
    start = time.perf_counter()
    for _ in rows:
        pass
    ms = (time.perf_counter() - start) / steps * 1e3
    weights = hashlib.md5(b"".join(tensor.cpu().numpy().tobytes() for tensor in net.state_dict().values()))
    return {"ms": ms, "peak_mb": peak_mb(), "weights": weights.hexdigest()[:8]}


def peak_mb() -> float:
    """Peak memory of this process and, if larger, of one it has waited for."""
    usage = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return usage / (2**20 if sys.platform == "darwin" else 2**10)


def at_once(processes: int, *arguments: object) -> dict[str, float]:
    """As `in_a_process`, so many at once: milliseconds a step of all of them together, and their memory in all."""
    with ThreadPoolExecutor(processes) as pool:
        found = list(pool.map(lambda _: in_a_process(*arguments), range(processes)))
    return {"ms": 1 / sum(1 / one["ms"] for one in found), "peak_mb": sum(one["peak_mb"] for one in found)}


def in_a_process(*arguments: object, **environment: str) -> dict:
    """Run this benchmark's own script with `arguments`; its last line of output is JSON."""
    command = [sys.executable, sys.argv[0], *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | environment).stdout
    return json.loads(output.splitlines()[-1])
