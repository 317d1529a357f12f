"""Show how far training is, and measure what it took.

On a terminal there is a bar, elsewhere a line after five seconds and then one a minute.
With PROGRESS=lines there are lines on a terminal too, because the bars of several runs would overwrite each other.
"""

import os
import platform
import resource
import sys

import torch
from tqdm import tqdm

FIRST_LINE, NEXT_LINES = 5.0, 60.0  # seconds


class Lines(tqdm):
    """Lines instead of a bar, which would be drawn over itself."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        print(self, file=sys.stderr, flush=True)
        self.mininterval = NEXT_LINES

    def close(self) -> None:
        self.disable = True


def progress_bar(name: str, steps: int, done: int) -> tqdm:
    """The display of the run `name`. `done` of its `steps` were trained before an interruption."""
    if done:
        print(f"{name} goes on from step {done:,} of {steps:,}", file=sys.stderr)
    if sys.stderr.isatty() and os.environ.get("PROGRESS") != "lines":
        return tqdm(desc=name, total=steps, initial=done, unit="step", mininterval=0.5)
    line = "{desc}: step {n:,} of {total:,}, {rate_noinv:.1f} steps/s, {remaining} to go{postfix}"
    waiting = {"delay": FIRST_LINE, "mininterval": FIRST_LINE, "miniters": 1}
    return Lines(desc=name, total=steps, initial=done, bar_format=line, **waiting)


def timing(seconds: float, steps: int, device: torch.device) -> dict[str, float | str]:
    """`metrics/timing/NET/RECIPE/SEED.json` of a run of `steps` steps that took `seconds`."""
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    result: dict[str, float | str] = {
        "seconds": round(seconds, 2),
        "steps_per_second": round(steps / seconds, 1),
        "peak_memory_mb": round(peak_bytes / 2**20),
        "python": platform.python_version(),
    }
    if device.type == "cuda":
        result["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20)
        result["cuda"] = torch.version.cuda or ""
    return result
