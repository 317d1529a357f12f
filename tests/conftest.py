"""The clones that tests work in."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from clone import Clone
from dvc.repo import Repo
from small_run import few_digits, small_run

# A shell's background job ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture(scope="session")
def few(tmp_path_factory) -> tuple[dict[str, object], str]:
    """What params.yaml says for a short run on a few digits, and where these are."""
    folder = tmp_path_factory.mktemp("digits")
    return few_digits(folder), str(folder)


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory, few) -> Clone:
    """A clone in which the whole pipeline has run, committed."""
    return small_run(tmp_path_factory.mktemp("first") / "clone", *few)


@pytest.fixture
def unchanged(rebuilt) -> Iterator[Clone]:
    """The same clone, put back after the test."""
    yield rebuilt
    rebuilt.run("git reset -q --hard && git clean -qfd")
    with contextlib.chdir(rebuilt.path), Repo() as repo:  # as `dvc checkout`, without its second to start
        repo.checkout(force=True)
