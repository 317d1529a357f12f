"""Train one net of `params.yaml` by one seed.

reads   data/train.npz; params.yaml: nets.NET and the chosen recipe; src/nets/NET.py
writes  models/NET/SEED.pt            weights, and what made them: net, recipe, seed, classes, scaling, dataset
        plots/loss/NET/SEED.csv       step, epoch, loss and accuracy over the training images since the last row
        metrics/train/NET/SEED.json   loss and accuracy over the last epoch, number of steps, PyTorch's version, device
        metrics/timing/NET/SEED.json  seconds, steps/s, peak memory, device, versions: what differs from run to run
        .cache/training/              the state of a run under way, from which it goes on after being cut short
run     python src/train.py net1-0 [--device cpu]
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
from model.device import describe_device, has_bfloat16, keep_freed_memory, make_deterministic, select_device
from params import NamedRecipe, NetParams, load_params
from results.run import Run
from results.trained import Description, Normalisation, TrainingFigures
from training import loop, resume
from training.log import last_epoch, loss_curve
from training.session import train_to_the_end
from training.timing import timing

DATA = Path("data/train.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="NET-SEED, for example net1-0, or the name of its stage, train@net1-0")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    run = Run.named(arguments.run)

    inputs = Inputs()
    recipe, params = inputs.value("params.yaml", lambda: chosen(run.net))
    onednn = recipe.batch_size >= params.onednn_from
    make_deterministic(params.threads, onednn)
    keep_freed_memory()
    device = select_device(arguments.device)
    bfloat16 = recipe.allow_bfloat16 and has_bfloat16(device)
    machine = describe_device(device) + (", bfloat16" if bfloat16 else "")
    split = dataset.load(inputs.file(DATA))

    torch.manual_seed(run.seed)
    net = nets.build(run.net, params.settings, len(split.class_names)).to(device)
    description = Description(
        net=run.net,
        settings=params.settings,
        recipe=recipe,
        seed=run.seed,
        class_names=split.class_names,
        normalisation=Normalisation(mean=loop.MEAN, std=loop.STD),
        dataset=split.dataset,
    )
    configuration = {
        **description.model_dump(),
        "data": inputs.digest(DATA),
        "code": code_in_use(),
        "machine": [machine, params.threads, onednn, torch.__version__],
    }
    with held(resume.FOLDER / f"{run}.lock", f"training {run}"):
        print(f"{run} on {machine}", file=sys.stderr)
        resume.remove_recorded(str(run))
        saved = resume.SavedState(str(run), configuration)
        state = loop.initial_state(net, recipe, loop.memory_format(onednn), bfloat16)
        log_to = run.file("plots/loss")
        rows, seconds = train_to_the_end(str(run), state, *split.tensors(device), recipe, run.seed, saved, log_to)
        last = last_epoch(rows)
        figures = TrainingFigures(
            loss=round(last.loss, 6),
            accuracy=round(last.accuracy, 4),
            steps=last.step,
            torch=torch.__version__,
            device=machine,
        )

        inputs.check_unchanged(kept=", and the trained state is kept" if saved.step == last.step else "")
        checkpoint.save(run.file("models"), net, description)
        write_csv(log_to, loss_curve(rows))
        write_json(run.file("metrics/train"), figures.model_dump())
        write_json(run.file("metrics/timing"), timing(seconds, last.step, device))
        saved.note_result(Path(run.file("models")))


def chosen(net: str) -> tuple[NamedRecipe, NetParams]:
    """The chosen recipe, and what params.yaml says of `net`."""
    params = load_params()
    if net not in params.nets:
        raise UserError(f"params.yaml has no net {net}; it has {', '.join(params.nets)}")
    return params.chosen_recipe, params.nets[net]


if __name__ == "__main__":
    with one_line_errors():
        main()
