"""The pipeline through DVC itself, in temporary clones, on a few digits as image folders."""

import contextlib
import json
import os
import re
import runpy
import shutil
from collections.abc import Iterable
from pathlib import Path

import networkx
import numpy as np
import pandas as pd
import pytest
import torch
from clone import REPOSITORY, Clone, stages_run
from dvc.repo import Repo
from small_run import NETS, OWN, RUNS, SEEDS, TEST_RECIPE, hashes, write_digits

from comparison.strays import OF_NET
from foundation.effect_free import EFFECT_FREE
from params import load_params
from results.run import FILES, Run

STAGES = [
    "fetch",
    *(f"{stage}@{run}" for run in RUNS for stage in ("train", "evaluate")),
    *(f"summarize@{net}" for net in NETS),
    "compare",
]


def test_repro_rebuilds_everything(rebuilt):
    assert set(stages_run(rebuilt.output)) == set(STAGES)
    names = [run.file(folder) for run in RUNS for folder in FILES]
    names += [f"{folder}/{net}{suffix}" for net in NETS for folder, suffix in OF_NET.items()]
    for name in names:
        assert (rebuilt.path / name).stat().st_size > 0, name


def test_a_second_repro_runs_nothing(rebuilt):
    output = rebuilt.run("dvc repro").stdout
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output


def test_git_holds_all_but_data_and_models(rebuilt):
    tracked = rebuilt.run("git ls-files data models metrics plots").stdout.split()
    assert {Path(name).suffix for name in tracked} == {"", ".json", ".csv", ".png", ".md", ".html"}
    assert rebuilt.run("git status --porcelain").stdout == ""


def test_the_tables_agree_with_each_other(rebuilt):
    overall = pd.read_csv(rebuilt.path / "metrics/overall.csv").set_index("net")
    per_class = pd.read_csv(rebuilt.path / "metrics/per_class.csv").pivot(
        index="class", columns="net", values="accuracy"
    )
    assert list(overall.index) == list(NETS)
    for net in NETS:
        matrix = pd.read_csv(rebuilt.path / f"metrics/confusion/{net}.csv", index_col="true")
        predictions = [pd.read_csv(rebuilt.path / Run(net, seed).file("plots/predictions")) for seed in SEEDS]
        right = [table["actual"] == table["predicted"] for table in predictions]
        runs = [Run(net, seed) for seed in SEEDS]
        accuracies = [json.loads(rebuilt.read(run.file("metrics/runs")))[str(run)]["accuracy"] for run in runs]
        assert accuracies == pytest.approx([100 * correct.mean() for correct in right], abs=1e-4)
        summary = json.loads(rebuilt.read(f"metrics/nets/{net}.json"))[net]
        assert summary["accuracy"] == pytest.approx(np.mean(accuracies), abs=1e-4)
        assert summary["sd"] == pytest.approx(np.std(accuracies, ddof=1), abs=1e-4)
        assert overall.loc[net, ["accuracy", "sd", "least", "most"]].tolist() == pytest.approx(
            [summary["accuracy"], summary["sd"], min(accuracies), max(accuracies)], abs=1e-3
        )
        both = pd.concat(predictions)
        assert pd.crosstab(both["actual"], both["predicted"]).sum().sum() == matrix.to_numpy().sum()
        cells = pd.read_csv(rebuilt.path / f"plots/confusion/{net}.csv").pivot(
            index="actual", columns="predicted", values="images"
        )
        assert (cells.loc[matrix.index, matrix.columns].to_numpy() == matrix.to_numpy()).all()
        by_class = 100 * (both["actual"] == both["predicted"]).groupby(both["actual"]).mean()
        assert per_class[net].to_dict() == pytest.approx(by_class.to_dict(), abs=1e-3)
        curves = pd.read_csv(rebuilt.path / f"plots/curves/{net}.csv")
        assert curves["seed"].unique().tolist() == SEEDS
    assert overall.loc["net1", ["parameters", "multiply_adds"]].tolist() == [62_006, 651_720]
    assert "study" not in overall  # these are digits


