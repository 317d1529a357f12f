"""What comes before anything else is imported; every file that can be run imports this first.

The code is noted as it stands, so that `inputs` can tell whether it was edited while the stage ran.
Ctrl-C while modules are imported, which takes seconds, ends in one line instead of a traceback; SIGTERM in another.
A stage ends with the DVC that has started it, as by SIGTERM.
OpenMP, which PyTorch brings along, is told how its threads wait for each other.
"""

import hashlib
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn

import psutil

SRC = Path(__file__).parents[1]

# GNU's OpenMP lets a thread that waits spin 300,000 times before it sleeps. Beside other work on the same cores that
# takes the time which the thread it waits for needs: with 20,000 Net2 and Net3 are 1.8 times as fast there, and lose at
# most 2 % on an idle machine (benchmarks/waiting.md). No result depends on it.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _one_line_for_ctrl_c(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


def _end_with_dvc() -> None:
    """SIGTERM to this process when the DVC that has started it is gone, looked at five times a second.

    Between the two there may be a shell, which has DVC_STAGE in its environment, as DVC itself has not.
    """
    with suppress(psutil.Error):
        child = psutil.Process()
        while (dvc := child.parent()) and "DVC_STAGE" in dvc.environ():
            child = dvc
        while dvc and child.is_running() and child.ppid() == dvc.pid:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)


def _end_at_sigterm(number: int, frame: FrameType | None) -> NoReturn:
    print("terminated", file=sys.stderr)
    sys.exit(143)


sys.excepthook = _one_line_for_ctrl_c
signal.signal(signal.SIGTERM, _end_at_sigterm)
if "DVC_STAGE" in os.environ:  # else whoever has started it by hand may well want it to outlive the shell
    threading.Thread(target=_end_with_dvc, daemon=True).start()
FILES = [path for suffix in ("py", "jinja") for path in SRC.rglob(f"*.{suffix}")]
CODE = {path.relative_to(SRC).as_posix(): sha256(path) for path in FILES}
