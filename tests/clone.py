"""A clone of the working tree for the tests that drive the stages and DVC as a user does."""

import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).parents[1]
# A git identity, for commands that commit by themselves.
IDENTITY = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Clone:
    """A git repository with the files of the working tree as they are now, uncommitted edits included."""

    def __init__(self, path: Path):
        self.path = path
        subprocess.run(["sh", REPOSITORY / "tests/copy_tree.sh", path], env=self.environment(), check=True)

    @classmethod
    def at(cls, path: Path) -> "Clone":
        """The one that is there."""
        clone = cls.__new__(cls)
        clone.path = path
        return clone

    def environment(self) -> dict[str, str]:
        """This process's, without a git identity and without this checkout's settings."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "DVC_", "CIFAR10_"))}
        return clean | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.path.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run `command` at the top of the clone; one that hangs fails its test, not the whole run by its time limit."""
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.path,
            env=self.environment() | environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        if check and result.returncode:
            raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def commit(self) -> None:
        self.run("git add -A && git commit -qm test", **IDENTITY)

    def git_clone(self, path: Path) -> "Clone":
        """What git has of it, in `path`: no images, no checkpoints."""
        self.run(f"git clone -q . '{path}'")
        return Clone.at(path)

    def set_params(self, values: dict[str, object]) -> None:
        set_params(self.path / "params.yaml", values)

    def is_current(self) -> bool:
        """Whether dvc.lock agrees with code and parameters, be images and checkpoints there or not."""
        result = self.run("dvc repro --dry --allow-missing", check=False)
        return result.returncode == 0 and stages_run(result.stdout) == []

    def append(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")


def set_params(path: Path, values: dict[str, object]) -> None:
    """Set `values`, by dotted keys, in the params.yaml at `path`; None takes the key out."""
    yaml = YAML()
    params = yaml.load(path)
    for dotted, value in values.items():
        *parents, key = dotted.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        if value is None:
            section.pop(key, None)
        else:
            section[key] = deepcopy(value)
    yaml.dump(params, path)


def stages_run(output: str) -> list[str]:
    """The stages that `dvc repro`, with `output` on stdout, has run or, by `--dry`, would run."""
    return re.findall(r"^Running stage '(.+)':$", output, flags=re.MULTILINE)
