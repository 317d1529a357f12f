"""Train one net by one recipe from one seed.

reads   data/train.npz; params.yaml: recipes.RECIPE; src/nets/NET.py
writes  models/NET/RECIPE/SEED.pt            weights, and what made them: net, recipe, seed, classes, scaling, dataset
        plots/loss/NET/RECIPE/SEED.csv       step, epoch, loss and accuracy over the training images since the last row
        metrics/train/NET/RECIPE/SEED.json   loss and accuracy over the last epoch, steps, PyTorch's version, device
        metrics/timing/NET/RECIPE/SEED.json  seconds, steps/s, peak memory: what differs from run to run
        .cache/training/                     the state under way, from which an interrupted run goes on
run     python src/train.py net1 reference 0
"""

import sys

from stage import stage

import numpy as np
import pandas as pd
import torch

import dataset
from command_line import read_arguments
from errors import UserError
from files import write_csv, write_json
from model import checkpoint
from model.build import build, check_training
from model.device import describe_device, has_bfloat16, keep_freed_memory, make_deterministic, select_device
from model.records import Description, Normalisation, TrainingRecord
from params import load_params
from progress import timing
from run import Run
from saved_state import SavedState
from training.loop import MEAN, STD, train


def main() -> None:
    run = Run(**vars(read_arguments(__doc__, net="net1", recipe="reference", seed=0)))
    with stage("train", **vars(run)) as inputs:
        recipes = load_params().recipes
        if run.recipe not in recipes:
            raise UserError(f"params.yaml has no recipe {run.recipe}; it has {', '.join(recipes)}")
        recipe = recipes[run.recipe]
        make_deterministic()
        keep_freed_memory()
        device = select_device()
        bfloat16 = recipe.allow_bfloat16 and has_bfloat16(device)
        machine = describe_device(device) + (", bfloat16" if bfloat16 else "")
        split = dataset.load("data/train.npz")

        torch.manual_seed(run.seed)
        net = build(run.net, len(split.class_names))
        check_training(net, run.net, len(split) % recipe.batch_size or recipe.batch_size, len(split.class_names))
        net.to(device)
        print(f"{run} on {machine}", file=sys.stderr)
        saved = SavedState(str(run), inputs.values | {"machine": machine, "torch": torch.__version__})
        images = torch.from_numpy(split.images).to(device)
        targets = torch.from_numpy(split.labels).to(device).long()
        rows = train(net, images, targets, recipe, run.seed, bfloat16, saved)

        curve = pd.DataFrame(rows)
        last = curve[curve["epoch"] == recipe.epochs]
        loss, accuracy = np.average(last[["loss", "accuracy"]], axis=0, weights=last["images"]).tolist()
        print(f"{run}: loss {loss:.3f}, accuracy {accuracy:.1f} % in the last epoch", file=sys.stderr)
        description = Description(
            net=run.net,
            recipe_name=run.recipe,
            recipe=recipe,
            seed=run.seed,
            class_names=split.class_names,
            normalisation=Normalisation(mean=MEAN, std=STD),
            dataset=split.dataset,
        )
        record = TrainingRecord(
            loss=round(loss, 6),
            accuracy=round(accuracy, 4),
            steps=rows[-1].step,
            torch=torch.__version__,
            device=machine,
        )

        inputs.check_unchanged()
        checkpoint.save(run.file("models"), net, description)
        write_csv(run.file("plots/loss"), curve.drop(columns="images").round({"loss": 6, "accuracy": 4}))
        write_json(run.file("metrics/train"), record.model_dump())
        write_json(run.file("metrics/timing"), timing(saved.seconds, rows[-1].step, device))
        saved.note_result(run.file("models"))


if __name__ == "__main__":
    main()
