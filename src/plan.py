"""Say which runs are stale; `make repro` and Slurm train and evaluate them.

reads   dvc.yaml, dvc.lock and the files that they name
prints  the stale runs, one NET-RECIPE-SEED a line; how many they are to stderr
run     python src/plan.py
"""

import sys
from pathlib import Path

from stage import one_line_errors

import pygit2
from dvc.exceptions import DvcException
from dvc.repo import Repo
from scmrepo.exceptions import SCMError

from command_line import read_arguments
from comparison.runs import READ, WAY_OUT
from errors import UserError, reason
from params import load_params
from run import Run


def main() -> None:
    read_arguments(__doc__)
    with one_line_errors():
        runs = load_params().compare.runs
        stale = stale_runs(runs)
        check_results([run for run in runs if run not in stale])
        print(f"{len(stale)} of {len(runs)} runs are stale", file=sys.stderr)
        print(*stale, sep="\n", end="\n" if stale else "")


def stale_runs(runs: list[Run]) -> list[Run]:
    """Those of `runs` that DVC would train or evaluate.

    As with `dvc repro --allow-missing`, a run is not stale because its checkpoint is missing.
    """
    try:
        with Repo() as repo, repo.lock:
            stages = {stage.addressing: stage for stage in repo.index.stages}
            return [run for run in runs if _is_stale(stages[f"train@{run}"], stages[f"evaluate@{run}"])]
    except pygit2.GitError as error:
        raise UserError(f"{reason(error)}: `git config --global --add safe.directory '{Path.cwd()}'`") from None
    except (DvcException, SCMError) as error:
        raise UserError(reason(error)) from None


def _is_stale(train, evaluate) -> bool:
    return train.changed(allow_missing=True) or evaluate.changed(allow_missing=True, upstream=[train])


def check_results(runs: list[Run]) -> None:
    """Raise `UserError` where a result of an up-to-date run is missing, as after a stage that failed."""
    missing = [path for run in runs for folder in READ if not Path(path := run.file(folder)).exists()]
    if missing:
        raise UserError(f"files of runs are missing ({len(missing)}, such as {missing[0]}): {WAY_OUT}")


if __name__ == "__main__":
    main()
