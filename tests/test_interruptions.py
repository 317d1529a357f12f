"""Killed processes, full disks, edits meanwhile and two runs at once: the same bytes in the end, or one clear line."""

import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from clone import Clone
from small_run import RECIPE, forget

from run import Run

RUN = Run("mine", "test", 0)
RESULTS = ("models", "plots/loss", "metrics/train")
# At the end of src/saved_state.py, which no stage depends on: a state at each of the 38 log rows, for four seconds.
SAVING_OFTEN = "SavedState.is_due = lambda self: time.sleep(0.1) or True\n"
GOES_ON = re.compile(rf"^{RUN} goes on from step (\d+) of 74$", re.MULTILINE)


@pytest.fixture(scope="module")
def untrained(rebuilt, tmp_path_factory) -> Clone:
    """A clone that has the images, and the results of all runs but `RUN`."""
    clone = rebuilt.git_clone(tmp_path_factory.mktemp("untrained") / "clone")
    clone.append("src/saved_state.py", SAVING_OFTEN)
    forget(clone, f"train@{RUN}", f"evaluate@{RUN}")
    clone.run("git rm -q " + " ".join(RUN.file(folder) for folder in RESULTS if folder != "models"))
    clone.run("dvc repro fetch")
    clone.commit()
    return clone


@pytest.fixture
def clone(untrained) -> Iterator[Clone]:
    """The same clone, put back after the test."""
    yield untrained
    untrained.run("git reset -q --hard && git clean -qfd && git clean -qfdx models metrics plots && rm -rf .cache")
    untrained.run("rm -rf .dvc/cache/runs")  # or DVC remembers what the stage has given, and does not run it again


def results(clone: Clone) -> list[bytes]:
    return [(clone.path / RUN.file(folder)).read_bytes() for folder in RESULTS]


