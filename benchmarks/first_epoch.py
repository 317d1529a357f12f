"""Is Net3 trained as the study trained it? One epoch by DLStudio's own loop and one by ours, on the same images.

    pip install -r benchmarks/requirements.txt
    PYTHONPATH=src python benchmarks/first_epoch.py [--seeds 0 1]

Theirs is the study's listing 3 as it stands there, initialised by PyTorch, trained by DLStudio 2.5.8's
`run_code_for_training` on batches of its own loader: no line of ours but the images. Ours is `src/nets/net3.py` and
`src/training/`. The seeds do not draw the same weights and orders on both sides, so the curves agree as those of two
seeds do. Both nets' test accuracy is counted by the same code, in evaluation mode. A run takes half an hour on a core.

reads   data/train.npz, data/test.npz, of dvc repro fetch
writes  benchmarks/first_epoch.json, run by run (what is there is not done again), and .md
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from tabulate import tabulate

import nets
from foundation.atomic import write_json, write_text
from model.device import describe_device, keep_freed_memory, make_deterministic
from model.prediction import predict
from params import load_params
from results.trained import Normalisation
from step_time import CORES, REPOSITORY, in_a_process, load_split
from training import loop

RESULT = Path(__file__).with_suffix(".json")
LOSS_EVERY = 1000  # steps, as DLStudio's loop does


class Listing3(nn.Module):
    """The study's Net3, as printed there."""

    def __init__(self):
        super().__init__()
        self.conv_block1 = nn.Sequential(nn.Conv2d(3, 32, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(32))
        self.conv_block2 = nn.Sequential(nn.Conv2d(32, 64, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(64))
        self.conv_block3 = nn.Sequential(
            nn.Conv2d(64, 128, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(128),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )  # fmt: skip
        self.conv_block4 = nn.Sequential(nn.Conv2d(128, 128, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(128))
        self.conv_block5 = nn.Sequential(nn.Conv2d(128, 256, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(256))
        self.conv_block6 = nn.Sequential(
            nn.Conv2d(256, 256, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(256),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )  # fmt: skip
        self.conv_block7 = nn.Sequential(nn.Conv2d(256, 512, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(512))
        self.conv_block8 = nn.Sequential(nn.Conv2d(512, 512, kernel_size=3, padding=1), nn.ReLU(), nn.BatchNorm2d(512))
        self.fc1 = nn.Linear(512 * 8 * 8, 512)
        self.fc2 = nn.Linear(512, 10)

    def forward(self, x):
        x1 = self.conv_block1(x)
        x2 = self.conv_block2(x1)
        x3 = self.conv_block3(x2)
        x4 = self.conv_block4(x3)
        x5 = self.conv_block5(x4)
        x6 = self.conv_block6(x5)
        x7 = self.conv_block7(x6)
        x8 = self.conv_block8(x7)
        x8 = x8.view(x8.size(0), -1)
        x8 = F.relu(self.fc1(x8))
        x8 = self.fc2(x8)
        return x8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        side, seed = arguments.one
        print(json.dumps({"theirs": theirs, "ours": ours}[side](int(seed))))
        return

    done = json.loads(RESULT.read_text()) if RESULT.exists() else {}

    def run(name: str) -> None:
        if name not in done:
            done[name] = in_a_process("--one", *name.split())
            write_json(RESULT, dict(sorted(done.items())))

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(run, [f"{side} {seed}" for side in ("theirs", "ours") for seed in arguments.seeds]))
    write_text(RESULT.with_suffix(".md"), page(done))


def page(done: dict[str, dict]) -> str:
    """The runs side by side."""
    rows = [
        [name, *(f"{loss:.3f}" for loss in run["losses"]), f"{run['accuracy']:.2f}"]
        for name, run in sorted(done.items(), reverse=True)
    ]
    means = [
        f"{side} {statistics.mean(run['accuracy'] for name, run in done.items() if name.startswith(side)):.2f} %"
        for side in ("theirs", "ours")
    ]
    first = next(iter(done.values()))
    steps = range(LOSS_EVERY, LOSS_EVERY * len(first["losses"]) + 1, LOSS_EVERY)
    headers = ["run", *map(str, steps), "test accuracy (%)"]
    source, machine = first["images"], first["machine"]
    return f"""Net3's first epoch, batch 5, learning rate 0.001, momentum 0.9, on {source}: the mean loss of each
1,000 steps up to the step in the head, and the share of the test images that is right then. `theirs` is DLStudio's own
loop and the study's listing, `ours` this pipeline; the number is the seed. Mean test accuracy: {means[0]}, {means[1]}.
Made by `PYTHONPATH=src python benchmarks/first_epoch.py` on {machine}, torch {first["torch"]}.

{tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)}
"""


def theirs(seed: int) -> dict:
    """An epoch by DLStudio: images as torchvision's CIFAR10 gives them, the loader as `load_cifar_10_dataset`'s."""
    os.environ["MPLBACKEND"] = "Agg"  # it ends with plt.show(), which would open a window
    import torchvision.transforms as tvt
    from DLStudio import DLStudio
    from PIL import Image

    torch.set_num_threads(1)
    keep_freed_memory()
    torch.manual_seed(seed)
    split = load_split("train")
    transform = tvt.Compose([tvt.ToTensor(), tvt.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])

    class Images(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(split)

        def __getitem__(self, i: int):
            return transform(Image.fromarray(split.images[i])), int(split.labels[i])

    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch), contextlib.redirect_stdout(io.StringIO()):
        dls = DLStudio(
            image_size=[32, 32], path_saved_model=f"{scratch}/model", momentum=0.9, learning_rate=1e-3, epochs=1,
            batch_size=5, classes=split.class_names,
        )  # fmt: skip
        dls.train_data_loader = torch.utils.data.DataLoader(Images(), batch_size=5, shuffle=True, num_workers=2)
        DLStudio.ExperimentsWithCIFAR(dl_studio=dls).run_code_for_training(Listing3())
        losses = [float(line) for line in Path("performance_numbers_1.txt").read_text().split()]
        net = Listing3()
        net.load_state_dict(torch.load("model", weights_only=True))
    return found(losses, net)


def ours(seed: int) -> dict:
    """An epoch by the pipeline, as `train` does it."""
    params = load_params(REPOSITORY / "params.yaml")
    make_deterministic(params.nets["net3"].threads)
    keep_freed_memory()
    split = load_split("train")
    torch.manual_seed(seed)
    net = nets.build("net3", {}, len(split.class_names))
    recipe = params.recipes["reference"].model_copy(update={"epochs": 1, "log_every": LOSS_EVERY})
    state = loop.initial_state(net, recipe, loop.memory_format(True))
    losses = [row.loss for row in loop.train(state, *split.tensors(), recipe, seed) if row]
    return found(losses, net)


def found(losses: list[float], net: nn.Module) -> dict:
    """What is compared of one run."""
    split = load_split("test")
    net.eval()
    normalisation = Normalisation(mean=0.5, std=0.5)
    # contiguous: the listing's `view` wants it, and DLStudio's loader gives it
    logits, targets = predict(lambda images: net(images.contiguous()), split, normalisation, torch.device("cpu"))
    correct = (logits.argmax(1) == targets).float()
    return {
        "losses": losses,
        "accuracy": 100 * correct.mean().item(),
        "images": split.dataset.source,
        "machine": describe_device(torch.device("cpu")),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
