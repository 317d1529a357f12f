"""`cluster/slurm.sh` on a real Slurm: a job preempted, a node dead, a run that fails; the same bytes in the end."""

import re
import tempfile
from pathlib import Path

import pytest
from clone import Clone
from slurm import Slurm, running, until, why_not
from small_run import SEEDS, forget, hashes
from test_interruptions import SAVING_OFTEN

pytestmark = pytest.mark.cluster


class Submitted:
    """What `cluster/slurm.sh` has submitted for a clone."""

    def __init__(self, slurm: Slurm, clone: Clone):
        self._slurm, self._clone = slurm, clone
        command = "JOBS=3 cluster/slurm.sh --gres=gpu:1 --time=1:00:00 --mem=1G"
        self.output = clone.run(command, SBATCH_EXPORT="NONE", **slurm.environment).stdout
        (self.rest,) = re.findall(r"^job (\d+): the rest", self.output, re.MULTILINE)
        self.runs = (re.findall(r"^job (\d+): the runs", self.output, re.MULTILINE) or [""])[0]

    def task(self, run: str) -> str:
        """The job that trains `run`, once it has begun."""
        until(lambda: self._logs_of(run))
        return self._logs_of(run)[0].stem

    def _logs_of(self, run: str) -> list[Path]:
        logs = (self._clone.path / ".cache/slurm").glob(f"{self.runs}_*.log")
        return [path for path in logs if path.read_text().startswith(f"{run} on ")]

    def has_saved_a_state(self, run: str) -> bool:
        return any((self._clone.path / ".cache/training").glob(f"{run}-*.state"))

    def log(self, job: str) -> str:
        return self._clone.read(f".cache/slurm/{job}.log")

    def end(self) -> str:
        """How the last job ended."""
        until(lambda: self._slurm.state(self.rest) in ("COMPLETED", "FAILED"), seconds=600)
        return self._slurm.state(self.rest)


@pytest.mark.skipif(why_not() != "", reason=why_not())
def test_preempted_and_with_a_node_killed_it_ends_with_the_same_bytes_and_names_what_fails(rebuilt, tmp_path):
    clone, runs = rebuilt.git_clone(tmp_path / "clone"), [f"mine-test-{seed}" for seed in SEEDS]
    forget(clone, *(f"train@{run}" for run in runs))
    clone.append("src/saved_state.py", SAVING_OFTEN.replace("0.1", "1"))  # so that Slurm interrupts it in time
    (clone.path / "src/nets/broken.py").write_text("raise ImportError('unfinished')\n")
    clone.set_params({"compare": {"nets": ["mine", "broken"], "recipes": ["test"], "seeds": SEEDS}})
    clone.commit()

    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as slurm:
        submitted = Submitted(slurm, clone)
        preempted, cut_off = (submitted.task(run) for run in runs)
        until(lambda: all([submitted.has_saved_a_state(run) for run in runs]))
        urgent = f"--partition=urgent --nodelist={slurm.node(preempted)} --gres=gpu:1 --mem=1000 --output=/dev/null"
        slurm.run(f"sbatch {urgent} --wrap='sleep 1'")
        node = slurm.node(cut_off)
        slurm.kill_node(node)
        until(lambda: "terminated: " in submitted.log(preempted))
        until(lambda: slurm.state(cut_off) == "PENDING")
        slurm.start_node(node)

        assert submitted.end() == "FAILED"
        for job in (preempted, cut_off):
            assert "goes on from step" in submitted.log(job)
        log = submitted.log(submitted.rest)
        assert re.findall(r"^(\S+) is not done:$", log, re.MULTILINE) == [f"broken-test-{seed}" for seed in SEEDS]
        assert "ImportError: unfinished" in log

        clone.set_params({"compare.nets": ["mine"]})
        again = Submitted(slurm, clone)
        assert again.runs == ""
        assert again.end() == "COMPLETED", again.log(again.rest)
    expected = {key: md5 for key, md5 in hashes(rebuilt).items() if key.partition("@")[2].startswith("mine-test-")}
    assert expected.items() <= hashes(clone).items()
