"""How fast: our training step against the study's own loop, and what else takes a user's time.

    make bench        or, once it has installed DLStudio:
    PYTHONPATH=src python benchmarks/against_dlstudio.py [--repeats 7]

The study's own loop is DLStudio 2.5.8's, the package itself: `ExperimentsWithCIFAR.run_code_for_training`, given
the same images through its `train_data_loader`, which is built as its `load_cifar_10_dataset` builds it (PIL images,
ToTensor, Normalize, batch 5, shuffle, two workers). Net3 is passed to the same method, as the study did. Both sides
are timed from the end of a warm-up to the end of the epoch, in processes of their own, taking turns: DLStudio's alone,
ours on a CPU as many at once as there are cores, which is how `make repro` trains. Milliseconds a step are then those
of the whole, a process's own divided by their number.

reads   data/train.npz and data/test.npz where they are, else the embedded digits
writes  benchmarks/<cpu or cuda>.json and .md
"""

import argparse
import contextlib
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial

import torch
from tabulate import tabulate

import evaluate
import nets
from model.device import cpu_model, make_deterministic, select_device
from model.prediction import predict
from results.trained import Normalisation
from step_time import CORES, NETS, REPOSITORY, at_once, batches_of, in_a_process, load_split, peak_mb, time_ours

STEPS = {"net1": (100, 1000), "net2": (20, 200), "net3": (5, 30)}  # of warm-up, timed
BATCH_SIZES = [1, 5, 32, 128, 512]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RUNS = 1 if DEVICE == "cuda" else CORES  # of ours at once; on CPUs as many as `make repro` trains


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measurement, net, *numbers = arguments.one
        print(json.dumps(MEASUREMENTS[measurement](net, *map(int, numbers))))
        return

    result = {
        "machine": machine(),
        "images": load_split("train").dataset.source,
        "step": {net: against_dlstudio(net, arguments.repeats) for net in NETS},
        "batch_size": {name: by_batch_size(*name.split(", ")) for net in NETS for name in (net, f"{net}, bfloat16")},
        "evaluate": {net: in_a_process("--one", "evaluate", net) for net in NETS},
        "pipeline": pipeline(arguments.repeats),
    }
    text = markdown(result)
    stem = REPOSITORY / "benchmarks" / DEVICE
    stem.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def against_dlstudio(net: str, repeats: int) -> dict:
    """Milliseconds a step of both sides in turns, and the ratio of each pair; of ours as many runs at once as cores."""
    theirs, ours = [], []
    for _ in range(repeats):
        theirs.append(in_a_process("--one", "dlstudio", net, *STEPS[net]))
        ours.append(at_once(RUNS, "--one", "ours", net, *STEPS[net]))
        print(f"{net}: DLStudio {theirs[-1]['ms']:.2f} ms, ours {ours[-1]['ms']:.2f} ms", file=sys.stderr)
    ratios = [a["ms"] / b["ms"] for a, b in zip(theirs, ours, strict=True)]
    return {
        "dlstudio_ms": spread([run["ms"] for run in theirs]),
        "ours_ms": spread([run["ms"] for run in ours]),
        "ratio": spread(ratios),
        "dlstudio_peak_mb": spread([run["peak_mb"] for run in theirs]),
        "ours_peak_mb": spread([run["peak_mb"] for run in ours]),
    }


