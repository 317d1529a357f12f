"""One run: a net trained by a recipe from a seed. Its name, its command line, its files, and files of earlier runs."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import UserError

FILES = {  # what `train` and `evaluate` write of each run
    "models": ".pt",
    "plots/loss": ".csv",
    "metrics/train": ".json",
    "metrics/timing": ".json",
    "metrics/logits": ".npz",
    "metrics/evaluate": ".json",
    "metrics/runs": ".json",
}
RUN_RESULTS = {folder: suffix for folder, suffix in FILES.items() if folder != "models"}  # DVC keeps the models
NET_RESULTS = {"metrics/nets": ".json", "metrics/confusion": ".csv"}


@dataclass(frozen=True)
class Run:
    """One net trained by one recipe from one seed."""

    net: str
    recipe: str
    seed: int

    def __str__(self) -> str:
        return f"{self.net}-{self.recipe}-{self.seed}"

    def file(self, folder: str) -> str:
        """Its file in `folder`, one of `FILES`."""
        return f"{folder}/{self.net}/{self.recipe}/{self.seed}{FILES[folder]}"


def read_arguments(description: str | None) -> tuple[Run, str | None]:
    """The run that the command line names, and the device or None; description: for `--help`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", help="for example net1")
    parser.add_argument("recipe", help="for example reference")
    parser.add_argument("seed", type=int, help="for example 0")
    parser.add_argument("--device", help="for example cpu or cuda; default: a GPU when there is one")
    arguments = parser.parse_args()
    return Run(arguments.net, arguments.recipe, arguments.seed), arguments.device


def remove_leftovers(runs: Sequence[Run], within: str = "") -> None:
    """Remove the results of all other runs, and say so in one line; within: only of one NET/RECIPE.

    A stage that depends on a folder depends on every file in it. If leftovers stayed, DVC would record a folder that a
    clean clone does not have.

    Raises `UserError`, and removes nothing, for a file that is no result. Hidden files do not count.
    """
    wanted = {run.file(folder) for run in runs for folder in RUN_RESULTS}
    wanted |= {f"{folder}/{run.net}/{run.recipe}{suffix}" for run in runs for folder, suffix in NET_RESULTS.items()}
    leftovers = []
    for folder, suffix in (RUN_RESULTS | NET_RESULTS).items():
        name = r"\w+/\w+/\d+" if folder in RUN_RESULTS else r"\w+/\w+"
        for path in sorted(Path(folder, within).rglob("*")):
            is_hidden = any(part.startswith(".") for part in path.parts)
            if path.is_file() and not is_hidden and path.as_posix() not in wanted:
                if not re.fullmatch(name + re.escape(suffix), path.relative_to(folder).as_posix()):
                    raise UserError(f"{path} is no result of a run, and DVC counts all of {folder}: move it away")
                leftovers.append(path)
    for path in leftovers:
        path.unlink()
    if leftovers:
        print(f"removed {len(leftovers)} files of runs that params.yaml does not name, such as {leftovers[0]}")
