"""The clones that tests work in, and the order in which they run."""

import contextlib
import fcntl
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from clone import Clone
from dvc.repo import Repo
from small_run import few_digits, small_run

# A shell's background job ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


REFERENCE = """\
This judges the results that are committed: dvc.lock, metrics/, plots/ and what README quotes of them are one run of one
state of code and params.yaml. If you have changed either on purpose, nothing is wrong with it, and the results become
yours by a run of your own: docs/changing-the-code.md.
Everything else is tested by: pytest -m "not long and not cluster and not reference\""""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What judges the committed results comes last."""
    items.sort(key=lambda item: item.get_closest_marker("reference") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and item.get_closest_marker("reference"):
        report.sections.append(("What to do", REFERENCE))
    return report


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture(scope="session")
def few(tmp_path_factory) -> tuple[dict[str, object], str]:
    """What params.yaml says for a short run on a few digits, and where these are."""
    folder = tmp_path_factory.mktemp("digits")
    return few_digits(folder), str(folder)


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory, few, worker_id) -> Clone:
    """A clone in which the whole pipeline has run, committed; of several workers the first makes it for all."""
    folder = tmp_path_factory.mktemp("first") / "clone"
    if worker_id == "master":
        return small_run(folder, *few)
    shared = tmp_path_factory.getbasetemp().parent / "small-run"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            made = small_run(shared.with_suffix(".making"), *few)
            (made.path / ".output").write_text(made.output)
            made.path.rename(shared)
    shutil.copytree(shared, folder, symlinks=True)
    clone = Clone.at(folder)
    clone.output = (folder / ".output").read_text()
    (folder / ".output").unlink()
    return clone


@pytest.fixture
def unchanged(rebuilt) -> Iterator[Clone]:
    """The same clone, put back after the test."""
    commit = rebuilt.run("git rev-parse HEAD").stdout.strip()
    yield rebuilt
    rebuilt.run(f"git reset -q --hard {commit} && git clean -qfd && git clean -qfdx src metrics plots")
    with contextlib.chdir(rebuilt.path), Repo() as repo:  # as `dvc checkout`, without its second to start
        repo.checkout(force=True)
