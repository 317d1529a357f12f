"""Go on with a training run that was cut short, from the state that it has saved in `.cache/training/`.

A state belongs to one configuration: everything that determines the result. Its file is named after that, so the
states of other configurations are neither used nor changed. The state after the last step stays, too: whoever ends the
process, or DVC, before DVC has recorded the result needs no more than to run it again.
"""

import hashlib
import io
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from foundation.atomic import replacing, write_text

FOLDER = Path(".cache/training")
SHARE = 0.005  # of the training time that saving may take
KEPT, KEPT_DAYS = 3, 30  # how many states of a run whose result is not recorded, the newest, and for how long
DIGEST_BYTES = hashlib.sha256().digest_size


class SavedState:
    """The file with the state of one training run."""

    def __init__(self, run: str, configuration: dict):
        """`configuration`: all that determines the result, as JSON would hold it."""
        self._key = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
        self.path = FOLDER / f"{run}-{self._key[:32]}.state"
        self.step = 0  # the last one saved
        self._interval = 1.0  # seconds; doubled each time until saving has its share, so that little is lost early on
        self._next = time.monotonic() + self._interval

    def load(self) -> dict | None:
        """What `save` was given last, its tensors on the CPU; None, and a line if it is damaged, when there is none."""
        try:
            with self.path.open("rb") as file:
                digest, content = file.read(DIGEST_BYTES), file.read()
        except FileNotFoundError:
            return None
        if hashlib.sha256(self._key.encode() + content).digest() != digest:
            print(f"{self.path} is damaged or of another run: training starts at the beginning", file=sys.stderr)
            return None
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        self.step = state["step"]
        return state

    def is_due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() >= self._next

    def save(self, state: dict) -> None:
        """Save `state`: numbers, texts, tensors, lists and dicts of them; `step` is the number of steps done."""
        start = time.monotonic()
        content = io.BytesIO()
        torch.save(state, content)
        try:
            with replacing(self.path) as file:
                digest = hashlib.sha256(self._key.encode())
                digest.update(content.getbuffer())
                file.write(digest.digest())
                file.write(content.getbuffer())
            self.step = state["step"]
        except OSError as error:  # a full disk should not end a run that may still fit its results
            print(f"training goes on, but its state at step {state['step']} is not saved: {error}", file=sys.stderr)
        now = time.monotonic()
        self._interval = min(2 * self._interval, (now - start) / SHARE)
        self._next = now + self._interval

    def note_result(self, checkpoint: Path) -> None:
        """Note that the state has led to `checkpoint`, by which `remove_recorded` will know it."""
        with checkpoint.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        write_text(self.path.with_suffix(".md5"), md5)


def remove_recorded(run: str) -> None:
    """Remove the states whose results `dvc.lock` has, those of long ago, and of `run`'s all but the newest few."""
    lock = Path("dvc.lock")
    recorded = lock.read_text(encoding="utf-8", errors="replace") if lock.exists() else ""
    states = {}
    for path in FOLDER.glob("*.state"):
        with suppress(FileNotFoundError):  # another process does the same
            note, states[path] = path.with_suffix(".md5"), path.stat().st_mtime
            if note.exists() and f"md5: {note.read_text()}" in recorded:
                _remove(path)
    of_run = sorted((path for path in states if path.stem[:-33] == run), key=states.get)
    too_old = time.time() - KEPT_DAYS * 86_400
    for path in {*of_run[:-KEPT], *(path for path, modified in states.items() if modified < too_old)}:
        _remove(path)


def _remove(state: Path) -> None:
    state.unlink(missing_ok=True)
    state.with_suffix(".md5").unlink(missing_ok=True)
