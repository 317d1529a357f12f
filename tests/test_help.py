"""`--help` of each file in `src/` that can be run: it says what the file's head says, and does nothing else."""

import ast
import runpy
import sys

import pytest
from clone import REPOSITORY

DOORS = sorted(path for path in (REPOSITORY / "src").glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("door", DOORS, ids=lambda path: path.name)
def test_help_says_what_the_head_says_and_does_nothing_else(door, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [door.name, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(door), run_name="__main__")
    assert ended.value.code == 0
    head = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8")))
    assert head in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
