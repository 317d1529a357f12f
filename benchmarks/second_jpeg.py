"""What may JPEG cost? The study's recipe on images that are encoded once more.

    PYTHONPATH=src python benchmarks/second_jpeg.py [--nets net1 net2] [--seeds 0 1 2]

`cifar10-jpeg` has been encoded with loss, and nobody can tell what that costs who has not the originals. What one can
tell is the cost of another such loss: each training and test image is encoded again as its file is, quality 75 with
4:2:0 chroma, moved by 5 pixels in both directions, because the same blocks would lose next to nothing twice. On those
images nets are trained and evaluated by `reference`, and compared with the runs in `metrics/`, which saw them encoded
once. A net's difference counts as one where its 95 % interval (Welch's, over the seeds of both) leaves out 0. It is no
measure of what the first encoding cost, whose images had more to lose; only of how much a loss of this kind matters to
a net.

reads   data/train.npz, data/test.npz, of dvc repro fetch; metrics/runs/
writes  benchmarks/second_jpeg.json, run by run (what is there is not done again; so call it once at a time), and .md;
        .cache/training/ meanwhile, from where a run goes on that was cut short
"""

import foundation.start  # noqa: F401, I001  before all else, as the stage does
import argparse
import dataclasses
import hashlib
import io
import json
import math
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import ttest_ind
from tabulate import tabulate

import nets
from comparison.formatting import signed, signed_within
from foundation.atomic import write_json, write_text
from foundation.errors import one_line_errors
from foundation.inputs import code_in_use
from images.dataset import Split
from model.device import describe_device, keep_freed_memory, make_deterministic
from model.prediction import predict
from params import load_params
from results.run import Run
from results.trained import Normalisation
from step_time import CORES, NETS, REPOSITORY, in_a_process, load_split
from training import loop, resume
from training.session import train_to_the_end

RESULT = Path(__file__).with_suffix(".json")
QUALITY, CHROMA, BLOCK = 75, "4:2:0", 16  # of the files; pixels a block, with its chroma
MOVED = 5  # pixels: no block, nor pair of pixels that share their chroma, lies where one was


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", nargs="+", choices=NETS, default=["net1", "net2"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(trained_on_twice_encoded(Run.named(arguments.one))))
        return

    done = json.loads(RESULT.read_text()) if RESULT.exists() else {}

    def train(run: Run) -> None:
        if str(run) not in done:
            done[str(run)] = in_a_process("--one", run)
            write_json(RESULT, dict(sorted(done.items())))
            for left in resume.FOLDER.glob(f"{name_of(run)}*"):
                left.unlink()

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(train, [Run(net, seed) for net in arguments.nets for seed in arguments.seeds]))
    write_text(RESULT.with_suffix(".md"), page({Run.named(name): found for name, found in done.items()}))


def trained_on_twice_encoded(run: Run) -> dict:
    """Train `run` as `train` does, but on images that are encoded again, and evaluate it on such."""
    params = load_params(REPOSITORY / "params.yaml")
    recipe, variant = params.recipes["reference"], params.nets[run.net]
    onednn = recipe.batch_size >= variant.onednn_from
    make_deterministic(variant.threads, onednn)
    keep_freed_memory()
    cpu = torch.device("cpu")
    (train, _), (test, error) = encoded_again(load_split("train")), encoded_again(load_split("test"))
    torch.manual_seed(run.seed)
    net = nets.build(run.net, variant.settings, len(train.class_names))
    state = loop.initial_state(net, recipe, loop.memory_format(onednn))
    machine = describe_device(cpu)
    configuration = {
        "recipe": recipe.model_dump(),
        "settings": variant.model_dump(),
        "images": hashlib.sha256(train.images.tobytes()).hexdigest(),
        "code": code_in_use(),
        "machine": [machine, torch.__version__],
    }
    saved = resume.SavedState(name_of(run), configuration)
    log_to = str(resume.FOLDER / f"{name_of(run)}.csv")
    rows, _ = train_to_the_end(str(run), state, *train.tensors(), recipe, run.seed, saved, log_to)
    net.eval()
    logits, targets = predict(net, test, Normalisation(mean=loop.MEAN, std=loop.STD), cpu)
    return {
        "accuracy": round(100 * (logits.argmax(1) == targets).double().mean().item(), 2),
        "loss": round(torch.nn.functional.cross_entropy(logits.double(), targets).item(), 6),
        "steps": rows[-1].step,
        "images": test.dataset.source,
        "psnr": round(10 * math.log10(255**2 / error), 1),
        "machine": machine,
        "torch": torch.__version__,
    }


def encoded_again(split: Split) -> tuple[Split, float]:
    """The same images after another encoding, and its mean squared error; pixel values are from 0 to 255."""
    around = (MOVED, BLOCK - MOVED)
    wide = np.pad(split.images, ((0, 0), around, around, (0, 0)), mode="reflect")
    inner = slice(MOVED, MOVED + split.images.shape[1])
    images = np.empty_like(split.images)
    for i, pixels in enumerate(wide):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY, subsampling=CHROMA)
        images[i] = np.asarray(Image.open(file))[inner, inner]
    error = np.mean((images.astype(np.float32) - split.images) ** 2, dtype=float)
    return dataclasses.replace(split, images=images), error


def name_of(run: Run) -> str:
    return f"second-jpeg-{run}"


def page(done: dict[Run, dict]) -> str:
    """Each net's runs on images encoded once and twice."""
    rows = []
    for net in [net for net in NETS if any(run.net == net for run in done)]:
        runs = sorted((run for run in done if run.net == net), key=lambda run: run.seed)
        once = [committed(run) for run in runs]
        twice = [done[run]["accuracy"] for run in runs]
        difference, interval = statistics.mean(twice) - statistics.mean(once), None
        if len(runs) > 1:
            interval = ttest_ind(twice, once, equal_var=False).confidence_interval()
        rows.append(
            [
                net,
                ", ".join(str(run.seed) for run in runs),
                ", ".join(f"{accuracy:.2f}" for accuracy in once),
                ", ".join(f"{accuracy:.2f}" for accuracy in twice),
                signed_within(difference, *interval) if interval else signed(difference, 2),
            ]
        )
    first = next(iter(done.values()))
    machines = " and ".join(sorted({found["machine"] for found in done.values()}))
    headers = ["net", "seeds", "encoded once (%)", "encoded twice (%)", "difference (points)"]
    return f"""Test accuracy by recipe `reference` on {first["images"]} as it is, encoded once, and on the same images
encoded again (quality {QUALITY}, {CHROMA}, blocks moved by {MOVED} pixels; peak signal-to-noise ratio
{first["psnr"]} dB), and the difference of the means with its 95 % interval (Welch's, over the seeds). The runs on
images encoded once are those in `metrics/`, on machines that `metrics/train/` names; the others were made by
`PYTHONPATH=src python benchmarks/second_jpeg.py` with `--nets` and `--seeds` as in the table, on
{machines}, torch {first["torch"]}.

{tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)}
"""


def committed(run: Run) -> float:
    """The test accuracy (%) of `run` in `metrics/`, on images that are encoded once."""
    return json.loads((REPOSITORY / run.file("metrics/runs")).read_text())[str(run)]["accuracy"]


if __name__ == "__main__":
    with one_line_errors():
        main()
