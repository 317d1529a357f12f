"""Killed processes, full disks and two runs at once: the same bytes in the end, or one clear line."""

import hashlib
import io
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import torch
from clone import Clone
from small_run import NETS, SAVING_OFTEN, SIX_EPOCHS
from zc.lockfile import LockError, LockFile

from results.run import Run

PARAMS = {"seeds": [0], "recipe": "test", "recipes.test": SIX_EPOCHS, "nets": NETS, "data.source": "digits"}


@pytest.fixture(scope="module")
def fetched(tmp_path_factory) -> Clone:
    """A clone that has the digits and no net yet; its training runs save their state as often as they can."""
    clone = Clone(tmp_path_factory.mktemp("fetched") / "clone")
    clone.append("src/training/resume.py", SAVING_OFTEN)
    clone.set_params(PARAMS)
    clone.run("dvc repro -q fetch")
    clone.commit()
    return clone


def put_back(clone: Clone) -> None:
    clone.run("git reset -q --hard && git clean -qfd && rm -rf .cache models/*/")
    clone.run("rm -rf .dvc/cache/runs")  # or DVC remembers what a stage gave and does not run it again


@pytest.fixture
def clone(fetched) -> Iterator[Clone]:
    """The same clone, put back after the test."""
    yield fetched
    put_back(fetched)


@pytest.fixture(scope="module")
def uninterrupted(fetched) -> list[bytes]:
    """Net1's results without an interruption."""
    fetched.run("python src/train.py net1-0")
    expected = results(fetched, "net1-0")
    assert json.loads(expected[2])["accuracy"] > 90  # so there is something to lose
    put_back(fetched)
    return expected


def results(clone: Clone, name: str) -> list[bytes]:
    run = Run.named(name)
    return [(clone.path / run.file(folder)).read_bytes() for folder in ("models", "plots/loss", "metrics/train")]


