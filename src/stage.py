"""What each stage does around its work: a lock, one-line errors, and a check that its inputs stayed as they were.

    with stage("train", net="net1", recipe="reference", seed=0) as inputs:
        ...                        # read, compute
        inputs.check_unchanged()
        ...                        # write all outputs

DVC hashes a stage's dependencies after the stage has run. If one changed meanwhile, dvc.lock would record something
that did not make the result, and nobody could see it later. So a stage hashes them itself, before and after.

Each file that can be run imports this module before the modules that import torch and matplotlib.
"""

import fcntl
import hashlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from errors import UserError, is_out_of_memory, reason
from schema import read_yaml

# Settings of the user's environment under which the same inputs give other bytes, or training hangs.
for _name in ("MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE",
              "DNNL_DEFAULT_FPMATH_MODE", "ATEN_CPU_CAPABILITY", "OMP_THREAD_LIMIT", "OMP_DYNAMIC"):  # fmt: skip
    os.environ.pop(_name, None)
os.environ["MPLBACKEND"] = "Agg"  # figures go to files; a notebook's own setting fails in a script
# A terminal that lacks a letter shows "?" instead of ending the stage.
sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]

# A shell's background job ignores Ctrl-C, and that stays so. The shell of a Slurm job ignores SIGTERM too, but the
# scheduler sends SIGTERM to stop the training, so a stage handles it.
SIGNALS = [signal.SIGTERM]
if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    SIGNALS.append(signal.SIGINT)


def end_by(number: int, message: str = "") -> NoReturn:
    """End the process after the signal `number` with one line, and exit status 130 for Ctrl-C or 143 for SIGTERM."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # a second signal would only add a traceback
    word = "interrupted" if number == signal.SIGINT else "terminated"
    print(f"{word}: {message}" if message else word, file=sys.stderr)
    sys.exit(128 + number)


for _number in SIGNALS:
    signal.signal(_number, lambda number, _: end_by(number))


def defer_signals() -> list[int]:
    """A list to which Ctrl-C and SIGTERM are appended from now on. The caller decides when to end."""
    received: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda number, _: received.append(number))
    return received


class Inputs:
    """What a stage reads by its declaration in dvc.yaml: `values` has the sha256 or value of each."""

    def __init__(self, stage: str, item: dict[str, object]):
        self._stage, self._item = stage, item
        self.values = declared_inputs(stage, item)

    def check_unchanged(self) -> None:
        """Raise `UserError` that names the inputs that have changed since the stage began."""
        now = declared_inputs(self._stage, self._item)
        changed = [name for name in self.values | now if self.values.get(name) != now.get(name)]
        if changed:
            raise UserError(
                f"{', '.join(changed)} changed while the stage ran, so nothing is written: "
                "dvc.lock would record the change, which did not make this result. Run it again"
            )


@contextmanager
def stage(name: str, **item: object) -> Iterator[Inputs]:
    """Run the block as the stage `name` of dvc.yaml for the matrix `item`, once at a time in this folder.

    The process ends with one line on stderr and exit status 1 for a `UserError`, an error of the operating system
    (disk full, no permission) and a lack of memory. Any other error is a defect and keeps its traceback.
    """
    label = f"{name}@{'-'.join(map(str, item.values()))}" if item else name
    with one_line_errors(), _lock(label):
        yield Inputs(name, item)


@contextmanager
def one_line_errors() -> Iterator[None]:
    try:
        yield
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        sys.exit(f"error: out of memory ({reason(error)}): try a smaller batch_size in params.yaml, or another device")


@contextmanager
def _lock(label: str) -> Iterator[None]:
    """Hold the lock of a stage. DVC's own is not enough: when DVC is killed, the stage that it started goes on."""
    path = Path(f".cache/locks/{label}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip() or "unknown"
            raise UserError(
                f"{label} already runs in this folder, as process {process}: let it end, or stop it (kill {process})"
            ) from None
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield


def declared_inputs(stage: str, item: dict[str, object]) -> dict[str, object]:
    """The sha256 of each file that `stage` depends on by dvc.yaml and the value of each parameter, by their names."""
    params = read_yaml("params.yaml")
    definition = read_yaml("dvc.yaml")["stages"][stage]

    def filled(text: str) -> str:
        return re.sub(r"\$\{(.+?)\}", lambda match: str(_value(params | {"item": item}, match[1])), text)

    values = {f"params.yaml: {filled(key)}": _value(params, filled(key)) for key in definition.get("params", [])}
    return dict(pair for path in definition["deps"] for pair in _sha256s(Path(filled(path)))) | values


def _value(values: object, dotted: str) -> object:
    for key in dotted.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _sha256s(path: Path) -> Iterator[tuple[str, str]]:
    """Path and sha256 of a file, or of each file in a folder that .dvcignore does not name."""
    if path.is_dir():
        for inside in sorted(path.iterdir()):
            if not (inside.name.startswith(".") or inside.name.endswith(("~", "__pycache__"))):
                yield from _sha256s(inside)
    elif path.is_file():
        with path.open("rb") as file:
            yield str(path), hashlib.file_digest(file, "sha256").hexdigest()
