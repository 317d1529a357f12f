import subprocess
import sys

import pytest

from foundation import start
from foundation.errors import Terminated, UserError, one_line_errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("no such net"), "error: no such net"),
        (OSError(28, "No space left on device", "a.npz"), "error: [Errno 28] No space left on device: 'a.npz'"),
        (KeyboardInterrupt(), 130),
        (Terminated("run it again"), 143),
        (MemoryError(), "error: out of memory (MemoryError)"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            "error: out of memory (DefaultCPUAllocator: can't allocate memory)",
        ),
    ],
)
def test_what_the_user_can_put_right_is_one_line(error, code):
    with pytest.raises(SystemExit) as exit_, one_line_errors():
        raise error
    assert exit_.value.code == code


def test_a_defect_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError
    with pytest.raises(RuntimeError), one_line_errors():
        raise RuntimeError("shapes cannot be multiplied")


def test_a_signal_while_python_ends_changes_nothing():
    """PyTorch has a function of its own called then, which a Ctrl-C would leave by a traceback."""
    program = """
import foundation.start, atexit, os, signal
from foundation.errors import one_line_errors
with one_line_errors():
    for number in (signal.SIGTERM, signal.SIGINT):
        atexit.register(os.kill, os.getpid(), number)
    print("done")
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=start.SRC, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