@contextmanager
def started(clone: Clone, *command: str, **environment: str) -> Iterator[subprocess.Popen]:
    """`command` running in a process group of its own, of which nothing is left after the block."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=clone.path, env=clone.environment() | environment, start_new_session=True,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        process.output = lambda: output.seek(0) or output.read()
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_a_state(clone: Clone, process: subprocess.Popen) -> None:
    """Until the training that `process` has begun saves a state."""
    before = saved_at(clone)
    end = time.monotonic() + 120
    while saved_at(clone) == before:
        assert process.poll() is None, process.output()
        assert time.monotonic() < end, process.output()
        time.sleep(0.01)


def saved_at(clone: Clone) -> list[int]:
    times = []
    for path in (clone.path / ".cache/training").glob("*.state"):
        with suppress(FileNotFoundError):
            times.append(path.stat().st_mtime_ns)
    return times


def test_after_ctrl_c_and_a_kill_of_all_processes_dvc_repro_goes_on_to_the_same_bytes(clone, uninterrupted):
    with started(clone, "dvc", "repro", "train@net1-0") as first:
        wait_for_a_state(clone, first)
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait(60) != 0
        assert re.search(r"^interrupted: run it again, and net1-0 goes on from step [\d,]+ of ", first.output(), re.M)
        assert "Traceback" not in first.output()
    with started(clone, "dvc", "repro", "train@net1-0") as second:
        wait_for_a_state(clone, second)
        os.killpg(second.pid, signal.SIGKILL)
    assert "net1-0 goes on from step" in clone.run("dvc repro train@net1-0").stderr
    assert results(clone, "net1-0") == uninterrupted


def test_sigterm_saves_says_from_where_it_goes_on_and_exits_with_143(clone, uninterrupted):
    """As schedulers and shutdowns end a process; also long before the first log row."""
    clone.set_params({"recipes.test.log_every": 287})  # a row an epoch, which changes no weight
    steps, between_rows = 0, []
    for _ in range(2):
        with started(clone, "python", "src/train.py", "net1-0") as process:
            wait_for_a_state(clone, process)
            process.terminate()
            assert process.wait(60) == 143, process.output()
            line = r"^terminated: run it again, and net1-0 goes on from step ([\d,]+) of 1,722$"
            (saved,) = re.findall(line, process.output(), re.M)
        assert int(saved.replace(",", "")) > steps
        steps = int(saved.replace(",", ""))
        between_rows.append(steps % 287 > 0)
    assert any(between_rows)  # one may be at the end of an epoch by chance
    clone.run("python src/train.py net1-0")
    assert weights(results(clone, "net1-0")[0]) == weights(uninterrupted[0])


def weights(checkpoint: bytes) -> dict[str, list]:
    tensors = torch.load(io.BytesIO(checkpoint), weights_only=True)["weights"]
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def wait_for(process: subprocess.Popen, text: str) -> None:
    """Until `process` has printed `text`."""
    end = time.monotonic() + 120
    while text not in process.output():
        assert process.poll() is None, process.output()
        assert time.monotonic() < end, process.output()
        time.sleep(0.01)


def test_what_is_edited_during_training_is_not_recorded_with_its_result(clone, uninterrupted):
    """Its code, its net, its parameters, its images; once they are put back, the trained state gives the result."""
    code = ["src/nets/net1.py", "src/training/loop.py"]
    before = {name: (clone.path / name).read_bytes() for name in (*code, "data/train.npz", "params.yaml")}
    lock = clone.read("dvc.lock")
    with started(clone, "dvc", "repro", "train@net1-0") as process:
        wait_for(process, "net1-0 on ")
        for name in (*code, "data/train.npz"):
            clone.append(name, "# edited\n")
        clone.set_params({"recipes.test.learning_rate": 0.002})
        assert process.wait(120) != 0
        (line,) = re.findall(r"^error: (.*) changed while this ran, so nothing is written: .*$", process.output(), re.M)
        assert line.split(", ") == list(before)
        assert "the trained state is kept" in process.output()
        assert "Traceback" not in process.output()
    assert clone.read("dvc.lock") == lock
    assert not (clone.path / "models/net1/0.pt").exists()

    for name, content in before.items():
        (clone.path / name).write_bytes(content)
    assert "net1-0 goes on from step 1,722 of 1,722" in clone.run("dvc repro train@net1-0").stderr
    assert results(clone, "net1-0") == uninterrupted


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_a_stage_ends_with_its_dvc_and_goes_on_to_the_same_bytes(clone, uninterrupted, shell):
    """Be there a shell between the two, as Debian's /bin/sh, or none."""
    chance = random.Random(shell)
    with started(clone, "dvc", "repro", "train@net1-0", SHELL=shell) as dvc:
        wait_for_a_state(clone, dvc)
        time.sleep(chance.uniform(0, 0.2))
        dvc.terminate()
        assert dvc.wait() == -signal.SIGTERM  # 143 to a shell
        wait_for_the_lock(clone)
        assert re.search(
            r"^terminated: run it again, and net1-0 goes on from step [\d,]+ of 1,722$", dvc.output(), re.M
        )
    with started(clone, "dvc", "repro", "train@net1-0", SHELL=shell) as dvc:
        wait_for(dvc, "net1-0 goes on from step")
        time.sleep(chance.uniform(0, 0.2))
        dvc.kill()
        dvc.wait()
        wait_for_the_lock(clone)
    assert "net1-0 goes on from step" in clone.run("dvc repro train@net1-0").stderr
    assert results(clone, "net1-0") == uninterrupted


def wait_for_the_lock(clone: Clone) -> None:
    """Until no process trains net1-0."""
    end = time.monotonic() + 120
    while True:
        with suppress(LockError), closing(LockFile(clone.path / ".cache/training/net1-0.lock")):
            return
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_stage_beside_dvc_is_found_out_and_not_done_again(clone, uninterrupted):
    """Somebody runs a stage by hand, so that `dvc.lock` lacks the result; meanwhile other edits."""
    states = clone.path / ".cache/training"
    with started(clone, "python", "src/train.py", "net1-0") as stage:
        wait_for(stage, "net1-0 on ")
        os.killpg(stage.pid, signal.SIGSTOP)  # so that it is still at it, however slow what follows is
        second = clone.run("dvc repro train@net1-0", check=False)
        assert second.returncode != 0
        assert f"error: process {stage.pid} is already training net1-0 in this folder" in second.stderr
        for name in ("src/foundation/errors.py", "src/nets/net2.py", "src/evaluate.py", "README.md"):
            clone.append(name, "# edited\n")
        clone.set_params({"recipes.reference.epochs": 6, "nets.net2.threads": 2})
        os.killpg(stage.pid, signal.SIGCONT)
        assert stage.wait(120) == 0, stage.output()
    assert results(clone, "net1-0") == uninterrupted
    checkpoint = hashlib.md5(uninterrupted[0]).hexdigest()
    assert checkpoint not in clone.read("dvc.lock")

    assert "net1-0 goes on from step 1,722 of 1,722" in clone.run("dvc repro train@net1-0").stderr
    assert results(clone, "net1-0") == uninterrupted
    assert checkpoint in clone.read("dvc.lock")

    clone.set_params({"recipes.test.epochs": 1})
    output = clone.run("dvc repro train@net1-0").stderr  # which finds the former recorded and removes it
    assert "goes on from" not in output
    assert len(list(states.glob("*.state"))) == len(list(states.glob("*.md5"))) == 1