def by_batch_size(net: str, precision: str = "") -> dict[int, float]:
    """Milliseconds a step of ours, each batch size once over about the same number of images, at least two steps.

    precision: "bfloat16" for that, whether or not the device is faster in it.
    """
    ours = f"ours {precision}".strip()
    warm_up, steps = STEPS[net]
    times = {}
    for size in BATCH_SIZES:
        warm_up_steps = max(1, warm_up * 5 // size)
        times[size] = in_a_process("--one", ours, net, warm_up_steps, max(2, steps * 5 // size), size)["ms"]
    return times


def time_dlstudio(net_name: str, warm_up: int, steps: int) -> dict[str, float]:
    """The study's own loop, for `time_ours`'s figures."""
    os.environ["MPLBACKEND"] = "Agg"  # it ends with plt.show(), which would open a window
    import torchvision.transforms as tvt
    from DLStudio import DLStudio
    from PIL import Image

    split = load_split("train")
    images, targets = batches_of(split, (warm_up + steps) * 5, "cpu")
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
        own = {"net1": experiment.Net, "net2": experiment.Net2}
        net = own[net_name]() if net_name in own else nets.build(net_name, {}, len(split.class_names))
        experiment.run_code_for_training(net)
    loader = dls.train_data_loader
    return {"ms": (loader.end - loader.start) / steps * 1e3, "peak_mb": peak_mb()}


def time_evaluate(net_name: str) -> dict[str, float]:
    """Seconds to predict the whole test split, after one batch of warm-up."""
    make_deterministic(evaluate.THREADS)
    device = select_device()
    split = load_split("test")
    net = nets.build(net_name, {}, len(split.class_names)).eval().to(device)
    normalisation = Normalisation(mean=0.5, std=0.5)
    few = split.__class__(split.images[:250], split.labels[:250], split.class_names, split.dataset)
    predict(net, few, normalisation, device)
    start = time.perf_counter()
    predict(net, split, normalisation, device)
    return {"seconds": time.perf_counter() - start, "images": len(split)}


MEASUREMENTS = {
    "ours": time_ours,
    "ours bfloat16": partial(time_ours, bfloat16=True),
    "dlstudio": time_dlstudio,
    "evaluate": time_evaluate,
}


def pipeline(repeats: int) -> dict[str, dict]:
    """Seconds of whole commands, in a copy of the working tree with the embedded digits and Net1 alone."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", REPOSITORY / "tests/copy_tree.sh", folder], check=True)

        def seconds(line: str) -> float:
            start = time.perf_counter()
            subprocess.run(line, shell=True, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - start

        seconds("dvc exp run -S recipe=quick -S data.source=digits -S 'seeds=[0]' evaluate@net1-0")
        return {
            "dvc repro evaluate@net1-0, nothing to do": spread(
                [seconds("dvc repro evaluate@net1-0") for _ in range(repeats)]
            ),
            "python src/evaluate.py net1-0, digits": spread(
                [seconds("python src/evaluate.py net1-0") for _ in range(repeats)]
            ),
        }


def spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
        "runs": len(values),
    }


def machine() -> dict[str, object]:
    facts = {"cpu": cpu_model(), "cores": os.cpu_count(), "torch": torch.__version__,
             "python": platform.python_version()}  # fmt: skip
    if DEVICE == "cuda":
        driver = subprocess.check_output(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], text=True
        )
        facts |= {"gpu": torch.cuda.get_device_name(), "driver": driver.strip(), "cuda": torch.version.cuda}
    return facts


def markdown(result: dict) -> str:
    def shown(values: dict, digits: int) -> str:
        return f"{values['median']:.{digits}f} ({values['least']:.{digits}f} – {values['most']:.{digits}f})"

    steps = [
        [
            net,
            shown(row["dlstudio_ms"], 2),
            shown(row["ours_ms"], 2),
            f"{1000 / row['ours_ms']['median']:.0f}",
            shown(row["ratio"], 2),
            f"{row['dlstudio_peak_mb']['median']:.0f}",
            f"{row['ours_peak_mb']['median']:.0f}",
        ]
        for net, row in result["step"].items()
    ]
    sizes = [[net, *(f"{ms:.1f}" for ms in row.values())] for net, row in result["batch_size"].items()]
    others = [
        [f"predict {row['images']:,} test images, {net} (s)", f"{row['seconds']:.2f}"]
        for net, row in result["evaluate"].items()
    ]
    others += [[f"{name} (s)", shown(row, 2)] for name, row in result["pipeline"].items()]
    facts = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    runs = next(iter(result["step"].values()))["ratio"]["runs"]
    step_headers = [
        "net",
        "DLStudio (ms a step)",
        f"ours, {RUNS} at once (ms a step)",
        "ours (steps/s)",
        "ratio",
        "DLStudio's peak memory (MB)",
        "our peak memory (MB)",
    ]
    return "\n\n".join(
        [
            f"Batch size 5, images {result['images']}; {facts}; medians of {runs} runs (least – most)",
            tabulate(steps, step_headers, tablefmt="pipe", disable_numparse=True),
            "Milliseconds a step by batch size, one run each",
            tabulate(sizes, ["net", *map(str, BATCH_SIZES)], tablefmt="pipe", disable_numparse=True),
            tabulate(others, ["what", "time"], tablefmt="pipe", disable_numparse=True) + "\n",
        ]
    )


if __name__ == "__main__":
    main()
