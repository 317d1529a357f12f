"""Has an edit changed a result? The hashes of a small run of every net, kept since the reference run.

    python tests/golden.py record     after a new reference run: keep the hashes, and the type of machine they hold for
    python tests/golden.py add        on another type of machine, before an edit: keep its hashes too
    python tests/golden.py refresh    after an edit that changed no byte: put the new code's hashes into dvc.lock

An edit to the code of a training stage makes the committed results stale, and most machines need hours to train them
anew. `refresh` makes them current instead, where only the code of train@ and evaluate@ has changed (edited, moved
or taken apart), and the small run still gives the same bytes. Otherwise it says why not and leaves dvc.lock alone.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # as pytest does

import torch
from clone import REPOSITORY, Clone
from dvc.repo import Repo
from small_run import RUNS, few_digits, hashes, small_run

from foundation import yaml12
from foundation.atomic import write_json
from foundation.errors import UserError, one_line_errors
from model.device import describe_device, select_device

RECORD = Path(__file__).with_suffix(".json")


def main(task: str) -> None:
    records = json.loads(RECORD.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        if task == "add" and (stale := recorded_changes(REPOSITORY)):
            raise UserError(f"the code is not that of dvc.lock, so nothing is known of its bytes: {', '.join(stale)}")
        images = Path(folder) / "digits"
        found = golden_hashes(small_run(Path(folder) / "clone", few_digits(images), str(images)))
    if task == "refresh":
        check(found, records)
        print("dvc.lock has the new code's hashes of:", ", ".join(refresh(REPOSITORY)) or "nothing, all were current")
    else:
        others = [] if task == "record" else [record for record in records if record["machine"] != machine()]
        write_json(RECORD, [*others, {"machine": machine(), "outputs": found}])


def machine() -> dict[str, str]:
    """What the last bits of a result depend on: another machine may differ from the record without a fault."""
    return {"device": describe_device(select_device()), "torch": torch.__version__}


def golden_hashes(clone: Clone) -> dict[str, str]:
    """Of what is trained and evaluated, less the timings. All the rest takes a minute anywhere."""
    stages = {f"{stage}@{run}" for run in RUNS for stage in ("train", "evaluate")}  # dvc.lock may have others' results
    of_runs = {key: md5 for key, md5 in hashes(clone).items() if key.partition(":")[0] in stages}
    return {key: md5 for key, md5 in of_runs.items() if "metrics/timing/" not in key}


def check(found: dict[str, str], records: list[dict]) -> None:
    """Raise `UserError` unless `found`, a small run's hashes, are those recorded for this type of machine."""
    outputs = next((record["outputs"] for record in records if record["machine"] == machine()), None)
    if outputs is None:
        machines = " and of ".join(str(record["machine"]) for record in records)
        raise UserError(f"the records are of {machines}, this is {machine()}: nothing can be said here")
    if differ := sorted(key for key in found.keys() | outputs.keys() if found.get(key) != outputs.get(key)):
        raise UserError(f"other bytes than at the reference run, so it has to be run again: {', '.join(differ)}")


def refresh(repository: Path) -> list[str]:
    """Record the code of train@ and evaluate@ as it is in dvc.lock; the stages for which that changed something.

    Raises `UserError`, and writes nothing, when more than code has changed. What is missing is left as it is recorded.
    """
    stale = recorded_changes(repository)
    for name, found in stale.items():
        if others := [change for change in found if not change.startswith("src/")]:
            raise UserError(f"{name} differs in more than its code, so it has to be run: {', '.join(others)}")
    with contextlib.chdir(repository), Repo() as repo:
        for stage in (stage for name in stale for stage in repo.stage.collect(name)):
            stage.save(allow_missing=True, run_cache=False)  # the run cache wants the checkpoints
            stage.dump(update_pipeline=False)
    return list(stale)


def recorded_changes(repository: Path) -> dict[str, list[str]]:
    """The stages of train@ and evaluate@ whose record in dvc.lock is not of what is there, and what has changed.

    Those without a record were never run, so that nothing is known of them; what is missing counts as unchanged.
    """
    with contextlib.chdir(repository), Repo() as repo:
        recorded = yaml12.read(Path("dvc.lock"))["stages"]
        found = {name: changes(status) for name, status in sorted(repo.status().items()) if name in recorded}
    return {name: found[name] for name in found if name.startswith(("train@", "evaluate@")) and found[name]}


def changes(status: list) -> list[str]:
    """What `dvc status` says about a stage, less what is missing: paths, parameters, and the command."""
    found = []
    for entry in status:
        if isinstance(entry, str):
            found.append(entry)  # changed command
            continue
        for path, change in (item for entries in entry.values() for item in entries.items()):
            if isinstance(change, dict):
                found += [f"{path}: {key}" for key in change]
            elif Path(path).exists():  # else it is deleted or not in cache
                found.append(path)
    return found


if __name__ == "__main__":
    if sys.argv[1:] not in (["record"], ["add"], ["refresh"]):
        sys.exit(__doc__)
    with one_line_errors():
        main(sys.argv[1])
