"""Show how far training is: a bar on a terminal, elsewhere a line after five seconds and then one a minute.

With PROGRESS=lines there are lines on a terminal too, because the bars of several runs would overwrite each other.
"""

import os
import sys
import time

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
            parts += [f"{speed:.1f} steps/s", f"{duration((self._steps - step) / speed)} to go"]
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """`seconds` as people read them: 40 s, 12 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
