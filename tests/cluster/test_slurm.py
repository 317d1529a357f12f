"""`cluster/slurm.sh` on a real Slurm: preempted, cut off, cancelled, its nodes killed; the same bytes in the end."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from clone import REPOSITORY, Clone
from slurm import Slurm, until, why_not
from small_run import STUDY_NETS, TEST_RECIPE, hashes, without_timing

pytestmark = pytest.mark.cluster
PAGE = (REPOSITORY / "docs/with-a-group.md").read_text(encoding="utf-8")
SUBMIT = re.search(r"^    \$ (.+ cluster/slurm.sh .+)$", PAGE, re.MULTILINE)[1]
BY_HAND = re.search(r"^    (sbatch .+\\\n.+)$", PAGE, re.MULTILINE)[1]
PARAMS = {
    "seeds": [0, 1, 2, 3],
    "recipe": "test",
    "recipes.test": TEST_RECIPE | {"epochs": 16, "log_every": 80},  # 4,592 steps: seconds for Net1
    "nets": {"net1": STUDY_NETS["net1"]},
    "data.source": "digits",
}


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    if why_not():
        pytest.skip(why_not())
    with tempfile.TemporaryDirectory() as folder, Slurm(Path(folder)) as slurm:
        yield slurm


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> dict[str, str]:
    """The hashes of a plain `dvc repro`."""
    clone = Clone(tmp_path_factory.mktemp("plain") / "clone")
    clone.set_params(PARAMS)
    clone.run("dvc repro")
    return hashes(clone)


class Submitted:
    """What `cluster/slurm.sh` has submitted for a clone."""

    def __init__(self, slurm: Slurm, clone: Clone):
        result = clone.run(SUBMIT, **slurm.environment)
        self.output = result.stdout + result.stderr
        self._clone, self._slurm = clone, slurm
        (self.rest,) = re.findall(r"^job (\d+): the rest", self.output, re.MULTILINE)
        self.runs = (re.findall(r"^job (\d+): the runs", self.output, re.MULTILINE) or [""])[0]

    def task(self, run: str) -> str:
        """The job that trains `run`, once it has begun."""

        def found() -> list[Path]:
            logs = (self._clone.path / ".cache/slurm").glob(f"{self.runs}_*.log")
            return [path for path in logs if path.read_text().startswith(f"{run} on ")]

        until(found)
        return found()[0].stem

    def log(self, job: str) -> str:
        return self._clone.read(f".cache/slurm/{job}.log")

    def end(self) -> str:
        """How the last job ended."""
        until(lambda: self._slurm.state(self.rest) in ("COMPLETED", "FAILED"), seconds=600)
        return self._slurm.state(self.rest)


def test_preempted_out_of_time_and_with_a_node_killed_it_ends_with_the_bytes_of_a_plain_repro(slurm, plain, clone):
    clone.set_params(PARAMS)
    clone.commit()
    submitted = Submitted(slurm, clone)
    assert "4 of 4 runs to train" in submitted.output
    preempted, late, cut_off = (submitted.task(f"net1-{seed}") for seed in range(3))

    until(lambda: all([held(slurm, clone, f"net1-{seed}") for seed in range(3)]))
    urgent = f"--partition=urgent --nodelist={slurm.node(preempted)} --gres=gpu:1 --mem=1000 --output=/dev/null"
    slurm.run(f"sbatch {urgent} --wrap='sleep 1'")
    slurm.run(f"scancel --batch --signal=USR1 {late}")  # as Slurm does before the time limit
    node = slurm.node(cut_off)
    slurm.kill_node(node)
    until(lambda: all("terminated: run it again, and " in submitted.log(job) for job in (preempted, late)))
    until(lambda: slurm.state(cut_off) == "PENDING")
    slurm.start_node(node)

    assert submitted.end() == "COMPLETED", submitted.log(submitted.rest)
    for job, log in {job: submitted.log(job) for job in (preempted, late, cut_off)}.items():
        assert re.search(r"^net1-. goes on from step ", log, re.M), (job, log)
    assert without_timing(hashes(clone)) == without_timing(plain)

    again = Submitted(slurm, clone)
    assert "all 4 runs are up to date" in again.output
    assert again.runs == ""
    assert again.end() == "COMPLETED"
    assert "Data and pipelines are up to date." in again.log(again.rest)

    (by_hand,) = re.findall(r"\d+", clone.run(BY_HAND, **slurm.environment).stdout)
    until(lambda: slurm.state(by_hand) == "COMPLETED")
    assert "Stage 'evaluate@net1-0' didn't change, skipping" in clone.read(f"slurm-{by_hand}.out")


def test_what_fails_or_is_cancelled_leaves_the_others_and_the_last_job_says_why(slurm, clone):
    nets = {name: STUDY_NETS[name] for name in ("net1", "net2")}
    clone.set_params(PARAMS | {"seeds": [0, 1], "nets": nets})
    clone.append("src/nets/net2.py", "raise ImportError('broken')\n")
    clone.commit()
    submitted = Submitted(slurm, clone)
    cancelled = submitted.task("net1-0")
    until(lambda: held(slurm, clone, "net1-0"))
    slurm.run(f"scancel {cancelled}")

    assert submitted.end() == "FAILED"
    assert [path.name for path in (clone.path / "models").rglob("*.pt")] == ["1.pt"]
    log = submitted.log(submitted.rest)
    why = {run: r"ImportError: broken\nERROR: failed to reproduce" for run in ("net2-0", "net2-1")}
    why["net1-0"] = "terminated: run it again, and net1-0 goes on from step "
    for run, reason in why.items():
        assert re.search(rf"^{run} is not done:\n{reason}", log, re.M), log
    assert "net1-1" not in log
    assert log.endswith("; the same command goes on\n")


def held(slurm: Slurm, clone: Clone, run: str) -> bool:
    """Has it saved a state? Then it is stopped, lest it end before Slurm interrupts it, which also continues it."""
    saved = any((clone.path / ".cache/training").glob(f"{run}-*.state"))
    if saved:
        slurm.stop("src/train.py", f"train@{run}")
    return saved
