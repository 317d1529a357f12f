"""Each file in `src/` that can be run, before it does anything."""

import ast
import runpy
import subprocess
import sys

import pytest
from clone import REPOSITORY

SRC = REPOSITORY / "src"
COMMANDS = sorted(path for path in SRC.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.name)
def test_help_says_what_the_docstring_says_and_does_nothing_else(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [path.name, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    assert ended.value.code == 0
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_commands_that_train_nothing_do_not_wait_for_torch():
    program = "import sys, fetch, plan, summarize, compare; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], cwd=SRC, text=True) == "False\n"


@pytest.mark.parametrize("path", sorted((SRC / "nets").glob("[!_]*.py")), ids=lambda path: path.name)
def test_a_net_imports_nothing_of_the_project(path):
    """Of `nets/` its stages depend on this file alone."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not [name for name in names if (SRC / name.partition(".")[0]).exists() or (SRC / f"{name}.py").exists()]
