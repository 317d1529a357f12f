"""What each stage does around its work. Whole stages, killed and edited while they run: test_interruptions.py."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import stage

import pytest
from clone import REPOSITORY

from errors import UserError, reason

DVC = "stages: {train: {cmd: c, deps: [images, 'code/${item.net}', '${where}'], params: ['recipes.${item.recipe}']}}"
PARAMS = "{where: code, recipes: {fast: {rate: 1}, slow: {rate: 2}}}"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A folder with a stage that depends on images, a net's file, a folder of code and a recipe."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"dvc.yaml": DVC, "params.yaml": PARAMS, "images": "", "code/net": "", "code/other": ""}.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


def inputs() -> stage.Inputs:
    return stage.Inputs("train", {"net": "net", "recipe": "fast"})


def put_back() -> None:
    Path("images").write_text("others")
    Path("images").write_text("")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (put_back, ""),
        (lambda: Path("code/.net.swp").write_text("") or Path("code/net~").write_text(""), ""),
        (lambda: Path("code/__pycache__").mkdir() or Path("code/__pycache__/net.pyc").write_text(""), ""),
        (lambda: Path("params.yaml").write_text(PARAMS.replace("rate: 2", "rate: 3")), ""),
        (lambda: Path("params.yaml").write_text(PARAMS.replace("rate: 1", "rate: 3")), "params.yaml: recipes.fast"),
        (lambda: Path("images").write_text("others"), "images"),
        (lambda: Path("images").unlink(), "images"),
        (lambda: Path("code/other").write_text("edited"), "code/other"),
        (lambda: Path("code/other").rename("code/another"), "code/other, code/another"),
        (lambda: Path("code/net").write_text("edited"), "code/net"),
    ],
)
def test_declared_inputs_that_change_while_the_stage_runs_are_named(change, names):
    before = inputs()
    before.check_unchanged()
    change()
    if not names:
        before.check_unchanged()
        return
    with pytest.raises(UserError) as error:
        before.check_unchanged()
    assert str(error.value).startswith(f"{names} changed")


def test_every_stage_of_dvc_yaml_can_be_hashed(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    for name in ("fetch", "train", "evaluate", "summarize", "compare"):
        found = stage.declared_inputs(name, {"net": "net1", "recipe": "reference", "seed": 0})
        assert f"src/{name}.py" in found
        assert None not in found.values()


def python(program: str, ignored: str = "", **environment: str) -> subprocess.Popen:
    """Start `program` from a shell that ignores the signal `ignored`."""
    trap = f"trap '' {ignored}; " if ignored else ""
    return subprocess.Popen(
        ["sh", "-c", f'{trap}exec "$0" -c "$1"', sys.executable, program],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src")} | environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_one_process_at_a_time_runs_a_stage_for_a_run():
    run = "with stage('train', net='net', recipe='fast'): print('on', flush=True); input()"
    with python(f"from stage import stage\n{run}") as other:
        other.stdout.readline()
        with (
            pytest.raises(SystemExit, match=f"^error: train@net-fast .*{other.pid}"),
            stage.stage("train", net="net", recipe="fast"),
        ):
            pass
        with stage.stage("train", net="other", recipe="fast"):
            pass
        other.kill()
        other.wait()
        with stage.stage("train", net="net", recipe="fast"):
            pass


@pytest.mark.parametrize(
    ("number", "ignored", "status"),
    [(signal.SIGINT, "", 130), (signal.SIGTERM, "", 143), (signal.SIGTERM, "TERM", 143), (signal.SIGINT, "INT", 0)],
)
def test_a_signal_ends_a_stage_in_one_line_with_the_status_of_it(number, ignored, status):
    """SIGTERM even where a job's shell ignores it; a background job goes on ignoring Ctrl-C."""
    with python("import stage; print('on', flush=True); input()", ignored) as process:
        process.stdout.readline()
        process.send_signal(number)
        errors = process.communicate("\n")[1]
    assert (process.returncode, errors.count("\n")) == (status, int(status > 0))


def test_what_would_change_results_or_fail_is_gone_from_the_environment():
    names = "MKL_CBWR ONEDNN_MAX_CPU_ISA ATEN_CPU_CAPABILITY OMP_THREAD_LIMIT OMP_DYNAMIC MPLBACKEND"
    code = f"import os, stage, matplotlib; print([os.environ.get(name) for name in {names.split()}])"
    with python(code, **dict.fromkeys(names.split(), "COMPATIBLE")) as process:
        assert process.communicate()[0] == f"{[None] * 5 + ['Agg']}\n"


@pytest.mark.parametrize(
    ("error", "ends", "says"),
    [
        (UserError("no such net"), SystemExit, "^error: no such net$"),
        (OSError(28, "No space left on device", "a.npz"), SystemExit, "No space left on device: 'a.npz'$"),
        (MemoryError(), SystemExit, "out of memory .* batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), SystemExit, "out of memory .* batch_size"),
        (RuntimeError("shapes cannot be multiplied"), RuntimeError, "shapes"),
    ],
)
def test_what_the_user_can_put_right_is_one_line_and_a_defect_keeps_its_traceback(error, ends, says):
    with pytest.raises(ends, match=says), stage.one_line_errors():
        raise error


@pytest.mark.parametrize(
    ("text", "shown"), [("first\n  second", "first second"), ("", "ValueError"), ("\x1b[31mred", "?[31mred")]
)
def test_a_reason_is_one_printable_line(text, shown):
    assert reason(ValueError(text)) == shown
    assert len(reason(ValueError("x" * 1000))) == 200
