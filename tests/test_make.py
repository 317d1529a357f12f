"""The Makefile, what takes long replaced; the copy that demo, tests and benchmarks work in; and what a clone holds."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import golden
import pytest
from clone import IDENTITY, REPOSITORY, Clone
from pages import section, table, verdicts

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
    """A clone for which `make` takes .venv as built; its `dvc` only says how it was called."""
    executable(clone.path / ".venv/bin/dvc", 'echo "dvc $* in $(basename "$PWD")"')
    (clone.path / ".venv/.installed").touch()
    return clone


@pytest.mark.parametrize("has_git", [True, False], ids=["a clone", "a ZIP download"])
def test_the_demo_copies_what_belongs(built, has_git):
    (built.path / "Makefile").write_text(built.read("Makefile") + "# edited\n")
    (built.path / "src/nets/mein Netz.py").write_text("# new\n")
    (built.path / "metrics/claims.json").unlink()
    executable(built.path / ".cache/downloads/cifar10", "")
    if not has_git:
        built.run("rm -rf .git")
    belongs = files(built.path, ".git", ".venv", ".cache")
    output = built.run("make demo").stdout
    assert "dvc exp run --set-param recipe=quick --set-param data.source=digits in demo\n" in output
    assert files(built.path / "demo", ".git") == belongs
    assert built.run("git -C demo status --porcelain").stdout == ""


def test_a_demo_with_commits_survives_the_next(built):
    built.run("make demo")
    commit = "git -C demo commit -q --allow-empty -m mine && git -C demo rev-parse HEAD"
    mine = built.run(commit, **IDENTITY).stdout
    again = built.run("make demo", check=False)
    assert again.returncode != 0
    assert re.match(r"error: demo/ is there, .* \(cd demo && dvc repro\), or remove it \(rm -rf demo\)", again.stderr)
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
    assert "dvc repro in clone\n" in built.run("make repro").stdout


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
