"""What was read must be what is there at the end; whole stages, edited while they run, are in test_interruptions.py."""

import signal
import subprocess
import sys

import pytest

from foundation import inputs, start
from foundation.errors import UserError
from foundation.inputs import Inputs

CHANGED = r"^{} changed while this ran, so nothing is written: .* Put it back and run this again, or "


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "train.npz"
    path.write_bytes(b"images")
    return path


def test_what_is_as_it_was_read_is_accepted(file):
    read = Inputs()
    assert read.file(file) == file
    assert read.value("params.yaml", lambda: {"seed": 0}) == {"seed": 0}
    file.write_bytes(b"others")
    file.write_bytes(b"images")  # put back
    read.check_unchanged()


@pytest.mark.parametrize("change", [lambda file: file.write_bytes(b"others"), lambda file: file.unlink()])
def test_a_file_that_changes_or_goes_is_named(file, change):
    read = Inputs()
    read.file(file)
    change(file)
    with pytest.raises(UserError, match=CHANGED.format(file)):
        read.check_unchanged()


def test_a_file_that_is_missing_is_for_its_reader_to_report(tmp_path):
    read = Inputs()
    assert read.file(tmp_path / "none.npz") == tmp_path / "none.npz"
    read.check_unchanged()


def test_values_that_change_or_can_no_longer_be_read_are_named():
    values = iter([0, 1])
    read = Inputs()
    read.value("params.yaml", lambda: next(values))
    with pytest.raises(UserError, match=CHANGED.format("params.yaml")):
        read.check_unchanged()

    def broken_later() -> int:
        if broken_later.broken:
            raise UserError("params.yaml: not valid YAML")
        return 0

    broken_later.broken = False
    read = Inputs()
    read.value("params.yaml", broken_later)
    broken_later.broken = True
    with pytest.raises(UserError, match=CHANGED.format("params.yaml")):
        read.check_unchanged(kept=", and the state is kept")


def code_after(*modules: str) -> set[str]:
    """What counts as code in use in a process that has imported `modules`."""
    program = f"import {', '.join(modules)}; from foundation.inputs import code_in_use; print(*code_in_use())"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True, cwd=start.SRC).split())


def test_the_code_in_use_is_what_is_imported_and_can_change_a_result():
    code = code_after("images.dataset")
    assert "images/dataset.py" in code
    assert not code & {"foundation/errors.py", "foundation/validation.py", "images/archive.py", "fetch.py"}
    assert {"comparison/page.py", "comparison/page.html.jinja"} <= code_after("comparison.page")


def test_code_that_changes_is_named(monkeypatch):
    read = Inputs()
    read.check_unchanged()
    monkeypatch.setitem(inputs.CODE, "foundation/errors.py", "edited, without effect")
    read.check_unchanged()
    monkeypatch.setattr(inputs, "EFFECT_FREE", {})
    with pytest.raises(UserError, match=CHANGED.format(r"src/foundation/errors\.py")):
        read.check_unchanged()


def test_ctrl_c_while_modules_are_imported_is_one_line():
    program = "import foundation.start, time; print('on', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=start.SRC
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate()[1] == "interrupted\n"
        assert process.returncode == -signal.SIGINT


def test_sigterm_at_any_time_is_one_line_and_the_exit_status_of_it():
    program = "import foundation.start, time; print('on', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=start.SRC
    ) as process:
        process.stdout.readline()
        process.terminate()
        assert process.communicate()[1] == "terminated\n"
        assert process.returncode == 143
