"""The stage on runs made up here, whole, with every warning an error; a real run is seen through DVC."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import made_up
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from clone import REPOSITORY
from made_up import CIFAR10

import compare
from comparison import run
from comparison.run import Run
from comparison.strays import GENERATED
from figures.style import Picture
from foundation.errors import UserError
from images import dataset
from results.evaluated import Conditions

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    shutil.copy(REPOSITORY / "data/study.csv", "data/study.csv")


@pytest.fixture
def _undrawn(monkeypatch):
    """Figures are made, but not drawn, which takes most of the time; figures/test_figures.py draws them."""
    monkeypatch.setattr(compare, "drawn", lambda figure: plt.close(figure) or Picture("a figure", b""))


def write(made: Run) -> None:
    """The files of `made` where `compare` looks for them, and params.yaml."""
    for folder in GENERATED:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for net, evaluation in made.evaluations.items():
        Path(f"metrics/details/{net}.json").write_text(json.dumps(evaluation.dump()))
        Path(f"metrics/train/{net}.json").write_text(made.training[net].model_dump_json())
        made.matrices[net].to_csv(f"metrics/confusion/{net}.csv")
        made.curves[net].to_csv(f"plots/loss/{net}.csv", index=False)
        predictions = pd.DataFrame({"actual": made.predictions["actual"], "predicted": made.predictions[net]})
        predictions.to_csv(f"plots/predictions/{net}.csv", index=False)
    labels = np.zeros(len(made.predictions), np.uint8)
    images = np.zeros((len(labels), 32, 32, 3), np.uint8)
    split = dataset.Split(images, labels, made.conditions.class_names, made.conditions.dataset)
    dataset.save(f"data/{made.conditions.dataset.evaluated_on}.npz", split)
    nets = "".join(f"  {net}: {{architecture: net1, threads: 1}}\n" for net in made.nets)
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    before, _, after = params.partition("\nnets:\n")
    Path("params.yaml").write_text(f"{before}\nnets:\n{nets}\n{after[after.index('data:') :]}", encoding="utf-8")


def at_chance(images: int) -> Run:
    """A net that always says `plane`, and one that never does."""
    actual = np.arange(images) % 10
    return made_up.run(CIFAR10, actual, {"net1": np.zeros_like(actual), "net2": np.maximum(actual, 1)})


def tied(images: int) -> Run:
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
    made = RUNS[name]()
    write(made)
    compare.main()
    nets = made.nets
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


NO_LOOK = "Evaluated on validation images, held out of the training images; no test image was looked at."


@pytest.mark.parametrize(
    ("on", "title", "remarks"),
    [("test", "made up", 0), ("validation", "made up with 1,000 validation images", 1)],
)
def test_all_that_is_shown_says_what_was_evaluated_on(on, title, remarks, monkeypatch, capsys):
    """Figures by their captions; what is drawn on them is seen in figures/test_figures.py."""
    monkeypatch.setattr(
        compare, "drawn", lambda figure: plt.close(figure) or Picture(figure.get_suptitle().replace("\n", " "), b"")
    )
    write(made_up.cifar_like({"net1": 0.6, "net2": 0.7}, 1000, on=on))
    compare.main()
    comparison = Path("metrics/comparison.md").read_text(encoding="utf-8")
    for text in (comparison, Path("plots/report.html").read_text(encoding="utf-8"), capsys.readouterr().out):
        assert f"Accuracy on the 1,000 {on} images" in text
        assert text.count(NO_LOOK) == remarks
        found = re.findall(r"\b(test|validation) (?:accuracy|images?)\b", text.replace(NO_LOOK, ""), re.IGNORECASE)
        assert {word.lower() for word in found} == {on}
    heading, *_, figures = comparison.split("## ")
    assert heading == f"# Comparison on {title}, recipe none\n\n"
    captions = re.findall(r"^!\[(.+)\]", figures, re.MULTILINE)
    assert len(captions) == 7  # five of both nets, and the loss of each
    assert all(f" on {title} recipe none: " in caption for caption in captions)


@pytest.mark.usefixtures("_undrawn")
def test_beside_validation_images_the_studys_figures_do_not_stand():
    """Though there are ten classes and 10,000 images."""
    write(made_up.cifar_like({"net1": 0.6, "net2": 0.7}, on="validation"))
    compare.main()
    for name in ("overall", "per_class"):
        assert not {"study", "difference"} & set(pd.read_csv(f"metrics/{name}.csv"))
    comparison, _, claims = Path("metrics/comparison.md").read_text(encoding="utf-8").partition("## The study's claims")
    assert claims
    assert "study" not in comparison


def conditions(**changes: object) -> Conditions:
    return replace(made_up.cifar_like({"net1": 0.6}).conditions, **changes)


def test_on_cifar10_the_studys_figures_stand_beside_ours():
    study = run.study_figures(conditions())
    assert study["net1"].tolist() == [58, 77, 53, 33, 67, 50, 73, 62, 59, 78, 61]


def test_on_other_images_they_do_not():
    assert run.study_figures(conditions(class_names=["zero", "one"])).empty
    few = conditions().dataset.model_copy(update={"train_images": 1000})
    assert run.study_figures(conditions(dataset=few)).empty


def test_nets_of_different_runs_are_not_compared():
    evaluations = made_up.cifar_like({"net1": 0.6, "mine": 0.5}, 100).evaluations
    assert run.common_conditions(evaluations).recipe == made_up.RECIPE
    validation = made_up.cifar_like({"mine": 0.5}, 100, on="validation").evaluations
    with pytest.raises(UserError, match="net1 and mine differ in their dataset"):
        run.common_conditions(evaluations | validation)
    quick = made_up.RECIPE.model_copy(update={"name": "quick"})
    evaluations["mine"] = evaluations["mine"].model_copy(update={"recipe": quick})
    with pytest.raises(UserError, match="net1 and mine differ in their recipe"):
        run.common_conditions(evaluations)


def test_class_names_that_look_like_something_else_stay_names():
    names = ["NA", "1", "true", "nan", "", "1e3"]
    made = made_up.run(names, np.arange(6), {"x": np.zeros(6, dtype=int), "y": np.arange(6)})
    write(made)
    matrix = run.read_matrix("metrics/confusion/x.csv")
    assert list(matrix.index) == list(matrix.columns) == names
    assert (matrix.to_numpy() == made.matrices["x"].to_numpy()).all()
    predictions = run.read_predictions(["x", "y"], made.conditions)
    assert predictions["actual"].tolist() == predictions["y"].tolist() == names
    assert predictions["x"].tolist() == ["NA"] * 6


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [rows[0], rows[2], rows[1], *rows[3:]]])
def test_predictions_on_other_images_are_refused(change):
    made = made_up.cifar_like({"net1": 0.6, "mine": 0.5}, 100)
    write(made)
    path = Path("plots/predictions/mine.csv")
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UserError, match=r"plots/predictions/mine.csv is not of this run's test images"):
        run.read_predictions(["net1", "mine"], made.conditions)


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match=r"plots/loss/net1.csv is missing: `dvc repro` makes it"):
        run.read_csv("plots/loss/net1.csv", [])


def test_a_terminal_without_the_minus_sign_gets_the_tables_too():
    write(tied(10))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-W", "error", str(REPOSITORY / "src/compare.py")]
    result = subprocess.run(command, env=environment, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"## Overall" in result.stdout


STRAYS = [f"{folder}/net9{suffix}" for folder, suffix in GENERATED.items()]


@pytest.mark.usefixtures("_undrawn")
def test_results_of_nets_that_are_gone_are_removed_with_a_line_each(capsys):
    """DVC takes into account all that lies in the folders, and no clean clone has them."""
    write(tied(10))
    for name in STRAYS:
        Path(name).write_text('{"accuracy": 1, "loss": 1}')
    others = ["metrics/notes.json", "metrics/details/.net1.json.0a1b2c3d.part", "plots/loss/.DS_Store"]
    for name in others:
        Path(name).write_text('{"mine": 1}')
    compare.main()
    compare.main()  # `metrics/claims.json` is no net's
    assert not [name for name in STRAYS if Path(name).exists()]
    assert all(Path(name).exists() for name in others)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("removed ")]
    assert printed == [f"removed {name}: params.yaml has no net net9" for name in STRAYS]
    assert all(Path(f"metrics/details/{net}.json").exists() for net in "abc")


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("name", ["metrics/details/notes.txt", "plots/loss/old/a.csv", "metrics/train/a.json.orig"])
def test_what_is_no_nets_result_is_not_removed_but_refused(name):
    write(tied(10))
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("mine")
    with pytest.raises(UserError, match=r" is no net's result, and all of \S+ is compared: move it away$"):
        compare.main()
    assert Path(name).read_text() == "mine"


def test_a_loss_curve_that_was_cut_short_is_no_result():
    """It grows while a net is trained, so a killed run leaves its beginning."""
    write(tied(10))
    path = Path("plots/loss/b.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match=r"^plots/loss/b.csv does not end at step 5,000, so it is of another run"):
        compare.main()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics/details/a.json", ""),
        ("metrics/details/a.json", "<<<<<<< HEAD\n{}\n=======\n"),
        ("metrics/train/a.json", "[1, 2]"),
        ("metrics/confusion/a.csv", ""),
        ("metrics/confusion/a.csv", "true,plane\nplane,many\n"),
        ("plots/loss/a.csv", ""),
        ("plots/loss/a.csv", "<<<<<<< HEAD\nstep,epoch,loss,accuracy\n=======\n"),
        ("plots/predictions/a.csv", "<<<<<<< HEAD\n"),
        ("data/study.csv", ""),
        ("data/study.csv", "<<<<<<< HEAD\nclass,net1\n"),
        ("data/study.csv", "class,net1\nplane,58\n<<<<<<< HEAD\ncar,77\n=======\ncar,78\n>>>>>>> theirs\n"),
        ("data/study.csv", "class,net1\nplane,58 %\n"),
        ("data/study.csv", "class,net1\nplane,58\nplane,59\n"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_one_line(name, content):
    """As after a merge in which two runs met, or when the disk was full."""
    write(tied(10))
    Path(name).write_text(content)
    with pytest.raises(UserError, match=rf"^{name}") as error:
        compare.main()
    assert "\n" not in str(error.value)
