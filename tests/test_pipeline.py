"""The pipeline through DVC itself, in temporary clones: what is stale, what is trained, and the same bytes again."""

import contextlib
import json
import shutil
from collections.abc import Iterable

import networkx
import pandas as pd
import pytest
import torch
from clone import IDENTITY, Clone, stages_run
from dvc.repo import Repo
from small_run import MINE, NETS, OUTPUT, RECIPE, RECIPES, RUNS, SEEDS, hashes

from run import FILES, Run


def runs(stages: str, nets: Iterable = NETS, recipes: Iterable = RECIPES, seeds: Iterable = SEEDS) -> set[str]:
    """The names of these stages of these runs."""
    chosen = [Run(net, recipe, seed) for net in nets for recipe in recipes for seed in seeds]
    return {f"{stage}@{run}" for stage in stages.split() for run in chosen}


def summaries(nets: Iterable = NETS, recipes: Iterable = RECIPES) -> set[str]:
    """Those that sum up, and the comparison, which follows from each of them."""
    return {f"summarize@{net}-{recipe}" for net in nets for recipe in recipes} | {"compare"}


STAGES = {"fetch"} | runs("train evaluate") | summaries()


def test_repro_rebuilds_everything_and_a_second_one_nothing_and_git_holds_all_but_images_and_checkpoints(rebuilt):
    assert set(stages_run(rebuilt.read(OUTPUT))) == STAGES
    for run in RUNS:
        for folder in FILES:
            assert (rebuilt.path / run.file(folder)).stat().st_size > 0
    output = rebuilt.run("dvc repro").stdout
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output
    assert rebuilt.run("git status --porcelain").stdout == ""
    tracked = rebuilt.run("git ls-files data models metrics plots").stdout.split()
    assert {run.file("metrics/logits") for run in RUNS} <= set(tracked)
    assert not [name for name in tracked if name.endswith((".pt", "train.npz", "validation.npz"))]


def test_every_result_names_net_recipe_seed_images_pytorch_and_device(rebuilt):
    images = json.loads(rebuilt.read("data/dataset.json"))
    assert (images["source"], images["evaluated_on"]) == ("digits", "validation")
    for run in RUNS:
        content = torch.load(rebuilt.path / run.file("models"), weights_only=True)
        training = json.loads(rebuilt.read(run.file("metrics/train")))
        evaluation = json.loads(rebuilt.read(run.file("metrics/evaluate")))
        for description in (json.loads(content["description"]), evaluation["description"]):
            assert [description[key] for key in ("net", "recipe_name", "seed")] == [run.net, run.recipe, run.seed]
            assert description["dataset"] == images
            assert description["recipe"]["batch_size"] == (5 if run.recipe == "test" else 20)
        assert training["torch"] == torch.__version__
        assert training["device"]


IGNORED = [
    "src/comparison/__pycache__/tables.cpython-311.pyc",
    "src/training/.loop.py.swp",
    "src/model/device.py~",
    "src/figures/.DS_Store",
    "src/images/.env",
    "metrics/logits/net1/test/.0.npz.4711.part",  # of a stage that was killed
    "plots/loss/.ipynb_checkpoints/net1-checkpoint.csv",
]
# Code of the expensive stages that cannot change their results, so it lies outside the folders that they depend on.
OUTSIDE = ["errors", "files", "params", "progress", "run", "saved_state", "schema", "stage"]


def edited(*names: str):
    return lambda clone: [clone.append(name) for name in names]


def params(**values: object):
    return lambda clone: clone.set_params({key.replace("__", "."): value for key, value in values.items()})


def with_a_net_more(clone: Clone) -> None:
    shutil.copy(clone.path / "src/nets/mine.py", clone.path / "src/nets/plain.py")
    clone.set_params({"compare.nets": [*NETS, "plain"]})


def with_a_recipe_more(clone: Clone) -> None:
    clone.set_params({"recipes.slower": RECIPE | {"learning_rate": 0.001}, "compare.recipes": [*RECIPES, "slower"]})


