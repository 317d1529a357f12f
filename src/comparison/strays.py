"""Files of nets that params.yaml no longer names.

`compare` depends on whole folders, so DVC would take them into account, and no clean clone would agree; and
`dvc plots show` would go on drawing such a net.
"""

import json
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


def remove_strays(nets: list[str]) -> None:
    """Remove what was generated of nets that are not among `nets`, with a line each; hidden files do not count.

    Raises `UserError`, and removes nothing, for another file in a folder that holds such results only.
    """
    strays = []
    for folder, suffix in GENERATED.items():
        for path in sorted(Path(folder).glob("[!.]*")):
            if path.suffix == suffix and path.stem not in nets and (folder != "metrics" or is_metric(path)):
                strays.append(path)
            elif path.suffix != suffix and folder != "metrics":
                raise UserError(f"{path} is no net's result, and all of {folder} is compared: move it away")
    for path in strays:
        path.unlink()
        print(f"removed {path}: params.yaml has no net {path.stem}")


def is_metric(path: Path) -> bool:
    """Whether `evaluate` may have written it: `metrics/` has other files beside the metric of each net."""
    try:
        return json.loads(path.read_text(encoding="utf-8")).keys() == {"accuracy", "loss"}
    except (OSError, ValueError, AttributeError):
        return False
