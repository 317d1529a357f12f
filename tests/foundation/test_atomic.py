import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foundation import atomic
from foundation.atomic import replacing, write_bytes, write_json

SRC = Path(atomic.__file__).parents[1]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_appears_whole(tmp_path):
    write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "new" / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'
    assert names(tmp_path / "new") == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail_halfway():
        with replacing(tmp_path / "a") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_two_writers_do_not_write_into_one_file(tmp_path):
    path = tmp_path / "a"
    with replacing(path) as slow:
        slow.write(b"slow, ")
        with replacing(path) as quick:
            quick.write(b"quick")
        slow.write(b"but whole")
        slow.flush()
        assert path.read_bytes() == b"quick"
    assert path.read_bytes() == b"slow, but whole"
    assert names(tmp_path) == ["a"]


def test_what_killed_writers_leave_is_removed_and_what_living_ones_write_is_not(tmp_path):
    write = f"""
from foundation.atomic import replacing
with replacing({str(tmp_path / "a")!r}) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    input()
"""
    command = [sys.executable, "-c", write]
    with subprocess.Popen(command, cwd=SRC, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        (half,) = tmp_path.iterdir()
        write_bytes(tmp_path / "a", b"whole")
        assert half.read_bytes() == b"half"
        writer.send_signal(signal.SIGKILL)
    write_bytes(tmp_path / "other", b"")
    assert half.exists()
    write_bytes(tmp_path / "a", b"whole again")
    assert sorted(names(tmp_path)) == ["a", "other"]


def test_a_file_that_was_taken_for_abandoned_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    lock, calls = atomic.fcntl.flock, []

    def late(file, how):
        calls.append(how)
        if len(calls) == 1:
            os.unlink(file.name)
        lock(file, how)

    monkeypatch.setattr(atomic.fcntl, "flock", late)
    write_bytes(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert len(calls) == 2


@pytest.mark.parametrize("name", [".a.part", ".a.1.part"])
def test_a_symbolic_link_is_not_written_through(tmp_path, name):
    victim = tmp_path / "elsewhere" / "victim"
    write_bytes(victim, b"precious")
    (tmp_path / name).symlink_to(victim)
    write_bytes(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert not (tmp_path / "a").is_symlink()
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_not_a_number_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
