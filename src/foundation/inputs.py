"""What a stage reads must still be there when it writes.

DVC records code, parameters and data as they are after a stage has run. If they changed meanwhile, `dvc.lock` would
name what has not made the result, and nobody could ever see it: the stage would not even go stale.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from foundation.effect_free import EFFECT_FREE
from foundation.errors import UserError
from foundation.start import CODE, SRC, sha256

Value = TypeVar("Value")


def code_in_use() -> dict[str, str]:
    """The project's modules that this process has imported and that can change a result, with their sha256.

    With them what lies beside a module under its name, such as the template of a page.
    """
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    modules = {Path(file).relative_to(SRC).with_suffix("") for file in files if file and SRC in Path(file).parents}
    names = {name for name in CODE if Path(name.partition(".")[0]) in modules}
    return {name: CODE[name] for name in sorted(names - EFFECT_FREE.keys())}


class Inputs:
    """What a stage has read, and how it was then."""

    def __init__(self) -> None:
        self._files: dict[Path, str] = {}
        self._values: list[tuple[str, Callable[[], object], object]] = []

    def file(self, path: str | Path) -> Path:
        """`path`, which is about to be read."""
        path = Path(path)
        if path.is_file():
            self._files[path] = sha256(path)
        return path

    def digest(self, path: str | Path) -> str:
        """The sha256 that `path` had when it was read."""
        return self._files[Path(path)]

    def value(self, name: str, read: Callable[[], Value]) -> Value:
        """What `read` returns, now and at the end; `name` says to the user where it is from."""
        value = read()
        self._values.append((name, read, value))
        return value

    def check_unchanged(self, kept: str = "") -> None:
        """Raise `UserError` that names what is no longer as it was read; `kept`: what is not lost."""
        changed = [f"src/{name}" for name, digest in code_in_use().items() if not _is(SRC / name, digest)]
        changed += [str(path) for path, digest in self._files.items() if not _is(path, digest)]
        changed += [name for name, read, value in self._values if not _returns(read, value)]
        if changed:
            raise UserError(
                f"{', '.join(changed)} changed while this ran, so nothing is written: DVC would take the result for "
                f"that of the change{kept}. Put it back and run this again, or run this again to go on with the change"
            )


def _is(path: Path, digest: str) -> bool:
    try:
        return sha256(path) == digest
    except OSError:
        return False


def _returns(read: Callable[[], object], value: object) -> bool:
    try:
        return read() == value
    except UserError:
        return False