def test_compare_prints_both_tables_and_the_verdicts(rebuilt):
    printed = rebuilt.output
    for line in rebuilt.read("metrics/comparison.md").partition("## Do the nets differ?")[0].splitlines():
        assert line in printed
    for finding in json.loads(rebuilt.read("metrics/claims.json")).values():
        assert f"{finding['verdict']:15}{finding['claim']}" in printed


def test_a_checkpoint_says_what_made_it(rebuilt):
    content = torch.load(rebuilt.path / "models/net3_no_bn/1.pt", weights_only=True)
    description = json.loads(content["description"])
    assert description["net"] == "net3_no_bn"
    assert description["settings"] == {}
    assert description["recipe"] == {"name": "test", **TEST_RECIPE}
    assert description["seed"] == 1
    assert description["normalisation"] == {"mean": 0.5, "std": 0.5}
    assert len(description["class_names"]) == 10
    assert description["dataset"] == json.loads(rebuilt.read("data/dataset.json"))
    assert all(tensor.is_contiguous() for tensor in content["weights"].values())


def test_metrics_show_is_accuracy_and_loss_of_each_run_and_of_each_net(rebuilt):
    shown = json.loads(rebuilt.run("dvc metrics show --json").stdout)[""]["data"]
    of_runs = {run.file("metrics/runs"): (str(run), {"accuracy", "loss"}) for run in RUNS}
    of_nets = {f"metrics/nets/{net}.json": (net, {"accuracy", "sd", "loss"}) for net in NETS}
    keys = {path: [(name, set(values)) for name, values in file["data"].items()] for path, file in shown.items()}
    assert keys == {path: [named] for path, named in (of_runs | of_nets).items()}


def test_diffs_show_what_a_change_did(unchanged):
    """As if with another learning rate net1 had come to what net2 has."""
    unchanged.set_params({"recipes.test.learning_rate": 0.02})
    for name in ("plots/confusion/{}.csv", "plots/curves/{}.csv"):
        shutil.copy(unchanged.path / name.format("net2"), unchanged.path / name.format("net1"))
    for name in ("metrics/runs/{}/0.json", "metrics/nets/{}.json"):
        (unchanged.path / name.format("net1")).write_text(unchanged.read(name.format("net2")).replace("net2", "net1"))

    metrics = json.loads(unchanged.run("dvc metrics diff --json").stdout)
    assert set(metrics) == {"metrics/runs/net1/0.json", "metrics/nets/net1.json"}
    of_run, of_net = metrics["metrics/runs/net1/0.json"], metrics["metrics/nets/net1.json"]
    assert {"net1-0.loss"} <= set(of_run) <= {"net1-0.accuracy", "net1-0.loss"}  # what has changed of them
    assert {"net1.loss"} <= set(of_net) <= {"net1.accuracy", "net1.sd", "net1.loss"}
    assert of_net["net1.loss"]["diff"] != 0

    plots = json.loads(unchanged.run("dvc plots diff HEAD --json").stdout)["data"]
    (loss,) = (plot["content"] for plot in plots["Training loss"])
    assert {row["rev"] for row in loss["data"]["values"]} == {"HEAD", "workspace"}
    (confusion,) = (plot["content"] for plot in plots["plots/confusion/net1.csv"])
    assert {row["rev"] for row in confusion["data"]["values"]} == {"HEAD", "workspace"}


def test_plots_show_every_net(rebuilt):
    plots = json.loads(rebuilt.run("dvc plots show --json").stdout)["data"]
    (loss,) = (plot["content"] for plot in plots["Training loss"])
    listed = load_params(REPOSITORY / "params.yaml").nets
    assert {(row["filename"], int(row["seed"])) for row in loss["data"]["values"]} == {
        (f"{net}.csv", seed) for net in listed for seed in SEEDS
    }
    test_images = json.loads(rebuilt.read("data/dataset.json"))["test_images"]
    for net in NETS:
        (confusion,) = (plot["content"] for plot in plots[f"plots/confusion/{net}.csv"])
        assert sum(int(row["images"]) for row in confusion["data"]["values"]) == test_images * len(SEEDS)
    assert plots["plots/figures/loss.png"][0]["type"] == "image"


