"""The state of a training run under way, in `.cache/training/`: what a run goes on from after an interruption.

A state belongs to one configuration, which is everything that determines the result. The file's name has
a hash of it, so a run never goes on from a state of other code, another recipe, data set or machine.
The last state is kept until dvc.lock has the result, so nothing is lost if DVC ends before.
"""

import hashlib
import io
import json
import sys
import time
from pathlib import Path

import torch

from errors import reading
from files import write_bytes

FOLDER = Path(".cache/training")
INTERVAL = 20  # seconds at least between two saved states
KEPT = 3  # states of one run that are kept, the newest


class SavedState:
    """The file with the state of one training run."""

    def __init__(self, run: str, configuration: dict):
        """`configuration`: all that determines the result, as JSON could hold it."""
        key = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:32]
        self.run, self.path = run, FOLDER / f"{run}-{key}.state"
        self.seconds = 0.0  # spent in training up to the last state
        self._saved_at = time.perf_counter()

    def load(self) -> dict | None:
        """What `save` was given last, with its tensors on the CPU; None where there is none."""
        _tidy(self.run, self.path.stem)
        paths = [self.path, *FOLDER.glob(f"{self.path.stem}.*.done")]
        if path := next((path for path in paths if path.exists()), None):
            with reading(path, "state of a training run", "delete it, and training starts at the beginning"):
                state = torch.load(path, map_location="cpu", weights_only=True)
                self.seconds = state["seconds"]
                return state
        return None

    def is_due(self) -> bool:
        return time.perf_counter() - self._saved_at >= INTERVAL

    def save(self, state: dict) -> None:
        """Save `state`: numbers, texts, tensors, lists and dicts of them."""
        self.seconds += time.perf_counter() - self._saved_at
        content = io.BytesIO()
        torch.save(state | {"seconds": self.seconds}, content)
        write_bytes(self.path, content.getvalue())
        self._saved_at = time.perf_counter()

    def note_result(self, checkpoint: str) -> None:
        """Mark the state as finished: `checkpoint` was written. Once dvc.lock has its md5, the state is removed."""
        with Path(checkpoint).open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        if self.path.exists():
            self.path.rename(self.path.with_suffix(f".{md5}.done"))


def _tidy(run: str, wanted: str) -> None:
    """Remove the states whose results dvc.lock has, and all but the one `wanted` and the newest few of `run`."""
    lock = Path("dvc.lock")
    recorded = lock.read_text(encoding="utf-8") if lock.exists() else ""
    for path in FOLDER.glob("*.done"):
        if path.stem.rpartition(".")[2] in recorded:
            path.unlink(missing_ok=True)
    states = sorted(FOLDER.glob(f"{run}-*"), key=lambda path: (path.stem.startswith(wanted), path.stat().st_mtime))
    for path in states[:-KEPT]:
        print(f"removed {path}: the newest {KEPT} states of {run} are kept", file=sys.stderr)
        path.unlink(missing_ok=True)
