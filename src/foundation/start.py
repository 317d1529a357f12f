"""What comes before anything else is imported; every stage imports this first.

The code is noted as it stands, so that `inputs` can tell whether it was edited while the stage ran.
Ctrl-C while modules are imported, which takes seconds, ends in one line instead of a traceback.
OpenMP, which PyTorch brings along, is told how its threads wait for each other.
"""

import hashlib
import os
import sys
from pathlib import Path
from types import TracebackType

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


sys.excepthook = _one_line_for_ctrl_c
FILES = [path for suffix in ("py", "jinja") for path in SRC.rglob(f"*.{suffix}")]
CODE = {path.relative_to(SRC).as_posix(): sha256(path) for path in FILES}