def stale(clone: Clone) -> set[str]:
    """The stages that `dvc status` names, and all that follow from them."""
    with contextlib.chdir(clone.path), Repo() as repo:
        named = set(repo.status())
        graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.name)
    return named.union(*(networkx.ancestors(graph, stage) for stage in named))


def runs(stages: str, nets: Iterable[str] = NETS, seeds: Iterable[int] = SEEDS) -> set[str]:
    return {f"{stage}@{net}-{seed}" for stage in stages.split() for net in nets for seed in seeds}


def summaries(*nets: str) -> set[str]:
    """Those of `nets`, or of all, and what all of them lead to."""
    return {f"summarize@{net}" for net in nets or NETS} | {"compare"}


STRAYS = [
    "src/comparison/__pycache__/tables.cpython-311.pyc",
    "src/comparison/.tables.py.swp",
    "src/figures/style.py~",
    "src/figures/.DS_Store",
    "metrics/details/net1/.0.json.part",  # of a stage that was killed
    "plots/loss/.ipynb_checkpoints/net1-checkpoint.csv",
]
EDITS = {
    "nothing": (lambda clone: None, set()),
    "net3's file": (
        lambda clone: clone.append("src/nets/net3.py", "# edited\n"),
        runs("train evaluate", ["net3"]) | summaries("net3"),
    ),
    "a recipe that is not chosen": (lambda clone: clone.set_params({"recipes.reference.epochs": 6}), set()),
    "the chosen recipe": (
        lambda clone: clone.set_params({"recipes.test.epochs": 2}),
        runs("train evaluate") | summaries(),
    ),
    "one net's settings": (
        lambda clone: clone.set_params({"nets.net2.threads": 3}),
        runs("train evaluate", ["net2"]) | summaries("net2"),
    ),
    "a seed more": (
        lambda clone: clone.set_params({"seeds": [*SEEDS, 7]}),
        runs("train evaluate", seeds=[7]) | summaries(),
    ),
    "a seed less": (lambda clone: clone.set_params({"seeds": SEEDS[:1]}), summaries()),
    "the seeds in another order": (lambda clone: clone.set_params({"seeds": SEEDS[::-1]}), summaries()),
    "a net more": (
        lambda clone: [
            shutil.copy(clone.path / "src/nets/net1.py", clone.path / "src/nets/net4.py"),
            clone.set_params({"nets.net4": {}}),
        ],
        runs("train evaluate", ["net4"]) | summaries("net4"),
    ),
    "a net less": (lambda clone: clone.set_params({"nets.net2": None}), {"compare"}),
    "the evaluation code": (
        lambda clone: clone.append("src/evaluate.py", "# edited\n"),
        runs("evaluate") | summaries(),
    ),
    "the summing up": (
        lambda clone: clone.append("src/summarize.py", "# edited\n"),
        {f"summarize@{net}" for net in NETS},
    ),
    "the comparison code": (lambda clone: clone.append("src/compare.py", "# edited\n"), {"compare"}),
    "the comparison's tables": (lambda clone: clone.append("src/comparison/tables.py", "# edited\n"), {"compare"}),
    "how runs are read": (lambda clone: clone.append("src/comparison/runs.py", "# edited\n"), summaries()),
    "the training code": (
        lambda clone: clone.append("src/training/loop.py", "# edited\n"),
        runs("train evaluate") | summaries(),
    ),
    "an image reader": (lambda clone: clone.append("src/images/image_folders.py", "# edited\n"), set(STAGES)),
    "the modules without effect": (
        lambda clone: [clone.append(f"src/{name}", "# edited\n") for name in EFFECT_FREE],
        set(),
    ),
    "strays of Python and editors": (lambda clone: [clone.append(name, "stray") for name in STRAYS], set()),
    "what is evaluated on": (lambda clone: clone.set_params({"data.evaluate_on": "validation"}), set(STAGES)),
    "how many images are held out for validation, while testing": (
        lambda clone: clone.set_params({"data.held_out.validation": 2}),
        set(),
    ),
    "the data source": (lambda clone: clone.set_params({"data.source": "cifar10"}), set(STAGES)),
    "a data source that is not chosen": (
        lambda clone: clone.set_params({"data.sources.cifar10.urls": ["https://example.org/cifar-10.tar.gz"]}),
        set(),
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_makes_exactly_these_stages_stale(unchanged, edit):
    change, expected = EDITS[edit]
    change(unchanged)
    assert stale(unchanged) == expected


def test_validation_and_back(unchanged, few):
    """Another set of images all the way down; and then the bytes of before."""
    images, before = {"CIFAR10_ARCHIVE": few[1]}, hashes(unchanged)
    unchanged.set_params({"data.evaluate_on": "validation", "data.held_out.validation": 5})
    output = unchanged.run("dvc repro evaluate@net1-0", **images).stdout
    assert "few: 100 training and 50 validation images\n" in output
    assert re.search(r"^net1-0: accuracy \S+ % on 50 validation images of few$", output, re.MULTILINE)
    assert {path.name for path in (unchanged.path / "data").glob("*.npz")} == {"train.npz", "validation.npz"}
    assert json.loads(unchanged.read("metrics/train/net1/0.json"))["steps"] == 20
    assert len(unchanged.read("plots/predictions/net1/0.csv").splitlines()) == 1 + 50
    assert unchanged.run("git status --porcelain data").stdout == " M data/dataset.json\n"

    unchanged.set_params({"data.evaluate_on": "test"})
    unchanged.run("dvc repro evaluate@net1-0", **images)
    after = hashes(unchanged)
    assert {key for key in before if after[key] != before[key]} == {"train@net1-0: metrics/timing/net1/0.json"}


def test_a_fresh_clone_trains_what_is_new_and_takes_the_rest_from_git(unchanged, few, tmp_path):
    """As the README says: without the checkpoints of the committed runs, a seed more and a net of one's own."""
    clone, images = unchanged.git_clone(tmp_path / "stranger"), {"CIFAR10_ARCHIVE": few[1]}
    (clone.path / "src/nets/mine.py").write_text(OWN_NET)
    clone.set_params({"seeds": [*SEEDS, 7], "nets": {"net1": NETS["net1"], "net2": NETS["net2"], "mine": {}}})
    clone.run("dvc repro fetch", **images)
    ran = set(stages_run(clone.run("dvc repro --allow-missing", **images).stdout))
    new = runs("train evaluate", ["net1", "net2"], [7]) | runs("train evaluate", ["mine"], [*SEEDS, 7])
    assert ran == new | summaries("net1", "net2", "mine")
    assert pd.read_csv(clone.path / "metrics/overall.csv")["net"].tolist() == ["net1", "net2", "mine"]
    assert not (clone.path / "models/net1/0.pt").exists()
    before, after = hashes(unchanged), hashes(clone)
    of_runs = {key for key in before if re.match(r"(train|evaluate)@net[12]-[01]:", key)}
    assert {key: after[key] for key in of_runs} == {key: before[key] for key in of_runs}


@pytest.mark.parametrize(
    ("target", "stages"),
    [
        pytest.param("evaluate@net2-1", ["fetch", "train@net2-1", "evaluate@net2-1"], id="one run"),
        pytest.param("", STAGES, id="all", marks=pytest.mark.long),
    ],
)
def test_an_experiment_from_scratch_elsewhere_gives_the_same_bytes(rebuilt, few, tmp_path, target, stages):
    """In another folder, by `dvc exp run`, without a git identity, with another hash seed, locale and time zone."""
    params, folder = few
    clone = Clone(tmp_path / "another place")
    clone.set_params({**params, "recipe": "quick", "data.source": "cifar10"})
    clone.commit()
    output = clone.run(
        f"dvc exp run -S recipe=test -S data.source=few {target}",
        CIFAR10_ARCHIVE=folder, PYTHONHASHSEED="7", LC_ALL="C", TZ="Asia/Tokyo",
    ).stdout  # fmt: skip
    assert set(stages_run(output)) == set(stages)
    first, second = hashes(rebuilt), hashes(clone)
    differ = {path for path in first if path.partition(":")[0] in stages and first[path] != second[path]}
    trained = [stage for stage in stages if stage.startswith("train@")]
    assert differ == {f"{stage}: {Run.named(stage).file('metrics/timing')}" for stage in trained}


OWN_NET = """
import torch.nn as nn


class Net(nn.Sequential):
    def __init__(self, num_classes: int, width: int = 8):
        convolution = nn.Conv2d(3, width, kernel_size=3, stride=4)
        super().__init__(convolution, nn.ReLU(), nn.Flatten(), nn.Linear(width * 8 * 8, num_classes))
"""


def test_ones_own_net_is_one_more_file(unchanged):
    """And an entry in `nets` and in `artifacts`: it alone is trained, and then compared with what is there."""
    (unchanged.path / "src/nets/mine.py").write_text(OWN_NET)
    unchanged.set_params({"nets.mine": {"width": 4}})
    unchanged.append("dvc.yaml", "  mine: {path: models/mine/0.pt, type: model, desc: Mine}\n")
    its_runs = runs("train evaluate", ["mine"])
    assert stale(unchanged) == its_runs | summaries("mine")
    assert set(stages_run(unchanged.run("dvc repro summarize@mine").stdout)) == its_runs | {"summarize@mine"}
    details = json.loads(unchanged.read("metrics/details/mine/1.json"))
    assert details["parameters"] == (3 * 9 + 1) * 4 + (4 * 8 * 8 + 1) * 10
    assert stale(unchanged) == {"compare"}
    unchanged.append("src/nets/mine.py", "# edited\n")
    assert stale(unchanged) == its_runs | summaries("mine")


def test_ones_own_images_one_net_of_ones_own(clone, tmp_path):
    """As the README describes it: an entry in `data.sources`, its checksum from the error line, CIFAR10_ARCHIVE."""
    folder, class_names = tmp_path / "own", {"round": "zero", "straight": "one"}
    checksum = write_digits(folder, class_names, train=20, test=5)
    clone.set_params({"recipe": "test", "recipes.test": TEST_RECIPE})
    clone.set_params({"data.sources.own": OWN | {"class_names": class_names}, "data.source": "own"})
    clone.set_params({"nets": {"net1": {}}, "seeds": [3]})
    refused = clone.run("dvc repro", check=False, CIFAR10_ARCHIVE=str(folder))
    (found,) = re.findall(r"^error: CIFAR10_ARCHIVE is not what .* found ([0-9a-f]{64})$", refused.stderr, re.MULTILINE)
    assert found == checksum
    assert not list((clone.path / "data").glob("*.npz"))
    clone.set_params({"data.sources.own.sha256": found})
    output = clone.run("dvc repro", CIFAR10_ARCHIVE=str(folder)).stdout
    assert set(stages_run(output)) == {"fetch", "train@net1-3", "evaluate@net1-3", "summarize@net1", "compare"}
    matrix = pd.read_csv(clone.path / "metrics/confusion/net1.csv", index_col="true")
    assert list(matrix.index) == list(matrix.columns) == ["zero", "one"]
    assert matrix.to_numpy().sum() == 10


def test_a_failed_stage_says_why_in_one_line_and_leaves_the_cache_alone(unchanged, monkeypatch):
    (unchanged.path / "models/net1/0.pt").unlink()
    (unchanged.path / "models/net1/0.pt").write_text("garbage")
    before = sorted((unchanged.path / ".dvc/cache").rglob("*"))
    monkeypatch.chdir(unchanged.path)
    monkeypatch.setattr("sys.argv", ["evaluate.py", "net1-0"])
    with pytest.raises(SystemExit, match=r"^error: models/net1/0.pt is damaged \(.+\): .+$"):
        runpy.run_path("src/evaluate.py", run_name="__main__")
    assert sorted((unchanged.path / ".dvc/cache").rglob("*")) == before


@pytest.mark.skipif("CIFAR10_ARCHIVE" not in os.environ, reason="set CIFAR10_ARCHIVE to the images of cifar10-jpeg")
def test_the_real_images(clone):
    clone.set_params({"data.source": "cifar10-jpeg"})
    archive = str(Path(os.environ["CIFAR10_ARCHIVE"]).absolute())
    clone.run("dvc repro fetch", CIFAR10_ARCHIVE=archive)
    description = json.loads(clone.read("data/dataset.json"))
    assert (description["train_images"], description["test_images"]) == (50_000, 10_000)
    assert not description["lossless"]
