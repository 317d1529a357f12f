"""Write a file whole or not at all: first a temporary file beside it, which is then renamed."""

import json
import os
from pathlib import Path

import pandas as pd


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`; raises `OSError` that names `path`, for example when the disk is full."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, with `\\n` line ends on every system."""
    write_bytes(path, text.encode())


def write_csv(path: str | Path, table: pd.DataFrame, index: bool = False) -> None:
    write_text(path, table.to_csv(index=index, lineterminator="\n"))


def write_json(path: str | Path, value: object) -> None:
    """Indented, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
