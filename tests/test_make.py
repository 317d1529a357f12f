"""The Makefile, and the copy of the tree that demo and tests work in."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from clone import Clone
from small_run import SEEDS, forget

from run import FILES, Run


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def files(folder: Path, *but: str) -> dict[str, bytes]:
    """The content of the files below `folder`, without those whose first part is one of `but`."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
    return {name.as_posix(): (folder / name).read_bytes() for name in names if name.parts[0] not in but}


def test_make_repro_trains_the_stale_runs_two_at_once_and_one_that_fails_lets_the_others_go_on(rebuilt, tmp_path):
    clone, again = rebuilt.git_clone(tmp_path / "clone"), [Run("mine", "test", seed) for seed in SEEDS]
    forget(clone, *(f"train@{run}" for run in again))
    (clone.path / "src/nets/broken.py").write_text("raise ImportError('unfinished')\n")
    clone.set_params({"compare.nets": ["mine", "broken"], "compare.recipes": ["test"]})
    (clone.path / ".venv").mkdir()
    (clone.path / ".venv/.installed").touch()

    result = clone.run("make repro JOBS=2", check=False, CDPATH=str(tmp_path))
    assert result.returncode != 0
    assert result.stderr.count("ImportError: unfinished\n") == 2
    assert result.stderr.splitlines()[-2].startswith("error: some runs failed")
    for run in again:
        for folder in FILES.keys() - {"metrics/timing"}:
            assert (clone.path / run.file(folder)).read_bytes() == (rebuilt.path / run.file(folder)).read_bytes()
    assert (clone.path / ".dvc/tmp/site").stat().st_mode & 0o777 == 0o700

    clone.set_params({"compare.nets": ["mine"]})
    clone.run("make repro JOBS=2")
    assert "broken" not in clone.read("metrics/overall.csv")


@pytest.fixture
def built(clone) -> Clone:
    """A clone for which `make` takes .venv as built; its `dvc` only says how it was called, and no run is stale."""
    executable(clone.path / ".venv/bin/dvc", 'echo "dvc $* in $(basename "$PWD")"')
    executable(clone.path / ".venv/bin/python", "")
    (clone.path / ".venv/.installed").touch()
    return clone


@pytest.mark.parametrize("has_git", [True, False], ids=["a clone", "a ZIP download"])
def test_the_demo_copies_what_belongs_and_a_demo_with_work_in_it_is_left_alone(built, has_git):
    """By someone whose git signs commits. Training is left out here: what the demo runs is `make repro`."""
    built.run("git config --global commit.gpgSign true && git config --global gpg.program false")
    built.append("Makefile")
    built.append("src/nets/mein Netz.py")
    (built.path / "dvc.yaml").unlink()
    executable(built.path / ".cache/downloads/cifar10", "")
    if not has_git:
        built.run("rm -rf .git")
    belongs = files(built.path, ".git", ".venv", ".cache")
    output = built.run("make demo").stdout
    commands = re.findall("^dvc (.+) in demo$", output, re.MULTILINE)
    assert commands[0].startswith("exp run --quiet")
    assert "data.source=digits" in commands[0]
    assert commands[1:] == ["repro --quiet fetch", "repro --quiet --allow-missing"]
    assert files(built.path / "demo", ".git") == belongs
    assert built.run("git -C demo status --porcelain").stdout == ""

    built.append("demo/mine")
    before = files(built.path / "demo")
    again = built.run("make demo", check=False)
    assert again.returncode != 0
    assert again.stderr.startswith("error: demo/")
    assert files(built.path / "demo") == before


def test_a_clone_by_a_git_that_converts_line_ends_has_the_same_bytes(clone, tmp_path):
    """Or its hashes would not be those in dvc.lock."""
    clone.run("git -c core.autocrlf=true clone -q . ../converting")
    assert files(tmp_path / "converting", ".git") == files(clone.path, ".git")


@pytest.mark.parametrize(("version", "fits"), [("3.10.9", False), ("3.13.9", True), ("3.14.0", False)])
def test_make_says_first_which_python_it_needs(clone, tmp_path, version, fits):
    """By a Python that claims to be of another version, and builds no environment."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys; sys.version_info = ({version.replace('.', ', ')}); sys.version = '{version} (main)'"
    )
    python = executable(
        tmp_path / "python",
        f'[ "$1" != -m ] || {{ echo building; exit 1; }}\n'
        f'PYTHONPATH={shlex.quote(str(tmp_path))} exec {shlex.quote(sys.executable)} "$@"',
    )
    result = clone.run(f"make lint PYTHON={shlex.quote(str(python))}", check=False)
    assert (f"is {version}" in result.stderr) != fits
    assert ("building" in result.stdout) == fits


def test_runs_are_spread_over_the_gpus_that_the_user_names(built):
    variables = built.run("make -pn repro", CUDA_VISIBLE_DEVICES="2,3").stdout.splitlines()
    assert {"GPU_LIST := 2 3", "GPUS := 2"} <= set(variables)
