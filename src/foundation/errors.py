"""Errors meant for the user: one line that says what is wrong and what to do."""

import atexit
import errno
import signal
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


class Terminated(BaseException):
    """SIGTERM, with which schedulers and shutdowns end a process, once it has saved what it can."""


def is_of_the_system(error: BaseException) -> bool:
    """Whether the system failed, not what was read: a lack of memory, no permission, a broken disk.

    The readers of archives have `OSError`s of their own, without a number, for damage, and damaged offsets lead them to
    EINVAL.
    """
    is_numbered = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
    return is_numbered or is_out_of_memory(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says so; PyTorch has errors of its own for it, on the CPU and on a GPU."""
    texts = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
    )


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with one line on stderr, not a traceback, where the user can put things right.

    Exit status 1 for a `UserError`, an operating system's error (disk full, no permission) or a lack of memory, 130 for
    Ctrl-C, 143 for SIGTERM. Anything else is a defect of ours and keeps its traceback. What comes after is Python's own
    end, which both signals leave alone: nothing is left to stop, and PyTorch's part in it would end in a traceback.
    """
    try:
        yield
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt as error:
        print(": ".join(["interrupted", *map(str, error.args)]), file=sys.stderr)
        sys.exit(130)
    except Terminated as error:
        print(f"terminated: {error}", file=sys.stderr)
        sys.exit(143)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        sys.exit(f"error: out of memory ({reason(error)})")
    finally:
        atexit.register(_ignore_signals)  # now: the last registered comes first


def _ignore_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
