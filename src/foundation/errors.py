"""Errors meant for the user: one line that says what is wrong and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something the user can put right. Its text is the one line they see."""


def reason(error: object) -> str:
    """The first line of what `error` says, or its type where it says nothing; at most 200 printable characters."""
    text = str(error).strip().partition("\n")[0].rstrip(": ") or type(error).__name__
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 200 else text[:198] + " …"


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with one line on stderr, not a traceback, where the user can put things right.

    Exit status 1 for a `UserError` or an operating system's error (disk full, no permission), 130 for Ctrl-C.
    Anything else is a defect of ours and keeps its traceback.
    """
    try:
        yield
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt as error:
        print(": ".join(["interrupted", *map(str, error.args)]), file=sys.stderr)
        sys.exit(130)
