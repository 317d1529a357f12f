"""Go on with a training run that was cut short, from the state that it has saved in `.cache/training/`.

A state belongs to one configuration: everything that determines the result. Its file is named after that, so the
states of other configurations are neither used nor touched; whoever wants their disk space deletes the folder.
"""

import hashlib
import io
import json
import sys
import time
from pathlib import Path

import torch

from foundation.atomic import replacing
from foundation.effect_free import EFFECT_FREE

SRC = Path(__file__).parents[1]
FOLDER = Path(".cache/training")
SHARE = 0.005  # of the training time that saving may take
DIGEST_BYTES = hashlib.sha256().digest_size


def code_hash() -> str:
    """sha256 over the project's modules that this process has imported and that can change a result."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    names = {Path(file).relative_to(SRC).as_posix() for file in files if file and SRC in Path(file).parents}
    digest = hashlib.sha256()
    for name in sorted(names - EFFECT_FREE.keys()):
        digest.update(f"{name}\0".encode() + (SRC / name).read_bytes())
    return digest.hexdigest()


class SavedState:
    """The file with the state of one training run."""

    def __init__(self, net: str, configuration: dict):
        """`configuration`: all that determines the result, as JSON would hold it."""
        key = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()
        self.path = FOLDER / f"{net}-{key[:32]}.state"
        self.step = 0  # the last one saved
        self._next = time.monotonic()

    def load(self) -> dict | None:
        """What `save` was given last, its tensors on the CPU; None, and a line if it is damaged, when there is none."""
        try:
            with self.path.open("rb") as file:
                digest, content = file.read(DIGEST_BYTES), file.read()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content).digest() != digest:
            print(f"{self.path} is damaged: training starts at the beginning", file=sys.stderr)
            return None
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        self.step = state["step"]
        return state

    def is_due(self) -> bool:
        """Whether saving again would take less than `SHARE` of the time, judged by how long it took last."""
        return time.monotonic() >= self._next

    def save(self, state: dict) -> None:
        """Save `state`: numbers, texts, tensors, lists and dicts of them; `step` is the number of steps done."""
        start = time.monotonic()
        content = io.BytesIO()
        torch.save(state, content)
        try:
            with replacing(self.path) as file:
                file.write(hashlib.sha256(content.getbuffer()).digest())
                file.write(content.getbuffer())
            self.step = state["step"]
        except OSError as error:  # a full disk should not end a run that may still fit its results
            print(f"training goes on, but its state at step {state['step']} is not saved: {error}", file=sys.stderr)
        self._next = start + (time.monotonic() - start) / SHARE

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
