"""Say which runs are stale, and about how long they take; `make repro` starts them.

reads   dvc.yaml, dvc.lock and what they name; params.yaml: the recipe; data/dataset.json;
        of the last commit how long its runs took (metrics/timing/), and what they were (metrics/train/, /details/)
prints  the stale runs, a line each, the longest first; how many and how long to stderr
run     python src/plan.py [--jobs 2]
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import heapq
import json
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from scmrepo.exceptions import SCMError

from foundation.duration import duration
from foundation.errors import UserError, one_line_errors, reason
from foundation.validation import validate
from images.dataset import Dataset
from params import Recipe, load_params
from results.evaluated import Evaluation
from results.run import Run
from results.trained import TrainingFigures


@dataclass(frozen=True)
class Measured:
    """How long a run of the last commit took, and on what machine."""

    net: str
    batch_size: int
    seconds_per_image: float
    machine: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1, help="how many are trained at once (default 1)")
    jobs = max(1, parser.parse_args().jobs)

    recipe = load_params().chosen_recipe
    try:
        with Repo() as repo:
            runs, stale = all_runs(repo), stale_runs(repo)
            measured = list(measured_runs(repo))
    except LockError:
        raise UserError("another `dvc` is at work in this folder: let it end, then run this again") from None
    except (DvcException, SCMError) as error:
        raise UserError(reason(error)) from None
    to_train = [run for run, is_trained in stale.items() if is_trained]
    seconds = seconds_by_net(measured, recipe, training_images())
    print(summary(len(runs), to_train, len(stale) - len(to_train)), file=sys.stderr)
    if to_train:
        print(estimate(to_train, seconds, jobs, {record.machine for record in measured}), file=sys.stderr)
    for run in sorted(stale, key=lambda run: -seconds.get(run.net, float("inf")) if stale[run] else 0):
        print(run)


def all_runs(repo: Repo) -> list[Run]:
    return [Run.named(stage.addressing) for stage in repo.index.stages if stage.addressing.startswith("train@")]


def stale_runs(repo: Repo) -> dict[Run, bool]:
    """The runs that code, parameters or images have made stale, and whether each is to be trained or only evaluated.

    A checkpoint that is only missing makes nothing stale, unless there is something to evaluate it for. Whether a stage
    is stale DVC says, as for `dvc repro --allow-missing`.
    """
    stages = {stage.addressing: stage for stage in repo.index.stages}
    stale = {}
    with repo.lock:
        for run in all_runs(repo):
            train, evaluate = stages[f"train@{run}"], stages[f"evaluate@{run}"]
            if train.changed(allow_missing=True):
                stale[run] = True
            elif evaluate.changed(allow_missing=True, upstream=[train]):
                stale[run] = train.changed()
    return stale


def measured_runs(repo: Repo) -> Iterator[Measured]:
    """Those of the last commit, less what another state of the code has written in another shape."""
    files = repo.scm.get_fs("HEAD")
    for path in files.glob("metrics/timing/*/*.json"):
        try:
            run = Run.named(f"{Path(path).parent.name}-{Path(path).stem}")
            timing, training, details = (
                json.loads(files.cat_file(run.file(folder))) if files.exists(run.file(folder)) else {}
                for folder in ("metrics/timing", "metrics/train", "metrics/details")
            )
            evaluation = validate(Evaluation, details, "")
            machine = validate(TrainingFigures, training, "").device
        except UserError:
            continue
        images = evaluation.recipe.epochs * evaluation.dataset.train_images
        yield Measured(run.net, evaluation.recipe.batch_size, timing["seconds"] / images, machine)


def training_images() -> int:
    path = Path("data/dataset.json")
    if not path.exists():
        raise UserError(f"{path} is missing: `dvc repro fetch` makes it")
    return validate(Dataset, json.loads(path.read_text(encoding="utf-8")), str(path)).train_images


def seconds_by_net(measured: list[Measured], recipe: Recipe, images: int) -> dict[str, float]:
    """How long a run by `recipe` on so many training `images` takes: the median of the net's with its batch size."""
    fitting = [record for record in measured if record.batch_size == recipe.batch_size]
    return {
        net: recipe.epochs * images * statistics.median(r.seconds_per_image for r in fitting if r.net == net)
        for net in {record.net for record in fitting}
    }


def summary(runs: int, to_train: list[Run], to_evaluate: int) -> str:
    if not to_train and not to_evaluate:
        return f"all {runs} runs are up to date"
    nets = Counter(run.net for run in to_train)
    of_each = f" ({', '.join(f'{net}: {count}' for net, count in nets.items())})" if nets else ""
    return f"{len(to_train)} of {runs} runs to train{of_each}, {to_evaluate} more to evaluate"


def estimate(to_train: list[Run], seconds: dict[str, float], jobs: int, machines: set[str]) -> str:
    unknown = ", ".join(sorted({run.net for run in to_train} - seconds.keys()))
    known = [seconds[run.net] for run in to_train if run.net in seconds]
    lines = []
    if known:
        at_once = "one after another" if jobs == 1 else f"{jobs} at once"
        time = duration(seconds_in_all(known, jobs))
        machine = " or ".join(sorted(machines))
        lines.append(f"about {time} from their first steps, {at_once}, on a machine like {machine}")
    if unknown:
        lines.append(f"how long {unknown} takes is not known: no run of it with this batch size is committed")
    return "\n".join(lines)


def seconds_in_all(each: list[float], jobs: int) -> float:
    """How long runs of so many seconds `each` take, `jobs` at once, the longest first."""
    busy_until = [0.0] * jobs
    for seconds in sorted(each, reverse=True):
        heapq.heapreplace(busy_until, busy_until[0] + seconds)
    return max(busy_until)


if __name__ == "__main__":
    with one_line_errors():
        main()
