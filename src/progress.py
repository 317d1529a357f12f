"""Show how far training is, and measure what it took.

On a terminal there is a bar, elsewhere a line after five seconds and then one a minute.
With PROGRESS=lines there are lines on a terminal too, because the bars of several runs would overwrite each other.
"""

import os
import platform
import resource
import sys
import time

import torch
from tqdm import tqdm

FIRST_LINE, NEXT_LINES = 5.0, 60.0  # seconds


class Progress:
    """What is shown of one training run."""

    def __init__(self, name: str, epochs: int):
        self.name, self.epochs = name, epochs

    def begin(self, steps: int, done: int) -> None:
        """Start the display. `done` of the `steps` were trained before an interruption."""
        if done:
            print(f"{self.name} goes on from step {done:,} of {steps:,}", file=sys.stderr)
        lines = os.environ.get("PROGRESS") == "lines" or None  # None: unless stderr is a terminal
        self._bar = tqdm(total=steps, initial=done, desc=self.name, unit="step", disable=lines, mininterval=0.5)
        self._steps, self._done = steps, done
        self._start = time.perf_counter()
        self._next_line = self._start + FIRST_LINE

    def show(self, step: int, epoch: int, rows: list) -> None:
        """`step` is done. `rows` are the log rows so far; the last one's loss and accuracy are shown."""
        latest = f"loss {rows[-1].loss:.3f}, accuracy {rows[-1].accuracy:.1f} %" if rows else ""
        if not self._bar.disable:
            self._bar.set_postfix_str(latest, refresh=False)
            self._bar.update()
            if step == self._steps:
                self._bar.close()
            return
        now = time.perf_counter()
        if now >= self._next_line:
            self._next_line = now + NEXT_LINES
            speed = (step - self._done) / (now - self._start)
            parts = [f"{self.name} epoch {epoch}/{self.epochs}, step {step:,}/{self._steps:,}", latest]
            parts += [f"{speed:.1f} steps/s", f"{tqdm.format_interval((self._steps - step) / speed)} to go"]
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)


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
