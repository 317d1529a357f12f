"""Errors meant for the user: one line that says what is wrong and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something the user can put right. Its text is the one line that they see."""


def reason(error: object) -> str:
    """What `error` says in one line, or its type where it says nothing; at most 200 printable characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return printable(text if len(text) <= 200 else text[:198] + " …")


def printable(text: str) -> str:
    """`text` with a question mark for each character that could control a terminal or cannot be written to it."""
    return "".join(character if character.isprintable() else "?" for character in text)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; PyTorch has errors of its own for this, on the CPU and on a GPU."""
    texts = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(text in str(error) for text in texts)


@contextmanager
def reading(path: str | Path, kind: str, way_out: str) -> Iterator[None]:
    """Make a `UserError` of what goes wrong in the block because `path` is missing, damaged or no `kind`.

    Readers raise errors of any type for such a file. A lack of memory and errors of the system have other causes.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} is missing: {way_out}") from None
    except Exception as error:
        if isinstance(error, UserError) or is_out_of_memory(error) or (isinstance(error, OSError) and error.errno):
            raise
        raise UserError(f"{path} is damaged or no {kind} ({reason(error)}): {way_out}") from None
