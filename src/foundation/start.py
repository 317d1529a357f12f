"""What comes before anything else is imported; every stage imports this first.

The code is noted as it stands, so that `inputs` can tell whether it was edited while the stage ran.
Ctrl-C while modules are imported, which takes seconds, ends in one line instead of a traceback.
"""

import hashlib
import sys
from pathlib import Path
from types import TracebackType

SRC = Path(__file__).parents[1]


def code_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _one_line_for_ctrl_c(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _one_line_for_ctrl_c
FILES = [path for suffix in ("py", "jinja") for path in SRC.rglob(f"*.{suffix}")]
CODE = {path.relative_to(SRC).as_posix(): code_digest(path) for path in FILES}
