"""Files of nets that params.yaml no longer names.

`compare` depends on whole folders, so DVC would take them into account, and no clean clone would agree; and
`dvc plots show` would go on drawing such a net.
"""

from pathlib import Path

from foundation.errors import UserError

# What `train` and `evaluate` write of each net, but for its checkpoint.
GENERATED = {
    "metrics": ".json",
    "metrics/confusion": ".csv",
    "metrics/details": ".json",
    "metrics/timing": ".json",
    "metrics/train": ".json",
    "plots/confusion": ".png",
    "plots/loss": ".csv",
    "plots/predictions": ".csv",
}
# `metrics/` has the metric of each net beside what `compare` writes.
OF_COMPARE = {Path("metrics/claims.json")}


def remove_strays(nets: list[str]) -> None:
    """Remove what was generated of nets that are not among `nets`, with a line each.

    Raises `UserError` for another file in a folder that holds such results only: it is not ours to remove.
    """
    for folder, suffix in GENERATED.items():
        for path in sorted(Path(folder).iterdir()):
            if path.suffix == suffix and path not in OF_COMPARE:
                if path.stem not in nets:
                    path.unlink()
                    print(f"removed {path}: params.yaml has no net {path.stem}")
            elif folder != "metrics":
                raise UserError(f"{path} is no net's result, and all of {folder} is compared: move it away")