@contextmanager
def started(clone: Clone, command: str) -> Iterator[subprocess.Popen]:
    """`command` running in a process group of its own, of which nothing is left after the block."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command.split(), cwd=clone.path, env=clone.environment(), start_new_session=True,
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
    before = states(clone)
    end = time.monotonic() + 120
    while states(clone) == before:
        assert process.poll() is None, process.output()
        assert time.monotonic() < end, process.output()
        time.sleep(0.01)


def states(clone: Clone) -> set[int]:
    """When each was saved."""
    return {path.stat().st_mtime_ns for path in (clone.path / ".cache/training").glob("*.state")}


def test_after_ctrl_c_sigterm_and_a_kill_of_all_processes_dvc_goes_on_to_the_same_bytes(rebuilt, clone):
    with started(clone, f"dvc repro train@{RUN}") as first:
        wait_for_a_state(clone, first)
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait(60) != 0
        assert re.search(r"^interrupted: .*step \d+ of 74$", first.output(), re.MULTILINE)
        assert "Traceback" not in first.output()
    with started(clone, f"python src/train.py {RUN.net} {RUN.recipe} {RUN.seed}") as second:
        wait_for_a_state(clone, second)
        second.terminate()  # as schedulers and shutdowns end a process
        assert second.wait(60) == 143, second.output()
        (step,) = re.findall(r"^terminated: .*step (\d+) of 74$", second.output(), re.MULTILINE)
    with started(clone, f"dvc repro train@{RUN}") as third:
        wait_for_a_state(clone, third)
        assert GOES_ON.search(third.output())[1] == step
        os.killpg(third.pid, signal.SIGKILL)
    assert GOES_ON.search(clone.run(f"dvc repro train@{RUN}").stderr)
    assert results(clone) == results(rebuilt)


def test_when_dvc_is_killed_its_training_goes_on_and_is_not_done_again(rebuilt, clone):
    """Meanwhile a second `dvc repro` says so in one line, and afterwards DVC takes the result without training."""
    with started(clone, f"dvc repro train@{RUN}") as dvc:
        wait_for_a_state(clone, dvc)
        training = int(clone.read(f".cache/locks/train@{RUN}.lock"))
        os.kill(training, signal.SIGSTOP)  # so that it is still at it, however slow what follows is
        dvc.kill()
        dvc.wait()
        second = clone.run(f"dvc repro train@{RUN}", check=False)
        assert second.returncode != 0
        (line,) = re.findall(r"^error: .*$", second.stderr, re.MULTILINE)
        assert str(training) in line
        os.kill(training, signal.SIGCONT)
        end = time.monotonic() + 120
        while not list((clone.path / ".cache/training").glob("*.done")):
            assert time.monotonic() < end, dvc.output()
            time.sleep(0.01)
    assert results(clone) == results(rebuilt)
    assert GOES_ON.search(clone.run(f"dvc repro train@{RUN}").stderr)[1] == "74"
    assert results(clone) == results(rebuilt)
    assert f"train@{RUN}" in clone.read("dvc.lock")


def test_what_is_edited_during_training_is_not_recorded_with_its_result(rebuilt, clone):
    """Code, net, images and recipe; once they are put back, the trained state gives the result."""
    files = ["data/train.npz", "src/training/loop.py", "src/nets/mine.py", "params.yaml"]
    before = {name: (clone.path / name).read_bytes() for name in files}
    lock = clone.read("dvc.lock")
    with started(clone, f"dvc repro train@{RUN}") as process:
        wait_for_a_state(clone, process)
        for name in files[:3]:
            clone.append(name)
        clone.append("README.md")  # which is no input
        clone.set_params({"recipes.test.learning_rate": 0.02, "recipes.other.learning_rate": 0.02})
        assert process.wait(120) != 0
        (changed,) = re.findall(r"^error: (.*) changed while the stage ran", process.output(), re.MULTILINE)
        assert changed.split(", ") == [*files[:3], "params.yaml: recipes.test"]
        assert "Traceback" not in process.output()
    assert clone.read("dvc.lock") == lock
    assert not any((clone.path / RUN.file(folder)).exists() for folder in RESULTS)

    for name, content in before.items():
        (clone.path / name).write_bytes(content)
    assert GOES_ON.search(clone.run(f"dvc repro train@{RUN}").stderr)[1] == "74"
    assert results(clone) == results(rebuilt)


def test_a_full_disk_ends_training_in_one_line_and_leaves_no_half_file(clone):
    """A limit on the size of files stands in for the disk: both end in an OSError at some write."""
    train = clone.run(f"bash -c 'ulimit -f 20; python src/train.py {RUN.net} {RUN.recipe} {RUN.seed}'", check=False)
    assert train.returncode == 1
    assert "File too large: '.cache/training/" in train.stderr.splitlines()[-1]
    assert "Traceback" not in train.stderr
    written = [path.name for name in ("models", ".cache", "metrics/train") for path in (clone.path / name).rglob(".*")]
    assert set(written) <= {".gitignore"}
    assert not (clone.path / RUN.file("models")).exists()


@pytest.mark.long
@pytest.mark.parametrize("net", ["net1", "net2", "net3", "net3_no_bn"])
def test_every_net_killed_at_random_moments(clone, net):
    """SIGKILL by turns soon after a saved state and while the process starts; with augmentation and bfloat16."""
    changes = {"batch_size": 20, "epochs": 6, "augmentation": {"flip": 0.5, "shift": 3}, "allow_bfloat16": True}
    clone.set_params({"recipes.test": RECIPE | changes, "compare.nets": [net]})
    command, chance = f"python src/train.py {net} test 5", random.Random(net)
    files = [clone.path / Run(net, "test", 5).file(folder) for folder in RESULTS]
    clone.run(command)
    expected = [path.read_bytes() for path in files]
    clone.run("rm -rf .cache")
    for i in range(20):
        with started(clone, command) as process:
            if i % 2 == 0:
                wait_for_a_state(clone, process)
            time.sleep(chance.uniform(0, 0.3 if i % 2 == 0 else 3))
    assert "goes on from step" in clone.run(command).stderr
    assert [path.read_bytes() for path in files] == expected
