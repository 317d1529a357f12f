"""Results of nets and seeds that params.yaml no longer names.

A stage that depends on a folder depends on all that lies there: DVC would take them into account, and no clean clone
would agree; and `dvc plots show` would go on drawing them.
"""

import re
from contextlib import suppress
from pathlib import Path

from foundation.errors import UserError
from results.run import FILES

OF_RUN = {folder: suffix for folder, suffix in FILES.items() if folder != "models"}  # which is DVC's
OF_NET = {"metrics/nets": ".json", "metrics/confusion": ".csv", "plots/confusion": ".csv", "plots/curves": ".csv"}


def remove_strays(nets: list[str], seeds: list[int]) -> None:
    """Remove what was generated of runs and nets that are none of these, with a line each; hidden files do not count.

    Raises `UserError`, and removes nothing, for another file in a folder that holds such results only.
    """
    runs = {f"{net}/{seed}" for net in nets for seed in seeds}
    strays = [path for folder, suffix in OF_RUN.items() for path in strays_in(folder, suffix, r"[^/]+/[0-9]+", runs)]
    strays += [path for folder, suffix in OF_NET.items() for path in strays_in(folder, suffix, r"[^/]+", set(nets))]
    remove(strays)


def remove_strays_of(net: str, seeds: list[int]) -> None:
    """As `remove_strays`, but only among the runs of `net`."""
    names = {str(seed) for seed in seeds}
    of_net = {f"{folder}/{net}": suffix for folder, suffix in OF_RUN.items()}
    remove([path for folder, suffix in of_net.items() for path in strays_in(folder, suffix, r"[0-9]+", names)])


def strays_in(folder: str, suffix: str, pattern: str, names: set[str]) -> list[Path]:
    """The files in `folder` that are called as `pattern` has it, and are none of `names`."""
    strays = []
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or any(part.startswith(".") for part in name.parts):
            continue
        stem = name.as_posix().removesuffix(suffix)
        if not (path.suffix == suffix and re.fullmatch(pattern, stem)):
            raise UserError(f"{path} is no result of a net and seed, and all of {folder} is compared: move it away")
        if stem not in names:
            strays.append(path)
    return strays


def remove(strays: list[Path]) -> None:
    for path in strays:
        path.unlink()
        print(f"removed {path}: params.yaml has no such net or seed")
        with suppress(OSError):  # as long as something else lies there
            path.parent.rmdir()