def test_two_at_once(clone, uninterrupted):
    with started(clone, "dvc", "repro", "train@net1-0") as first:
        wait_for_a_state(clone, first)
        os.killpg(first.pid, signal.SIGSTOP)
        second = clone.run("dvc repro", check=False)
        os.killpg(first.pid, signal.SIGCONT)
        assert second.returncode != 0
        assert re.search(r"is busy, it is being blocked by:", second.stderr)
        assert first.wait(120) == 0, first.output()
    assert results(clone, "net1-0") == uninterrupted


def killed_at_random(clone: Clone, name: str, kills: int, seconds: float) -> None:
    """Train `name` with SIGKILLs at random moments: by turns up to `seconds` after a saved state and while starting."""
    chance = random.Random(name)
    command = "python", "src/train.py", name
    for i in range(kills):
        with started(clone, *command) as process:
            if i % 2:
                time.sleep(chance.uniform(0, 3))
            else:
                wait_for_a_state(clone, process)
                time.sleep(chance.uniform(0, seconds))
            assert process.poll() is None, f"ended before it was killed: {process.output()}"
    with started(clone, *command) as process:
        assert process.wait(600) == 0, process.output()
        assert f"{name} goes on from step" in process.output()


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("net1-0", {}),
        ("net2-0", {"epochs": 4}),
        ("net2-1", {"epochs": 4, "allow_bfloat16": True}),
        ("net3-0", {"epochs": 1, "log_every": 10}),
        ("net3_no_bn-1", {"epochs": 1, "log_every": 10}),
    ],
)
def test_every_net_killed_at_random_moments(clone, name, changes):
    clone.set_params({f"recipes.test.{key}": value for key, value in changes.items()})
    begin = time.monotonic()
    clone.run(f"python src/train.py {name}")
    seconds = time.monotonic() - begin
    expected = results(clone, name)
    killed_at_random(clone, name, kills=20, seconds=seconds / 40)
    assert results(clone, name) == expected


def test_a_full_disk_is_one_line_and_leaves_no_half_file(clone):
    """A limit on the size of files stands in for the disk: both end in an OSError at some write."""

    def limited(kilobytes: int, command: str) -> subprocess.CompletedProcess:
        return clone.run(f"bash -c 'ulimit -f {kilobytes}; {command}'", check=False)

    clone.set_params({"recipes.test.epochs": 1})
    clone.commit()
    images = sorted((clone.path / "data").glob("*.npz"))
    before = [path.read_bytes() for path in images]
    cache = sorted((clone.path / ".dvc/cache/files").rglob("*"))

    fetch = limited(1000, "python src/fetch.py")
    assert (fetch.returncode, fetch.stderr) == (1, "error: [Errno 27] File too large: 'data/train.npz'\n")
    assert [path.read_bytes() for path in images] == before

    repro = limited(240, "dvc repro train@net1-0")  # models/net1/0.pt has 253; DVC keeps small files of its own
    assert repro.returncode != 0
    assert "error: [Errno 27] File too large: 'models/net1/0.pt'\n" in repro.stderr
    assert "Traceback" not in repro.stderr
    assert sorted((clone.path / ".dvc/cache/files").rglob("*")) == cache

    left = [
        path.name for folder in ("data", "models", "metrics", "plots") for path in (clone.path / folder).rglob(".*")
    ]
    assert set(left) <= {".gitignore"}
