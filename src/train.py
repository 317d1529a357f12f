"""Train one net of `params.yaml`.

reads   data/train.npz; params.yaml: seed, nets.NET and the chosen recipe; src/nets/<architecture>.py
writes  models/NET.pt            weights, and what made them: architecture, recipe, seed, classes, scaling, dataset
        plots/loss/NET.csv       step, epoch, loss and accuracy over the training images since the last row
        metrics/train/NET.json   loss and accuracy over the last epoch, number of steps, PyTorch's version, device
        metrics/timing/NET.json  seconds, steps/s, peak memory, device, versions: what differs from run to run
        .cache/training/         the state of a run under way, from which it goes on after being cut short
run     python src/train.py net1 [--device cpu]
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import sys
from pathlib import Path

import torch

import nets
from foundation.atomic import write_csv, write_json
from foundation.errors import UserError, one_line_errors
from foundation.inputs import Inputs, code_in_use
from foundation.lock import held
from images import dataset
from model import checkpoint
from model.device import describe_device, keep_freed_memory, make_deterministic, select_device
from params import NamedRecipe, NetParams, load_params
from results.trained import Description, Normalisation, TrainingFigures
from training import loop, resume
from training.log import last_epoch, loss_curve
from training.session import train_to_the_end
from training.timing import timing

DATA = Path("data/train.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one net of params.yaml.")
    parser.add_argument("net", help="its name in `nets` of params.yaml; or a stage's, STAGE@NET")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    name = arguments.net.rpartition("@")[2]

    inputs = Inputs()
    seed, recipe, variant = inputs.value("params.yaml", lambda: chosen(name))
    make_deterministic(variant.threads, variant.onednn)
    keep_freed_memory()
    device = select_device(arguments.device)
    machine = describe_device(device)
    split = dataset.load(inputs.file(DATA))

    torch.manual_seed(seed)
    net = nets.build(variant.architecture, variant.settings, len(split.class_names)).to(device)
    description = Description(
        net=name,
        architecture=variant.architecture,
        settings=variant.settings,
        recipe=recipe,
        seed=seed,
        class_names=split.class_names,
        normalisation=Normalisation(mean=loop.MEAN, std=loop.STD),
        dataset=split.dataset,
    )
    configuration = {
        **description.model_dump(),
        "data": inputs.digest(DATA),
        "code": code_in_use(),
        "machine": [machine, variant.threads, variant.onednn, torch.__version__],
    }
    with held(resume.FOLDER / f"{name}.lock", f"training {name}"):
        print(f"{name} on {machine}", file=sys.stderr)
        resume.remove_recorded(name)
        saved = resume.SavedState(name, configuration)
        state = loop.initial_state(net, recipe, loop.memory_format(variant.onednn))
        log_to = Path(f"plots/loss/{name}.csv")
        rows, seconds = train_to_the_end(name, state, *split.tensors(device), recipe, seed, saved, log_to)
        last = last_epoch(rows)
        figures = TrainingFigures(
            loss=round(last.loss, 6),
            accuracy=round(last.accuracy, 4),
            steps=last.step,
            torch=torch.__version__,
            device=machine,
        )

        inputs.check_unchanged(kept=", and the trained state is kept" if saved.step == last.step else "")
        checkpoint.save(f"models/{name}.pt", net, description)
        write_csv(log_to, loss_curve(rows))
        write_json(f"metrics/train/{name}.json", figures.model_dump())
        write_json(f"metrics/timing/{name}.json", timing(seconds, last.step, device))
        saved.note_result(Path(f"models/{name}.pt"))


def chosen(name: str) -> tuple[int, NamedRecipe, NetParams]:
    """The seed, the chosen recipe, and what params.yaml says of the net `name`."""
    params = load_params()
    if name not in params.nets:
        raise UserError(f"params.yaml has no net {name}; it has {', '.join(params.nets)}")
    return params.seed, params.chosen_recipe, params.nets[name]


if __name__ == "__main__":
    with one_line_errors():
        main()
