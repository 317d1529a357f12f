"""The Makefile, what takes long replaced; the copy that demo, tests and benchmarks work in; and what a clone holds."""

import json
import os
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import golden
import pytest
from clone import IDENTITY, REPOSITORY, Clone
from pages import section, table, verdicts
from small_run import SAVING_OFTEN, SIX_EPOCHS
from zc.lockfile import LockFile

import plan
from foundation import yaml12
from foundation.duration import duration
from params import Recipe
from plan import Measured
from results.run import FILES, Run

DEMO_PAGE = (REPOSITORY / "docs/demo.md").read_text(encoding="utf-8")


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def files(folder: Path, *but: str) -> dict[str, bytes]:
    """The content of the files below `folder`, without those whose first part is one of `but`."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
    return {name.as_posix(): (folder / name).read_bytes() for name in names if name.parts[0] not in but}


@pytest.fixture
def built(clone) -> Clone:
    """A clone for which `make` takes .venv as built; its `dvc` only says how it was called, and no run is stale."""
    executable(clone.path / ".venv/bin/dvc", 'echo "dvc $* in $(basename "$PWD")"')
    executable(clone.path / ".venv/bin/python", "")
    (clone.path / ".venv/.installed").touch()
    return clone


@pytest.mark.parametrize("has_git", [True, False], ids=["a clone", "a ZIP download"])
def test_the_demo_copies_what_belongs(built, has_git):
    (built.path / "Makefile").write_text(built.read("Makefile") + "# edited\n")
    (built.path / "src/nets/mein Netz.py").write_text("# new\n")
    (built.path / "docs/how-fast.md").unlink()
    executable(built.path / ".cache/downloads/cifar10", "")
    if not has_git:
        built.run("rm -rf .git")
    belongs = files(built.path, ".git", ".venv", ".cache")
    output = built.run("make demo").stdout
    assert re.findall("^dvc (.+) in demo$", output, re.MULTILINE) == [
        "exp run --quiet --set-param recipe=quick --set-param data.source=digits --set-param seeds=[0, 1] fetch",
        "repro fetch",
        "repro --allow-missing",
    ]
    assert files(built.path / "demo", ".git") == belongs
    assert built.run("git -C demo status --porcelain").stdout == ""


@pytest.fixture(scope="module")
def studied(tmp_path_factory) -> Clone:
    """A clone in which `make repro` trained two runs at once, was stopped by Ctrl-C and called again.

    `stopped` and `again` are what the two said. Net2 cannot be built there.
    """
    clone = Clone(tmp_path_factory.mktemp("studied") / "clone")
    nets = {"net1": {"onednn_from": 32}, "net2": {"depth": 2}}
    clone.set_params(
        {"recipe": "test", "recipes.test": SIX_EPOCHS, "seeds": [0, 1], "nets": nets, "data.source": "digits"}
    )
    clone.append("src/training/resume.py", SAVING_OFTEN)
    clone.run("rm -rf metrics/timing")  # from which it would know how long a run takes
    clone.commit()
    (clone.path / ".venv").mkdir()
    (clone.path / ".venv/.installed").touch()
    output = clone.path.parent / "output"
    with output.open("w") as file:
        make = subprocess.Popen(
            ["make", "repro", "JOBS=2"], cwd=clone.path, env=clone.environment(), start_new_session=True,
            stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            end = time.monotonic() + 200
            while not all(list((clone.path / ".cache/training").glob(f"net1-{seed}-*.state")) for seed in (0, 1)):
                assert make.poll() is None, output.read_text()
                assert time.monotonic() < end, output.read_text()
                time.sleep(0.01)
        finally:
            os.killpg(make.pid, signal.SIGINT)
        assert make.wait(60) != 0
    for seed in (0, 1):
        LockFile(clone.path / f".cache/training/net1-{seed}.lock").close()  # nobody is training it any more
    clone.stopped = output.read_text()
    clone.again = clone.run("make repro JOBS=2", check=False)
    return clone


def test_several_at_once_give_the_bytes_of_one_at_a_time_whether_stopped_or_not(studied, tmp_path):
    assert "Traceback" not in studied.stopped
    assert studied.stopped.count("interrupted: run it again, and net1-") == 2
    alone = Clone(tmp_path / "alone")
    alone.set_params(yaml12.read(studied.path / "params.yaml"))
    for stage in ("fetch", "train", "evaluate"):
        alone.run(f"python src/{stage}.py {'net1-1' if stage != 'fetch' else ''}")
    for folder in FILES.keys() - {"metrics/timing"}:
        name = Run("net1", 1).file(folder)
        assert (studied.path / name).read_bytes() == (alone.path / name).read_bytes(), name


def test_what_fails_is_named_and_lets_the_others_go_on(studied):
    assert studied.again.returncode != 0
    assert "error: settings of net2: depth = 2: unknown key" in studied.again.stderr
    assert "\nerror: not done, for the reasons above: net2-0 net2-1\n" in studied.again.stderr
    assert all((studied.path / Run("net1", seed).file("metrics/runs")).exists() for seed in (0, 1))


def test_it_says_how_many_runs_are_stale_and_how_long_they_take(studied, tmp_path):
    """From what is committed, in a fresh clone too, where images and checkpoints are missing."""
    assert studied.again.stderr.startswith(
        "4 of 4 runs to train (net1: 2, net2: 2), 0 more to evaluate\n"
        "how long net1, net2 takes is not known: no run of it with this batch size is committed\n"
    )
    studied.commit()
    fresh = studied.git_clone(tmp_path / "fresh")
    fresh.run("dvc repro -q fetch")
    fresh.set_params({"nets.net2": None})
    timings = [json.loads(fresh.read(f"metrics/timing/net1/{seed}.json"))["seconds"] for seed in (0, 1)]

    def planned(jobs: int = 1) -> tuple[str, str]:
        result = fresh.run(f"python src/plan.py --jobs {jobs}")
        return result.stdout, result.stderr

    assert planned() == ("", "all 2 runs are up to date\n")
    fresh.set_params({"seeds": [0, 1, 2, 3, 4]})
    for jobs, rounds in ((1, 3), (2, 2), (5, 1)):
        runs, said = planned(jobs)
        assert runs == "net1-2\nnet1-3\nnet1-4\n"
        expected = duration(rounds * statistics.median(timings))
        assert said.startswith(
            f"3 of 5 runs to train (net1: 3), 0 more to evaluate\nabout {expected} from their first steps"
        )
    fresh.append("src/evaluate.py", "# edited\n")
    assert planned()[1].startswith("5 of 5 runs to train (net1: 5), 0 more to evaluate\n")  # there is no checkpoint
    for folder in ("models", ".dvc/cache"):
        shutil.copytree(studied.path / folder, fresh.path / folder, dirs_exist_ok=True)
    runs, said = planned()
    assert said.startswith("3 of 5 runs to train (net1: 3), 2 more to evaluate\n")
    assert runs == "net1-2\nnet1-3\nnet1-4\nnet1-0\nnet1-1\n"


def test_how_long_follows_from_epochs_and_images_and_from_how_many_at_once():
    recipe = Recipe(**SIX_EPOCHS)
    measured = [Measured("net1", size, seconds, "") for size, seconds in ((5, 0.01), (5, 0.03), (5, 0.02), (128, 9.0))]
    assert plan.seconds_by_net(measured, recipe, 100) == {"net1": pytest.approx(0.02 * 100 * recipe.epochs)}
    assert [plan.seconds_in_all([2, 3, 2], jobs) for jobs in (1, 2, 3, 9)] == [7, 4, 3, 3]


def test_a_demo_with_commits_survives_the_next(built):
    built.run("make demo")
    commit = "git -C demo commit -q --allow-empty -m mine && git -C demo rev-parse HEAD"
    mine = built.run(commit, **IDENTITY).stdout
    again = built.run("make demo", check=False)
    assert again.returncode != 0
    assert re.match(
        r"error: demo/ is there, .* \(make -C demo repro VENV=\), or remove it \(rm -rf demo\)", again.stderr
    )
    assert "exp run" not in again.stdout
    assert built.run("git -C demo rev-parse HEAD").stdout == mine


@pytest.mark.long
def test_the_demo_ends_as_its_page_says(clone):
    (clone.path / ".venv").mkdir()
    (clone.path / ".venv/.installed").touch()
    clone.run("make demo")
    comparison, findings = clone.read("demo/metrics/comparison.md"), json.loads(clone.read("demo/metrics/claims.json"))
    commands = re.findall(r"^    \$ (.+)$", DEMO_PAGE, re.MULTILINE)
    diff = clone.run(" && ".join(commands), **IDENTITY).stdout.splitlines()[-3:]
    if not all(fact in " ".join(DEMO_PAGE.split()) for fact in golden.machine().values()):
        pytest.skip(f"the page is of another type of machine, so the last bits may differ: {golden.machine()}")
    for heading in ("## Overall", "## Per class"):
        assert "\n".join(table(section(comparison, heading))) in DEMO_PAGE
    assert verdicts(findings) in DEMO_PAGE
    assert "".join(f"    {line}\n" for line in diff) in DEMO_PAGE


def test_the_copy_does_not_depend_on_how_git_is_set(clone, tmp_path):
    """As in a hook of git's, by someone whose git signs, has hooks, ignores files and changes line ends."""
    executable(tmp_path / "hooks/pre-commit", "exit 1")
    (tmp_path / "ignored").write_text("*.png\nmetrics\n")
    for key, value in {
        "core.hooksPath": tmp_path / "hooks",
        "core.excludesFile": tmp_path / "ignored",
        "core.autocrlf": "true",
        "commit.gpgSign": "true",
        "gpg.program": "false",
    }.items():
        clone.run(f"git config --global {key} {shlex.quote(str(value))}")
    before = clone.run("git status --porcelain --untracked-files=no; git rev-parse HEAD").stdout
    clone.run("sh tests/copy_tree.sh ../copy", GIT_DIR=str(clone.path / ".git"), GIT_INDEX_FILE=".git/index")
    assert files(tmp_path / "copy", ".git") == files(clone.path, ".git")
    assert clone.run("git status --porcelain --untracked-files=no; git rev-parse HEAD").stdout == before


