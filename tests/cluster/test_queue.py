"""Several variations at once, as docs/with-a-group.md says."""

import os
import re
import signal
from contextlib import suppress

import pytest
from clone import IDENTITY, REPOSITORY, stages_run
from slurm import until
from small_run import STUDY_NETS, small_run

pytestmark = pytest.mark.cluster
PAGE = (REPOSITORY / "docs/with-a-group.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    \$ (.+)$", PAGE.partition("\n## Many variations\n")[2], re.MULTILINE)


def test_queued_variations_run_what_they_make_stale_and_one_table_has_them(few, tmp_path):
    params = few[0] | {"seeds": [0, 1], "nets": {"net1": STUDY_NETS["net1"]}}
    clone = small_run(tmp_path / "clone", params, few[1])
    *queue, table = COMMANDS
    for command in queue:
        # To a file: DVC's workers keep what they are given open, and one that did not end would hold this up for good.
        clone.run(f"{command.replace('.quick.', '.test.')} > queue.log 2>&1", **IDENTITY)
    try:
        until(lambda: not re.search(" (Queued|Running)$", clone.run("dvc queue status").stdout, re.M), seconds=600)
    finally:
        for pid in clone.path.glob(".dvc/tmp/exps/celery/dvc-exp-worker-*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)

    runs = [f"{stage}@net1-{seed}" for stage in ("train", "evaluate") for seed in (0, 1)]
    for name in ("faster", "smaller"):
        assert stages_run(clone.run(f"dvc queue logs {name}").stdout) == [*runs, "summarize@net1", "compare"]
    rows = re.findall(r"^\| (\S.*?) +\| +2 \| [\d.]+ \([\d.]+–[\d.]+\) +\|$", clone.run(table).stdout, re.M)
    assert sorted(rows) == ["faster", "smaller", "this commit"]