EDITS = {
    "a net's file": (edited("src/nets/mine.py"), runs("train evaluate", ["mine"]) | summaries(["mine"])),
    "a net that is not compared": (edited("src/nets/net3.py"), set()),
    "a recipe": (
        params(recipes__other__epochs=3),
        runs("train evaluate", recipes=["other"]) | summaries(recipes=["other"]),
    ),
    "a recipe that is not compared": (params(recipes__reference__epochs=6), set()),
    "a net more": (with_a_net_more, runs("train evaluate", ["plain"]) | summaries(["plain"])),
    "a net less": (params(compare__nets=NETS[:1]), {"compare"}),
    "a recipe more": (
        with_a_recipe_more,
        runs("train evaluate", recipes=["slower"]) | summaries(recipes=["slower"]),
    ),
    "a recipe less": (params(compare__recipes=RECIPES[:1]), {"compare"}),
    "a seed more": (params(compare__seeds=[*SEEDS, 7]), runs("train evaluate", seeds=[7]) | summaries()),
    "a seed less": (params(compare__seeds=SEEDS[:1]), summaries()),
    "the training code": (edited("src/training/loop.py"), runs("train evaluate") | summaries()),
    "the evaluation code": (edited("src/evaluate.py"), runs("evaluate") | summaries()),
    "the summing up": (edited("src/summarize.py"), summaries() - {"compare"}),
    "the comparison's tables": (edited("src/comparison/tables.py"), {"compare"}),
    "the reading of runs": (edited("src/comparison/runs.py"), summaries()),
    "the figures": (edited("src/figures/draw.py"), {"compare"}),
    "code that cannot change a result": (edited(*(f"src/{name}.py" for name in OUTSIDE)), set()),
    "files that Python, editors and killed stages leave": (edited(*IGNORED), set()),
    "an image reader": (edited("src/images/sklearn_digits.py"), STAGES),
    "what is evaluated on": (params(data__evaluate_on="test"), STAGES),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_makes_exactly_these_stages_stale(unchanged, edit):
    change, expected = EDITS[edit]
    change(unchanged)
    assert stale(unchanged) == expected


def stale(clone: Clone) -> set[str]:
    """The stages that `dvc status` names, and all that follow from them."""
    with contextlib.chdir(clone.path), Repo() as repo:
        named = set(repo.status())
        graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.name)
    return named.union(*(networkx.ancestors(graph, stage) for stage in named))


def test_another_address_of_the_images_makes_nothing_but_fetch_stale(unchanged):
    unchanged.set_params({"data.sources.cifar10.urls": ["https://example.org/cifar-10.tar.gz"]})
    assert stages_run(unchanged.run("dvc repro fetch").stdout) == ["fetch"]
    assert stale(unchanged) == set()


def test_a_fresh_clone_trains_what_is_new_and_takes_the_rest_from_git(unchanged, tmp_path):
    """A net more, which is a file and an entry in `nets`, and a recipe and a seed less, without the checkpoints."""
    clone = unchanged.git_clone(tmp_path / "fresh")
    (clone.path / "src/nets/plain.py").write_text(MINE.replace("stride=4", "stride=4, bias=False"))
    clone.set_params({"compare": {"nets": ["mine", "plain"], "recipes": ["test"], "seeds": [1]}})
    clone.run("dvc repro fetch")
    ran = set(stages_run(clone.run("dvc repro --allow-missing").stdout))
    assert ran == runs("train evaluate", ["plain"], ["test"], [1]) | summaries(["mine", "plain"], ["test"])
    overall = pd.read_csv(clone.path / "metrics/overall.csv")
    assert overall[["recipe", "net"]].to_numpy().tolist() == [["test", "mine"], ["test", "plain"]]
    assert not (clone.path / Run("mine", "test", 1).file("models")).exists()
    before, after = hashes(unchanged), hashes(clone)
    kept = [key for key in before if key.partition(":")[0] in runs("train evaluate", ["mine"], ["test"], [1])]
    assert kept
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}


def test_another_folder_and_environment_give_the_same_bytes(rebuilt, tmp_path):
    """By `dvc exp run` from scratch, with variables by which PyTorch and its libraries would compute in another way."""
    elsewhere = rebuilt.git_clone(tmp_path / "another place")
    elsewhere.run("git rm -q --cached dvc.lock && rm dvc.lock")
    elsewhere.set_params({"recipes.other.epochs": 1})
    elsewhere.commit()
    run = Run("net1", "other", 1)
    variables = {
        "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo",
    }  # fmt: skip
    elsewhere.run(f"dvc exp run -S recipes.other.epochs=2 evaluate@{run}", **variables, **IDENTITY)
    first, second = hashes(rebuilt), hashes(elsewhere)
    assert {key.partition(":")[0] for key in second} == {"fetch", f"train@{run}", f"evaluate@{run}"}
    assert second == {key: first[key] for key in second}


def test_from_validation_to_test_images_and_back(unchanged):
    """Another set of images all the way down; and then the bytes of before."""
    before, run = hashes(unchanged), Run("mine", "test", 0)
    unchanged.set_params({"data.evaluate_on": "test"})
    output = unchanged.run(f"dvc repro evaluate@{run}").stdout
    assert stages_run(output) == ["fetch", f"train@{run}", f"evaluate@{run}"]
    record = json.loads(unchanged.read(run.file("metrics/evaluate")))["description"]["dataset"]
    assert (record["evaluated_on"], record["train_images"], record["evaluated_images"]) == ("test", 1433, 364)
    assert {path.name for path in (unchanged.path / "data").glob("*.npz")} == {"train.npz", "test.npz"}

    unchanged.set_params({"data.evaluate_on": "validation"})
    unchanged.run(f"dvc repro evaluate@{run}")
    after = hashes(unchanged)
    assert after == before
    assert {path.name for path in (unchanged.path / "data").glob("*.npz")} == {"train.npz", "validation.npz"}
