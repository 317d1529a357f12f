"""Keep two processes from doing the same thing in one folder.

DVC's own lock does not do: when DVC is killed, the stage that it has started goes on.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from zc.lockfile import LockError, LockFile

from foundation.errors import UserError


@contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock on `path` while the block runs, and however the process ends.

    Raises `UserError` that says what another process is `doing`, for example "training net1-0", while that one has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():  # the process id would be written to wherever it points
        raise UserError(f"{path} is a symbolic link, and a lock is a file of its own: remove it")
    try:
        lock = LockFile(path)
    except LockError:
        process = path.read_text().strip()  # empty for a moment after the other has taken it
        who, kill = (f"process {process}", f" (kill {process})") if process else ("another process", "")
        raise UserError(
            f"{who} is already {doing} in this folder: let it end, or stop it{kill}, then run this again"
        ) from None
    with closing(lock):
        yield
