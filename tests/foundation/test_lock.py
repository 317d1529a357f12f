import os
import subprocess
import sys
from pathlib import Path

import pytest

from foundation import lock
from foundation.errors import UserError


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "new folder" / "net1.lock"
    hold = f"""
import pathlib
from foundation import lock
with lock.held(pathlib.Path({str(path)!r}), "training net1"):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(lock.__file__).parents[1]
    ) as other:
        other.stdout.readline()
        message = f"process {other.pid} is already training net1 in this folder: let it end, or stop it"
        with pytest.raises(UserError, match=message), lock.held(path, "training net1"):
            pass
        other.kill()
        other.wait()
        with lock.held(path, "training net1"):
            assert path.read_text().strip() == str(os.getpid())


def test_a_symbolic_link_is_not_written_through(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "net1.lock").symlink_to(tmp_path / "victim")
    with (
        pytest.raises(UserError, match=r"net1.lock is a symbolic link, and a lock is a file of its own: remove it"),
        lock.held(tmp_path / "net1.lock", "training net1"),
    ):
        pass
    assert (tmp_path / "victim").read_text() == "precious"
