"""Time our training steps against the study's own loop.

    make bench        or, once it has installed DLStudio:
    PYTHONPATH=src python benchmarks/against_dlstudio.py [--repeats 7]

The study's own loop is DLStudio's `ExperimentsWithCIFAR.run_code_for_training`. It gets the same images through a
loader built as its `load_cifar_10_dataset` builds one: PIL images, ToTensor, Normalize, batch 5, shuffle, two workers.
Net3 is passed to the same method, as the study did. Each measurement is a process of its own, timed from the end of a
warm-up to the end of an epoch, and both sides take turns. DLStudio runs alone. Ours runs once on each core, as
`make repro` does; the time of a step is then divided by the number of processes.

reads   data/train.npz where it is, else scikit-learn's digits
writes  benchmarks/cpu.json and .md; on a GPU cuda.json and .md
"""

import argparse
import contextlib
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from stage import one_line_errors

import torch
from tabulate import tabulate

import dataset
from images import sklearn_digits
from model.build import build
from model.device import cpu_model, keep_freed_memory, make_deterministic, select_device
from params import load_params
from saved_state import SavedState
from training.loop import train

REPOSITORY = Path(__file__).parents[1]
STEPS = {"net1": (100, 1000), "net2": (20, 200), "net3": (5, 30)}  # of warm-up, and timed, at batch size 5
BATCH_SIZES = [5, 32, 128, 512]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
RUNS = 1 if DEVICE == "cuda" else CORES  # of ours at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measurement, net, *numbers = arguments.one
        print(json.dumps(MEASUREMENTS[measurement](net, *map(int, numbers))))
        return
    result = {
        "machine": machine(),
        "images": load_images().dataset.source,
        "step": {net: against_dlstudio(net, arguments.repeats) for net in STEPS},
        "batch_size": {
            f"{net}, {ours.partition(' ')[2]}": by_batch_size(net, ours)
            for net in STEPS
            for ours in ("ours float32", "ours bfloat16")
        },
    }
    stem = REPOSITORY / "benchmarks" / DEVICE
    stem.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


def against_dlstudio(net: str, repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds a step of both sides in turns, the ratio of each pair, and peak memory in MB."""
    theirs, ours = [], []
    for _ in range(repeats):
        theirs.append(in_a_process("dlstudio", net, *STEPS[net]))
        ours.append(at_once(RUNS, "ours float32", net, *STEPS[net]))
        print(f"{net}: DLStudio {theirs[-1]['ms']:.2f} ms, ours {ours[-1]['ms']:.2f} ms", file=sys.stderr)
    return {
        "dlstudio_ms": spread([run["ms"] for run in theirs]),
        "ours_ms": spread([run["ms"] for run in ours]),
        "ratio": spread([a["ms"] / b["ms"] for a, b in zip(theirs, ours, strict=True)]),
        "dlstudio_peak_mb": spread([run["peak_mb"] for run in theirs]),
        "ours_peak_mb": spread([run["peak_mb"] for run in ours]),
    }


def by_batch_size(net: str, ours: str) -> dict[int, float]:
    """Milliseconds a step of one run alone, once for each batch size, over about the same number of images."""
    warm_up, steps = STEPS[net]
    return {
        size: in_a_process(ours, net, max(1, warm_up * 5 // size), max(2, steps * 5 // size), size)["ms"]
        for size in BATCH_SIZES
    }


class Clock(SavedState):
    """In place of training's saved state, which a timed run has no use for: the time of its first and last log row."""

    def __init__(self) -> None:
        self.run, self.start = "ours", 0.0

    def load(self) -> None:
        return None

    def is_due(self) -> bool:
        self.end = time.perf_counter()
        self.start = self.start or self.end
        return False

    def save(self, state: dict) -> None:
        pass


def time_ours(net_name: str, warm_up: int, steps: int, batch_size: int = 5, bfloat16: bool = False) -> dict[str, float]:
    """Milliseconds a step over `steps` steps after `warm_up` others, by `reference`; peak memory in MB.

    bfloat16: whether to use it, even where the device is slower in it.
    """
    make_deterministic()
    keep_freed_memory()
    device = select_device()
    split = load_images()
    images, targets = repeated(split, (warm_up + steps) * batch_size, device)
    net = build(net_name, len(split.class_names)).to(device)
    # A log row is read from the device, so a GPU has done all steps before it: one ends the warm-up, one the epoch.
    changes = {"batch_size": batch_size, "epochs": 1, "log_every": warm_up}
    recipe = load_params(REPOSITORY / "params.yaml").recipes["reference"].model_copy(update=changes)
    clock = Clock()
    train(net, images, targets, recipe, 0, bfloat16, clock)
    return {"ms": (clock.end - clock.start) / steps * 1e3, "peak_mb": peak_mb()}


def time_dlstudio(net_name: str, warm_up: int, steps: int) -> dict[str, float]:
    """The study's own loop, as `time_ours`."""
    import torchvision.transforms as tvt
    from DLStudio import DLStudio
    from PIL import Image

    split = load_images()
    images, targets = repeated(split, (warm_up + steps) * 5, "cpu")
    transform = tvt.Compose([tvt.ToTensor(), tvt.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])

    class Images(torch.utils.data.Dataset):  # as torchvision.datasets.CIFAR10 reads them
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, i: int):
            return transform(Image.fromarray(images[i].numpy())), int(targets[i])

    class TimedLoader(torch.utils.data.DataLoader):
        def __iter__(self):
            for step, batch in enumerate(super().__iter__()):
                if step == warm_up:
                    self.start = time.perf_counter()
                yield batch
            self.end = time.perf_counter()  # the loop has read its loss, so a GPU is done too

    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch), contextlib.redirect_stdout(io.StringIO()):
        gpu = {"use_gpu": True} if DEVICE == "cuda" else {}  # with use_gpu=False it never chooses a device
        dls = DLStudio(
            image_size=[32, 32], path_saved_model=f"{scratch}/model", momentum=0.9, learning_rate=1e-3, epochs=1,
            batch_size=5, classes=split.class_names, **gpu,
        )  # fmt: skip
        dls.train_data_loader = TimedLoader(Images(), batch_size=5, shuffle=True, num_workers=2)
        experiment = DLStudio.ExperimentsWithCIFAR(dl_studio=dls)
        theirs = {"net1": experiment.Net, "net2": experiment.Net2}
        net = theirs[net_name]() if net_name in theirs else build(net_name, len(split.class_names))
        experiment.run_code_for_training(net)
    loader = dls.train_data_loader
    return {"ms": (loader.end - loader.start) / steps * 1e3, "peak_mb": peak_mb()}


MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {
    "ours float32": time_ours,
    "ours bfloat16": partial(time_ours, bfloat16=True),
    "dlstudio": time_dlstudio,
}


def load_images() -> dataset.Split:
    """The training images in `data/` where `dvc repro fetch` has put them, else of scikit-learn's digits."""
    path = REPOSITORY / "data/train.npz"
    if path.exists():
        return dataset.load(path)
    source = load_params(REPOSITORY / "params.yaml").data.sources["digits"]
    splits = sklearn_digits.read()
    embedded = dataset.Dataset(
        source="digits",
        content=source.sha256,
        train_images=len(splits["train"][1]),
        evaluated_on="test",
        evaluated_images=len(splits["test"][1]),
    )
    return dataset.Split(*splits["train"], list(source.class_names.values()), embedded)


def repeated(split: dataset.Split, images: int, device: torch.device | str) -> tuple[torch.Tensor, torch.Tensor]:
    """`images` images and targets: those of `split`, over and over where it has fewer."""
    pixels, targets = torch.from_numpy(split.images), torch.from_numpy(split.labels).long()
    indices = torch.arange(images) % len(split)
    return pixels[indices].to(device), targets[indices].to(device)


def peak_mb() -> float:
    """Peak memory of this process or, if larger, of one it has waited for."""
    usage = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return usage / (2**20 if sys.platform == "darwin" else 2**10)


def in_a_process(*arguments: object) -> dict[str, float]:
    """Run this script with `--one` and `arguments`; its last line of output is JSON."""
    command = [sys.executable, __file__, "--one", *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def at_once(processes: int, *arguments: object) -> dict[str, float]:
    """As `in_a_process`, so many at once: milliseconds a step of all of them together, and their memory in all."""
    with ThreadPoolExecutor(processes) as pool:
        found = list(pool.map(lambda _: in_a_process(*arguments), range(processes)))
    return {"ms": 1 / sum(1 / one["ms"] for one in found), "peak_mb": sum(one["peak_mb"] for one in found)}


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "runs": len(values)}


def machine() -> dict[str, object]:
    facts = {"cpu": cpu_model(), "cores": CORES, "torch": torch.__version__, "python": platform.python_version()}
    if DEVICE == "cuda":
        facts |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    return facts


def markdown(result: dict) -> str:
    def shown(values: dict[str, float], decimals: int) -> str:
        median, least, most = (f"{values[key]:.{decimals}f}" for key in ("median", "least", "most"))
        return f"{median} ({least} – {most})"

    steps = [
        [net, shown(row["dlstudio_ms"], 2), shown(row["ours_ms"], 2), shown(row["ratio"], 2),
         f"{row['dlstudio_peak_mb']['median']:.0f}", f"{row['ours_peak_mb']['median']:.0f}"]
        for net, row in result["step"].items()
    ]  # fmt: skip
    headers = ["net", "DLStudio (ms a step)", f"ours, {RUNS} at once (ms a step)", "ratio",
               "DLStudio's peak memory (MB)", "our peak memory (MB)"]  # fmt: skip
    sizes = [[name, *(f"{ms:.1f}" for ms in row.values())] for name, row in result["batch_size"].items()]
    runs = result["step"]["net1"]["ratio"]["runs"]
    facts = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    return "\n\n".join(
        [
            f"Batch size 5, images of {result['images']}; {facts}; medians of {runs} runs (least – most)",
            tabulate(steps, headers, tablefmt="pipe", disable_numparse=True),
            "Our milliseconds a step by batch size, one run alone, once each",
            tabulate(sizes, ["net", *map(str, BATCH_SIZES)], tablefmt="pipe", disable_numparse=True) + "\n",
        ]
    )


if __name__ == "__main__":
    with one_line_errors():
        main()
