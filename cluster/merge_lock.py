"""Merge what two machines have added to `dvc.lock`, stage by stage. Git merges by lines, which mixes stages up.

reads   the common ancestor's dvc.lock, ours and theirs, as git hands them to a merge driver
writes  ours
run     by `git merge`, after: git config merge.dvc-lock.driver "$PWD/.venv/bin/python cluster/merge_lock.py %O %A %B"
"""

import argparse
import sys

from dvc.utils.serialize import load_yaml, modify_yaml


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ancestor", "ours", "theirs"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    ancestor, ours, theirs = stages = [stages_in(path) for path in vars(arguments).values()]
    if not (ours and theirs):
        sys.exit("error: dvc.lock: one side has no stages, so nothing is merged: `git checkout dvc.lock` on that side")
    changed_by_both = []
    with modify_yaml(arguments.ours) as lock:
        for name in {**ancestor, **theirs}:
            before, here, there = (side.get(name) for side in stages)
            if there in (before, here):
                continue
            if here != before:
                changed_by_both.append(name)
            elif there is None:
                del lock["stages"][name]
            else:
                lock["stages"][name] = there
    if changed_by_both:
        sys.exit(f"error: dvc.lock: both sides have their own result of {', '.join(changed_by_both)}")


def stages_in(path: str) -> dict:
    """The stages in a dvc.lock; none where the file is empty, or a merge has left its markers in it."""
    try:
        return (load_yaml(path) or {}).get("stages") or {}
    except Exception as error:  # DVC's own, of which it does not document the types
        sys.exit(f"error: dvc.lock cannot be read ({' '.join(str(error).split())}): `git checkout dvc.lock`")


if __name__ == "__main__":
    main()
