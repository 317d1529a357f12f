"""Merge what two machines have added to `dvc.lock`, stage by stage; by lines, as git merges, they get mixed up.

reads   the common ancestor's dvc.lock, ours and theirs, as git hands them to a merge driver
writes  ours
run     by `git merge`, after: git config merge.dvc-lock.driver "python cluster/merge_lock.py %O %A %B"
"""

import sys

from dvc.utils.serialize import load_yaml, modify_yaml


def main() -> None:
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return
    ancestor_path, ours_path, theirs_path = sys.argv[1:]
    ancestor, theirs = (load_yaml(path).get("stages", {}) for path in (ancestor_path, theirs_path))
    both = []
    with modify_yaml(ours_path) as lock:
        ours = lock["stages"]
        for name in {**ancestor, **theirs}:
            before, here, there = (stages.get(name) for stages in (ancestor, ours, theirs))
            if there in (before, here):
                continue
            if here != before:
                both.append(name)
            elif there is None:
                del ours[name]
            else:
                ours[name] = there
    if both:
        sys.exit(f"dvc.lock: both sides have a result of their own of {', '.join(both)}")


if __name__ == "__main__":
    main()
