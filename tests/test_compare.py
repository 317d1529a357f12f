"""The stage on runs made up here, whole, with every warning an error; a real run is seen through DVC."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import made_up
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from clone import REPOSITORY
from made_up import CIFAR10

import compare
from foundation.errors import UserError
from images import dataset

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    shutil.copy(REPOSITORY / "data/study.csv", "data/study.csv")


@pytest.fixture
def _undrawn(monkeypatch):
    """Figures are made, but not drawn, which takes most of the time; test_comparison_figures.py draws them."""
    monkeypatch.setattr(compare.plot_style, "png", lambda figure: plt.close(figure) or b"")


def write(run: made_up.Run) -> None:
    """The files of `run` where `compare` looks for them, and params.yaml."""
    for folder in ("metrics/details", "metrics/train", "metrics/confusion", "plots/loss", "plots/predictions"):
        Path(folder).mkdir(parents=True)
    for net, detail in run.details.items():
        Path(f"metrics/details/{net}.json").write_text(json.dumps(detail))
        Path(f"metrics/train/{net}.json").write_text(json.dumps(run.training[net]))
        run.matrices[net].to_csv(f"metrics/confusion/{net}.csv")
        run.curves[net].to_csv(f"plots/loss/{net}.csv", index=False)
        predictions = pd.DataFrame({"actual": run.predictions["actual"], "predicted": run.predictions[net]})
        predictions.to_csv(f"plots/predictions/{net}.csv", index=False)
    labels = np.zeros(len(run.predictions), np.uint8)
    images = np.zeros((len(labels), 32, 32, 3), np.uint8)
    made_up_dataset = dataset.Dataset(**run.common["dataset"])
    dataset.save("data/test.npz", dataset.Split(images, labels, run.common["class_names"], made_up_dataset))
    nets = "".join(f"  {net}: {{architecture: net1, threads: 1}}\n" for net in run.details)
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    before, _, after = params.partition("\nnets:\n")
    Path("params.yaml").write_text(f"{before}\nnets:\n{nets}\n{after[after.index('data:') :]}", encoding="utf-8")


def at_chance(images: int) -> made_up.Run:
    """A net that always says `plane`, and one that never does."""
    actual = np.arange(images) % 10
    return made_up.run(CIFAR10, actual, {"net1": np.zeros_like(actual), "net2": np.maximum(actual, 1)})


def tied(images: int) -> made_up.Run:
    """Two nets of equal accuracy, one of them wrong on other images, and one that is always right."""
    actual = np.arange(images) % 10
    return made_up.run(CIFAR10, actual, {"a": np.maximum(actual, 1), "b": np.minimum(actual, 8), "c": actual})


RUNS = {
    "one net": lambda: made_up.cifar_like({"only": 0.6}, 100),
    "eight nets": lambda: made_up.cifar_like({f"net{i}": 0.3 + 0.08 * i for i in range(8)}, 1000),
    "ten test images": lambda: made_up.cifar_like(images=10),
    "a net at chance, a class never predicted": lambda: at_chance(100),
    "ten test images at chance": lambda: at_chance(10),
    "a tie": lambda: tied(100),
    "nets named like columns": lambda: made_up.cifar_like({"class": 0.5, "rank": 0.6, "net": 0.7, "study": 0.8}, 100),
    "the study's nets": made_up.cifar_like,
}


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("name", RUNS)
def test_every_run_gives_whole_tables(name, capsys):
    run = RUNS[name]()
    write(run)
    compare.main()
    nets = list(run.details)
    overall, per_class, pairs = (pd.read_csv(f"metrics/{table}.csv") for table in ("overall", "per_class", "pairs"))
    assert overall["net"].tolist() == nets
    assert len(per_class) == 10 * len(nets)
    assert len(pairs) == len(nets) * (len(nets) - 1) / 2
    for table in (overall.drop(columns=["study", "difference"], errors="ignore"), pairs):
        assert table.notna().all(axis=None)
    assert set(pd.read_csv("metrics/confusions.csv")["net"]) <= set(nets)
    findings = json.loads(Path("metrics/claims.json").read_text(encoding="utf-8"))
    report = Path("metrics/comparison.md").read_text(encoding="utf-8")
    titles = ["Overall", "Per class", "Is the difference real?", "Most confused pairs", "The study's claims", "Figures"]
    assert [line.removeprefix("## ") for line in report.splitlines() if line.startswith("## ")] == titles
    assert "nan" not in report
    assert "inf" not in report.replace("information", "")
    printed = capsys.readouterr().out
    assert report.partition("## Is the difference real?")[0] in printed
    for finding in findings.values():
        assert finding["claim"] in report
        assert f"{finding['verdict']:15}{finding['claim']}" in printed


def test_on_cifar10_the_studys_figures_stand_beside_ours():
    run = made_up.cifar_like()
    study = compare.study_figures(compare.common_run(run.details))
    assert study["net1"].tolist() == [58, 77, 53, 33, 67, 50, 73, 62, 59, 78, 61]


@pytest.mark.parametrize("change", [{"class_names": ["zero", "one"]}, {"dataset": {"train_images": 1000}}])
def test_on_other_images_they_do_not(change):
    run = made_up.cifar_like({"net1": 0.6})
    assert compare.study_figures(compare.common_run({"net1": run.details["net1"] | change})).empty


def test_nets_of_different_runs_are_not_compared():
    details = made_up.cifar_like({"net1": 0.6, "mine": 0.5}, 100).details
    details["mine"]["recipe"] = {"name": "quick"}
    with pytest.raises(UserError, match="net1 and mine differ in their recipe"):
        compare.common_run(details)


def test_class_names_that_look_like_something_else_stay_names():
    names = ["NA", "1", "true", "nan", "", "1e3"]
    run = made_up.run(names, np.arange(6), {"x": np.zeros(6, dtype=int), "y": np.arange(6)})
    write(run)
    matrix = compare.read_matrix("metrics/confusion/x.csv")
    assert list(matrix.index) == list(matrix.columns) == names
    assert (matrix.to_numpy() == run.matrices["x"].to_numpy()).all()
    predictions = compare.read_predictions(["x", "y"], run.common)
    assert predictions["actual"].tolist() == predictions["y"].tolist() == names
    assert predictions["x"].tolist() == ["NA"] * 6


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [rows[0], rows[2], rows[1], *rows[3:]]])
def test_predictions_on_other_images_are_refused(change):
    run = made_up.cifar_like({"net1": 0.6, "mine": 0.5}, 100)
    write(run)
    path = Path("plots/predictions/mine.csv")
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UserError, match=r"plots/predictions/mine.csv is not of this run's test images"):
        compare.read_predictions(["net1", "mine"], run.common)


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match=r"plots/loss/net1.csv is missing: `dvc repro` makes it"):
        compare.read_csv("plots/loss/net1.csv")


def test_a_terminal_without_the_minus_sign_gets_the_tables_too():
    write(tied(10))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-W", "error", str(REPOSITORY / "src/compare.py")]
    result = subprocess.run(command, env=environment, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"## Overall" in result.stdout
