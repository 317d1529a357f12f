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
from made_up import CIFAR10, NETS, write

import compare
from comparison import runs
from comparison.runs import Runs
from comparison.strays import OF_NET, OF_RUN
from figures.style import Picture
from foundation.errors import UserError
from results.evaluated import Conditions

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["compare.py"])
    Path("data").mkdir()
    shutil.copy(REPOSITORY / "data/study.csv", "data/study.csv")
    monkeypatch.setattr("params.NETS", sorted({*NETS, *ODD_NAMES, *TWELVE, *"abc", "only"}))  # no net is built here


@pytest.fixture
def _undrawn(monkeypatch):
    """Figures are made, but not drawn, which takes most of the time; figures/test_figures.py draws them."""
    monkeypatch.setattr(compare, "drawn", lambda figure: plt.close(figure) or Picture("a figure", b""))


def at_chance(images: int) -> Runs:
    """Two nets of which all runs fail, each always saying the same class, and one of which they differ."""
    actual = np.arange(images) % 10
    same = np.zeros((2, images), dtype=int)
    return made_up.run(CIFAR10, actual, {"net1": same, "net2": same, "net3": same + np.array([[0], [1]])})


def tied(images: int) -> Runs:
    """Two nets of equal accuracy, one of them wrong on other images, and one that is always right."""
    actual = np.arange(images) % 10
    return made_up.run(CIFAR10, actual, {"a": np.maximum(actual, 1), "b": np.minimum(actual, 8), "c": actual})


ODD_NAMES = {"class": 0.5, "rank": 0.6, "net": 0.7, "study": 0.8, "best": 0.4, "true": 0.3}
TWELVE = {f"net{i}": 0.3 + 0.05 * i for i in range(12)}
RUNS = {
    "one net, one seed": lambda: made_up.cifar_like({"only": 0.6}, 100, seeds=1),
    "one net": lambda: made_up.cifar_like({"only": 0.6}, 100),
    "twelve nets": lambda: made_up.cifar_like(TWELVE, 1000),
    "ten test images": lambda: made_up.cifar_like(images=10, epochs=5),
    "ten test images, one seed": lambda: made_up.cifar_like(images=10, seeds=1),
    "seeds that all fail": lambda: at_chance(100),
    "seeds that all fail, ten test images": lambda: at_chance(10),
    "a tie": lambda: tied(100),
    "nets named like columns": lambda: made_up.cifar_like(ODD_NAMES, 100),
    "nets named like columns, one seed": lambda: made_up.cifar_like(ODD_NAMES, 100, seeds=1),
    "the study's nets": lambda: made_up.cifar_like(epochs=5),
    "the study's nets, two seeds": lambda: made_up.cifar_like(seeds=2, epochs=5),
    "the study's nets, one seed": lambda: made_up.cifar_like(seeds=1, epochs=5),
}


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("name", RUNS)
def test_every_run_gives_whole_tables(name, capsys):
    made = RUNS[name]()
    write(made)
    compare.main()
    nets, several = made.nets, len(made.seeds) > 1
    tables = ("overall", "per_class", "differences")
    overall, per_class, differences = (pd.read_csv(f"metrics/{table}.csv") for table in tables)
    assert overall["net"].tolist() == nets
    assert len(per_class) == 10 * len(nets)
    assert len(differences) == len(nets) * (len(nets) - 1) / 2
    of_several = ["sd", "study", "study_inside", "prediction_low", "prediction_high"]
    for table in (overall, per_class, differences):
        assert table.drop(columns=of_several, errors="ignore").notna().all(axis=None)
    assert (overall["sd"].notna() == several).all()
    assert set(pd.read_csv("metrics/confusions.csv")["net"]) <= set(nets)
    findings = json.loads(Path("metrics/claims.json").read_text(encoding="utf-8"))
    report = Path("metrics/comparison.md").read_text(encoding="utf-8")
    differ = "Do the nets differ?" if several else "Do these trained nets differ?"
    titles = ["Overall", "Per class", differ, "Most confused pairs", "Size and fit", "The study's claims", "Figures"]
    assert [line.removeprefix("## ") for line in report.splitlines() if line.startswith("## ")] == titles
    assert not re.search(r"\bnan\b|\binf\b", report)
    printed = capsys.readouterr().out
    assert report.partition(f"## {differ}")[0] in printed
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
    assert len(captions) == 6


@pytest.mark.usefixtures("_undrawn")
def test_beside_validation_images_the_studys_figures_do_not_stand():
    """Though there are ten classes and 10,000 images."""
    write(made_up.cifar_like({"net1": 0.6, "net2": 0.7}, on="validation"))
    compare.main()
    for name in ("overall", "per_class"):
        assert not {"study", "prediction_low"} & set(pd.read_csv(f"metrics/{name}.csv"))
    comparison, _, claims = Path("metrics/comparison.md").read_text(encoding="utf-8").partition("## The study's claims")
    assert claims
    assert "study" not in comparison