def test_a_clone_that_converts_line_ends_has_the_same_bytes(clone, tmp_path):
    """Otherwise every hash in dvc.lock would be another."""
    clone.run("git -c core.autocrlf=true clone -q . ../converting")
    assert files(tmp_path / "converting", ".git") == files(clone.path, ".git")
    assert b"\r\n" not in (tmp_path / "converting/params.yaml").read_bytes()


@pytest.mark.parametrize("name", [".venv", ".cache", "demo", "dvc_plots"])
def test_git_ignores_a_link_as_it_does_the_folder(clone, tmp_path, name):
    (clone.path / name).symlink_to(tmp_path)
    assert clone.run("git status --porcelain").stdout == ""


@pytest.mark.parametrize("exists", [True, False], ids=["to a folder", "to nothing"])
def test_a_linked_environment_is_left_alone(clone, tmp_path, exists):
    mine = tmp_path / "shared/bin/mine"
    if exists:
        executable(mine, "")
    (clone.path / ".venv").symlink_to(tmp_path / "shared")
    result = clone.run(f"make test PYTHON={shlex.quote(sys.executable)}", check=False)
    assert mine.exists() == exists
    assert (clone.path / ".venv").is_symlink()
    assert result.returncode != 0
    assert result.stderr.startswith("error: .venv is a symbolic link, ")


