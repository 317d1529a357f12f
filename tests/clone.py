"""A clone of the working tree for the tests that drive the stages and DVC as a user does."""

import os
import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).parents[1]
# A git identity, for commands that commit.
IDENTITY = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
OURS = ("GIT_", "DVC_", "CIFAR10_", "MAKE")  # variables of the process that runs the tests, not of a user


class Clone:
    """A git repository in `path`."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def of_tree(cls, path: Path) -> "Clone":
        """The files of the working tree as they are now, uncommitted edits included."""
        clone = cls(path)
        subprocess.run(["sh", "tests/copy_tree.sh", path], cwd=REPOSITORY, env=clone.environment(), check=True)
        return clone

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        return clean | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.path.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": f"{self.path}.site",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run `command` at the top of the clone; one that hangs fails its test after ten minutes."""
        result = subprocess.run(
            command, shell=True, cwd=self.path, env=self.environment() | environment,
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if check and result.returncode:
            raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def commit(self) -> None:
        self.run("git add -A && git commit -qm test", **IDENTITY)

    def git_clone(self, path: Path) -> "Clone":
        """What git has of it, in `path`: no images, no checkpoints."""
        self.run(f"git clone -q . '{path}'")
        return Clone(path)

    def set_params(self, values: dict[str, object]) -> None:
        """Set `values`, by dotted keys, in params.yaml."""
        yaml, path = YAML(), self.path / "params.yaml"
        params = yaml.load(path)
        for dotted, value in values.items():
            *parents, key = dotted.split(".")
            section = params
            for parent in parents:
                section = section[parent]
            section[key] = value
        yaml.dump(params, path)

    def append(self, name: str, text: str = "# edited\n") -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")


def stages_run(output: str) -> list[str]:
    """The stages that `dvc repro`, with `output` on stdout, has run or, by `--dry`, would run."""
    return re.findall(r"^Running stage '(.+)':$", output, flags=re.MULTILINE)