def conditions(**changes: object) -> Conditions:
    return replace(made_up.cifar_like({"net1": 0.6}).conditions, **changes)


def test_on_cifar10_the_studys_figures_stand_beside_ours():
    study = runs.read_study(conditions())
    assert study["net1"].tolist() == [58, 77, 53, 33, 67, 50, 73, 62, 59, 78, 61]


def test_on_other_images_they_do_not():
    assert runs.read_study(conditions(class_names=["zero", "one"])).empty
    few = conditions().dataset.model_copy(update={"train_images": 1000})
    assert runs.read_study(conditions(dataset=few)).empty


def test_different_runs_are_not_compared():
    one, other = made_up.cifar_like({"net1": 0.6}, 100, seeds=2).evaluations["net1"]
    assert runs.common_conditions([one, other]).recipe == made_up.RECIPE
    (validation,) = made_up.cifar_like({"mine": 0.5}, 100, seeds=1, on="validation").evaluations["mine"]
    with pytest.raises(UserError, match="net1-0 and mine-0 differ in their dataset"):
        runs.common_conditions([one, other, validation])
    quick = made_up.RECIPE.model_copy(update={"name": "quick"})
    with pytest.raises(UserError, match="net1-0 and net1-1 differ in their recipe"):
        runs.common_conditions([one, other.model_copy(update={"recipe": quick})])


def test_class_names_that_look_like_something_else_stay_names():
    names = ["NA", "1", "true", "nan", "", "1e3"]
    made = made_up.run(names, np.arange(6), {"x": np.zeros(6, dtype=int), "y": np.arange(6)})
    write(made)
    read = runs.read_runs(["x", "y"], [0])
    assert read.conditions.class_names == names
    assert read.actual.tolist() == read.predicted["y"][0].tolist() == list(range(6))
    assert read.predicted["x"].tolist() == [[0] * 6]


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [rows[0], rows[2], rows[1], *rows[3:]]])
def test_predictions_on_other_images_are_refused(change):
    write(made_up.cifar_like({"net1": 0.6, "mine": 0.5}, 100))
    path = Path("plots/predictions/mine/1.csv")
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UserError, match=r"plots/predictions/mine/1.csv is not of these runs' test images"):
        runs.read_runs(["net1", "mine"], [0, 1, 2])


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match=r"plots/loss/net1/0.csv is missing: `dvc repro` makes it"):
        runs.read_csv("plots/loss/net1/0.csv", [])


def test_a_terminal_without_the_minus_sign_gets_the_tables_too():
    write(made_up.cifar_like({"net1": 0.6, "net2": 0.7}, 10))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-W", "error", str(REPOSITORY / "src/compare.py")]
    result = subprocess.run(command, env=environment, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"## Overall" in result.stdout


STRAYS = [f"{folder}/{run}{suffix}" for folder, suffix in OF_RUN.items() for run in ("a/7", "net9/0")]
STRAYS += [f"{folder}/net9{suffix}" for folder, suffix in OF_NET.items()]


@pytest.mark.usefixtures("_undrawn")
def test_results_of_nets_and_seeds_that_are_gone_are_removed_with_a_line_each(capsys):
    """DVC takes into account all that lies in the folders, and no clean clone has them."""
    write(tied(10))
    others = ["metrics/notes.json", "metrics/details/a/.0.json.0a1b2c3d.part", "plots/loss/.DS_Store"]
    for name in STRAYS + others:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text('{"mine": 1}')
    compare.main()
    compare.main()  # `metrics/claims.json` is no net's
    assert not [name for name in STRAYS if Path(name).exists()]
    assert all(Path(name).exists() for name in others)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("removed ")]
    assert printed == [f"removed {name}: params.yaml has no such net or seed" for name in STRAYS]
    assert all(Path(f"metrics/details/{net}/0.json").exists() for net in "abc")


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("name", ["metrics/details/notes.txt", "plots/loss/old/a.csv", "metrics/train/a/0.json.orig"])
def test_what_is_no_runs_result_is_not_removed_but_refused(name):
    write(tied(10))
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("mine")
    with pytest.raises(UserError, match=r" is no result of a net and seed, and all of \S+ is compared: move it away$"):
        compare.main()
    assert Path(name).read_text() == "mine"


def test_a_loss_curve_that_was_cut_short_is_no_result():
    """It grows while a net is trained, so a killed run leaves its beginning."""
    write(tied(10))
    path = Path("plots/loss/b/0.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match=r"^plots/loss/b/0.csv does not end at step 5,000, so it is of another run"):
        compare.main()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics/details/a/0.json", ""),
        ("metrics/details/a/0.json", "<<<<<<< HEAD\n{}\n=======\n"),
        ("metrics/train/a/0.json", "[1, 2]"),
        ("plots/loss/a/0.csv", ""),
        ("plots/loss/a/0.csv", "<<<<<<< HEAD\nstep,epoch,loss,accuracy\n=======\n"),
        ("plots/predictions/a/0.csv", "<<<<<<< HEAD\n"),
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