def test_a_linked_environment_that_is_current_is_used(built, tmp_path):
    (built.path / ".venv").rename(tmp_path / "shared")
    (built.path / ".venv").symlink_to(tmp_path / "shared")
    assert "dvc exp run" in built.run("make demo").stdout


@pytest.mark.parametrize(
    ("version", "fits"), [("3.10.9", False), ("3.11.0", True), ("3.13.9", True), ("3.14.0", False)]
)
def test_make_says_first_which_python_it_needs(clone, tmp_path, version, fits):
    """By a Python that gives itself out as of another version, and builds no environment."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys; sys.version_info = ({version.replace('.', ', ')}); sys.version = '{version} (main)'"
    )
    python = executable(
        tmp_path / "python",
        f'[ "$1" != -m ] || {{ echo building; exit 1; }}\n'
        f'PYTHONPATH={shlex.quote(str(tmp_path))} exec {shlex.quote(sys.executable)} "$@"',
    )
    result = clone.run(f"make demo PYTHON={shlex.quote(str(python))}", check=False)
    refused = f"error: Python 3.11 to 3.13 is needed, and {python} is {version}: make PYTHON=python3.13 ...\n"
    assert result.stderr.startswith(refused) != fits
    assert ("building" in result.stdout) == fits


def test_the_pythons_named_are_those_of_the_packages():
    packages = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    least, above = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', packages, re.MULTILINE).groups()
    for page in ("README.md", "Makefile"):
        found = re.findall(r"Python 3\.(\d+) to 3\.(\d+)", (REPOSITORY / page).read_text(encoding="utf-8"))
        assert set(found) == {(least, str(int(above) - 1))}
    assert f"(3, {least}) <= sys.version_info < (3, {above})" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_help_lists_every_target():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    listed = subprocess.check_output(["make", "-C", REPOSITORY, "--no-print-directory"], text=True)
    assert re.findall(r"^(\S+)  +\w", listed, re.MULTILINE) == targets
