"""The clones that tests work in."""

import contextlib
import fcntl
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import stage  # noqa: F401  before the two lines below: what it does at Ctrl-C and SIGTERM is not for pytest

import pytest
from clone import Clone
from dvc.repo import Repo
from small_run import small_run

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores Ctrl-C; ours must not
signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone.of_tree(tmp_path / "clone")


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory, worker_id) -> Clone:
    """A clone in which the whole pipeline has run, committed; of several workers the first makes it for all."""
    base = tmp_path_factory.getbasetemp()
    common = (base if worker_id == "master" else base.parent) / "small-run"
    with common.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not common.exists():
            small_run(common.with_suffix(".making")).path.rename(common)
    folder = tmp_path_factory.mktemp("small") / "clone"
    shutil.copytree(common, folder, symlinks=True)
    return Clone(folder)


@pytest.fixture
def unchanged(rebuilt) -> Iterator[Clone]:
    """The same clone, put back after the test."""
    commit = rebuilt.run("git rev-parse HEAD").stdout.strip()
    yield rebuilt
    rebuilt.run(
        f"git reset -q --hard {commit} && git clean -qfd && git clean -qfdx src metrics plots .dvc/config.local"
    )
    with contextlib.chdir(rebuilt.path), Repo() as repo:  # as `dvc checkout`, in this process
        repo.checkout(force=True)
