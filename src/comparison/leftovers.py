"""Result files of runs that params.yaml no longer names.

A stage that depends on a folder depends on every file in it. If leftovers stayed, DVC would record a folder that a
clean clone does not have.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from errors import UserError
from run import FILES, Run

OF_RUNS = {folder: suffix for folder, suffix in FILES.items() if folder != "models"}  # DVC keeps the models
OF_NETS = {"metrics/nets": ".json", "metrics/confusion": ".csv"}


def remove_leftovers(runs: Sequence[Run], within: str = "") -> None:
    """Remove the results of all other runs, and say so in one line; within: only of one NET/RECIPE.

    Raises `UserError`, and removes nothing, for a file that is no result. Hidden files do not count.
    """
    wanted = {run.file(folder) for run in runs for folder in OF_RUNS}
    wanted |= {f"{folder}/{run.net}/{run.recipe}{suffix}" for run in runs for folder, suffix in OF_NETS.items()}
    leftovers = []
    for folder, suffix in (OF_RUNS | OF_NETS).items():
        name = r"\w+/\w+/\d+" if folder in OF_RUNS else r"\w+/\w+"
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
