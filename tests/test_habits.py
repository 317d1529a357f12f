"""What people do with DVC day by day: variations, the way back, registered checkpoints, a remote."""

import json
import re
from pathlib import Path

from clone import IDENTITY, REPOSITORY, Clone
from untrained import write_checkpoint

from run import Run

PAGE = (REPOSITORY / "docs/experiments.md").read_text(encoding="utf-8")
(GO_BACK,) = re.findall(r"^    touch params\.yaml.*\n(?:    .+\n)+", PAGE, re.MULTILINE)
RUN = Run("mine", "test", 0)


def files(clone: Clone) -> dict[str, bytes]:
    """What stages and `-S` write."""
    places = (clone.path / name for name in ("data", "metrics", "models", "plots", "dvc.lock", "params.yaml"))
    paths = (path for place in places for path in (place, *place.rglob("*")) if path.is_file())
    return {path.relative_to(clone.path).as_posix(): path.read_bytes() for path in paths}


def test_a_variation_is_compared_and_the_way_back_leaves_nothing_of_it_nor_of_one_that_failed(unchanged):
    before = files(unchanged)
    command = (
        f"dvc exp run -n faster -S recipes.test.learning_rate=0.02 -S 'compare.seeds=[0]' summarize@{RUN.net}-test"
    )
    unchanged.run(command, **IDENTITY)
    diff = json.loads(unchanged.run("dvc metrics diff --json").stdout)
    assert set(diff) >= {RUN.file("metrics/runs"), "metrics/nets/mine/test.json"}
    assert files(unchanged) != before
    unchanged.run(GO_BACK)
    assert unchanged.run("git status --porcelain").stdout == ""
    assert files(unchanged) == before
    assert unchanged.run("dvc status").stdout == "Data and pipelines are up to date.\n"
    unchanged.run("dvc exp rm faster")

    # Training that diverges: the same way back puts the outputs back that DVC has removed.
    failed = unchanged.run(f"dvc exp run -S recipes.test.learning_rate=1e6 train@{RUN}", check=False, **IDENTITY)
    assert failed.returncode != 0
    assert "learning rate 1000000" in failed.stderr
    assert not (unchanged.path / RUN.file("models")).exists()
    unchanged.run(GO_BACK)
    assert files(unchanged) == before


def test_an_emptied_dvc_lock_is_recovered_without_training(unchanged):
    """As a full disk leaves it; even if results since the last commit are not in git."""
    unchanged.set_params({"compare.seeds": [0]})
    unchanged.run("dvc repro summarize@mine-test")
    before = files(unchanged)
    (unchanged.path / "dvc.lock").write_text("")
    assert unchanged.run("dvc status", check=False).returncode != 0
    unchanged.run("git checkout dvc.lock && dvc commit --force")
    assert "Running" not in unchanged.run("dvc repro summarize@mine-test").stdout
    assert {name for name in before if before[name] != files(unchanged).get(name)} <= {"dvc.lock"}


def test_a_registered_checkpoint_is_got_from_another_folder(clone, tmp_path):
    """The artifact is the net by the first recipe and the first seed, whichever these are."""
    clone.set_params({"compare.seeds": [3], "compare.recipes": ["modern"]})
    path = Run("net1", "modern", 3).file("models")
    (artifacts,) = re.findall(r"^artifacts:.*", clone.read("dvc.yaml"), re.DOTALL | re.MULTILINE)
    (clone.path / "dvc.yaml").write_text(artifacts)  # the checkpoint is made here, and not by a stage
    write_checkpoint(clone.path / path, recipe_name="modern", seed=3)
    clone.run(f"dvc add -q {path}")
    clone.commit()
    clone.run("gto register net1 --version v1.0.0", **IDENTITY)
    clone.run("mkdir ../elsewhere && cd ../elsewhere && dvc artifacts get ../clone net1 --out net1.pt", **IDENTITY)
    assert Path(tmp_path / "elsewhere/net1.pt").read_bytes() == (clone.path / path).read_bytes()


def test_what_one_pushes_another_pulls_and_need_not_run(unchanged, tmp_path):
    unchanged.run(f"dvc remote add -q --default mine '{tmp_path}/remote' && dvc push")
    unchanged.commit()
    elsewhere = unchanged.git_clone(tmp_path / "elsewhere")
    elsewhere.run("dvc pull")
    assert "Data and pipelines are up to date." in elsewhere.run("dvc repro").stdout
