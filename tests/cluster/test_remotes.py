"""Machines without a common folder share the work through git and one DVC remote."""

import sys

import pytest
from clone import IDENTITY, Clone, stages_run
from small_run import hashes
from storage import BreakingLine, Storage, s3, ssh, why_no_s3, why_no_ssh

pytestmark = pytest.mark.cluster


def add_remote(clone: Clone, storage: Storage, **options: str) -> None:
    """For all who clone it the address, and for this clone the rest."""
    clone.run(f"dvc remote add --default storage {storage.url}")
    clone.commit()
    set_options(clone, storage, **options)


def set_options(clone: Clone, storage: Storage, **options: str) -> None:
    lines = [f"    {key} = {value}\n" for key, value in (storage.options | options).items()]
    (clone.path / ".dvc/config.local").write_text("".join(["['remote \"storage\"']\n", *lines]))


@pytest.mark.skipif(why_no_s3() != "", reason=why_no_s3())
def test_each_of_two_machines_trains_a_part_and_another_brings_them_together_by_s3(rebuilt, tmp_path):
    """Git calls `merge_lock.py`, because by lines it could not merge what both have added to dvc.lock."""
    with s3(tmp_path) as storage:
        first = rebuilt.git_clone(tmp_path / "first")
        first.set_params({"compare": {"nets": ["mine"], "recipes": ["test"], "seeds": [5, 6]}})
        first.run("dvc repro fetch")
        add_remote(first, storage)
        first.run("dvc push fetch")
        parts = []
        for seed in (5, 6):
            part = first.git_clone(tmp_path / f"part{seed}")
            set_options(part, storage)
            part.run(f"dvc pull fetch && dvc repro --single-item train@mine-test-{seed} evaluate@mine-test-{seed}")
            part.run(f"git switch -qc part-{seed} && dvc push train@mine-test-{seed}")
            part.commit()
            part.run(f"git push -q origin part-{seed}")
            parts.append(part)

        last = first.git_clone(tmp_path / "last")
        set_options(last, storage)
        last.run(f"git config merge.dvc-lock.driver '{sys.executable} cluster/merge_lock.py %O %A %B'")
        for seed in (5, 6):
            last.run(f"git merge --no-edit origin/part-{seed}", **IDENTITY, PATH="/usr/bin:/bin")
        last.run("dvc pull --allow-missing")
        assert set(stages_run(last.run("dvc repro --allow-missing").stdout)) == {"summarize@mine-test", "compare"}
        assert (last.path / "models/mine/test/6.pt").exists()
    merged = hashes(last)
    for seed, part in zip((5, 6), parts, strict=True):
        own = {key: md5 for key, md5 in hashes(part).items() if f"@mine-test-{seed}:" in key}
        assert own.items() <= merged.items()
        assert own


@pytest.mark.skipif(why_no_ssh() != "", reason=why_no_ssh())
def test_a_push_by_ssh_that_was_cut_off_is_completed_by_a_second_one(unchanged, tmp_path):
    with ssh(tmp_path) as storage:
        line = BreakingLine(storage.port, limit=300_000)
        add_remote(unchanged, storage, port=str(line.port))
        assert unchanged.run("dvc push --jobs 1", check=False).returncode != 0
        assert line.is_broken
        set_options(unchanged, storage)
        unchanged.run("dvc push")
        other = unchanged.git_clone(tmp_path / "other")
        set_options(other, storage)
        other.run("dvc pull")
    assert "Data and pipelines are up to date." in other.run("dvc repro").stdout
