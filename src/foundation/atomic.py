"""Write files whole or not at all: into a file beside, which then takes the name."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pandas as pd  # takes half a second, and only its method is used here


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file to write to, which becomes `path` when the block ends well and vanishes when it does not.

    Each writer has a file of its own, so that of two at once none changes what the other has published.
    Raises `OSError` that names `path`, for example when the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _new_and_locked(beside) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(beside)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def _new_and_locked(path: Path) -> BinaryIO:
    """A new file, on which there is a lock until it is closed, however the process ends."""
    while True:
        file = path.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return file
        file.close()  # before it was locked another process took it for abandoned


def _remove_abandoned(path: Path) -> None:
    """Delete what killed writers of `path` have left beside it: the files on which no process holds a lock."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError), left.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    with replacing(path) as file:
        file.write(content)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, with `\\n` line ends on every system."""
    write_bytes(path, text.encode())


def write_csv(path: str | Path, table: pd.DataFrame, index: bool = False) -> None:
    write_text(path, table.to_csv(index=index, lineterminator="\n"))


def write_json(path: str | Path, value: object) -> None:
    write_text(path, as_json(value))


def as_json(value: object) -> str:
    """Indented, keys in the order given."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
