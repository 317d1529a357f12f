"""Compare the nets that `params.yaml` names, over its seeds.

reads   of those runs: metrics/details/NET/SEED.json, metrics/train/NET/SEED.json, plots/predictions/NET/SEED.csv,
        plots/loss/NET/SEED.csv; data/study.csv; the images they were evaluated on: data/test.npz or data/validation.npz
writes  metrics/overall.csv      size, cost, accuracy and loss of each net over the seeds, beside the study's accuracy
        metrics/per_class.csv    accuracy of each class and net, beside the study's
        metrics/differences.csv  each pair of nets: which is better, and whether that may be chance
        metrics/confusions.csv   each net's most confused pairs of classes
        metrics/claims.json      the study's claims: the figures that decide each, verdict and reason
        metrics/comparison.md    all of these and the figures, for people
        plots/report.html        the same on one page, figures inline
        plots/figures/           accuracy, loss, accuracy per class, accuracy and cost, confusion matrices, images all
                                 get wrong
run     python src/compare.py
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np

from comparison import page
from comparison.claims import Finding, judge
from comparison.report import Section, make_sections, markdown_page
from comparison.runs import STUDY, Runs, files_of, read_runs, read_study
from comparison.strays import remove_strays
from comparison.tables import Tables, make_tables
from figures.accuracy import accuracy_figure
from figures.confusion import confusion_figure
from figures.cost import cost_figure
from figures.loss import loss_figure
from figures.per_class import per_class_figure
from figures.style import Picture, drawn
from figures.wrong_by_all import wrong_by_all_figure
from foundation.atomic import write_bytes, write_csv, write_json, write_text
from foundation.errors import one_line_errors
from foundation.inputs import Inputs
from foundation.lock import held
from images import dataset
from params import load_params

FIGURES = Path("plots/figures")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with held(Path(".cache/compare.lock"), "comparing"):
        compare()


def compare() -> None:
    inputs = Inputs()
    nets, seeds = inputs.value("params.yaml", nets_and_seeds)
    for path in [*files_of(nets, seeds), STUDY]:
        inputs.file(path)
    runs = read_runs(nets, seeds)
    tables = make_tables(runs, read_study(runs.conditions))
    findings = judge(runs, tables)
    sections = make_sections(runs, tables, findings)
    evaluated = dataset.load(inputs.file(f"data/{runs.conditions.dataset.evaluated_on}.npz"))
    pictures = draw(runs, tables, evaluated.images)

    inputs.check_unchanged()
    remove_strays(nets, seeds)
    heading = f"Comparison on {runs.conditions.dataset.title}, recipe {runs.conditions.recipe.name}"
    write_tables(tables, findings)
    write_pages(heading, sections, pictures)
    write_pictures(pictures)
    print_summary(heading, sections, findings)


def nets_and_seeds() -> tuple[list[str], list[int]]:
    params = load_params()
    return list(params.nets), params.seeds


def draw(runs: Runs, tables: Tables, images: np.ndarray) -> dict[str, Picture]:
    """The figures by their file names; images: those that nets were evaluated on, (N, 32, 32, 3) uint8."""
    conditions = runs.conditions
    accuracies = {net: [run.accuracy for run in own] for net, own in runs.evaluations.items()}
    losses = {net: [run.loss for run in own] for net, own in runs.evaluations.items()}
    matrices = {net: runs.confusion(net) for net in runs.nets}
    figures = {
        "accuracy.png": accuracy_figure(accuracies, tables.nets, tables.differences, conditions),
        "loss.png": loss_figure(runs.curves, losses, conditions),
        "per_class.png": per_class_figure(tables.classes, conditions),
        "cost.png": cost_figure(tables.nets, conditions),
        "confusion.png": confusion_figure(matrices, conditions),
        "wrong_by_all.png": wrong_by_all_figure(runs.actual, runs.predicted, images, conditions),
    }
    return {name: drawn(figure) for name, figure in figures.items()}


def write_tables(tables: Tables, findings: dict[str, Finding]) -> None:
    write_csv("metrics/overall.csv", tables.nets)
    write_csv("metrics/per_class.csv", tables.classes)
    write_csv("metrics/differences.csv", tables.differences)
    write_csv("metrics/confusions.csv", tables.mistakes)
    write_json("metrics/claims.json", {name: dataclasses.asdict(finding) for name, finding in findings.items()})


def write_pages(heading: str, sections: list[Section], pictures: dict[str, Picture]) -> None:
    links = {picture.caption: f"../{FIGURES}/{name}" for name, picture in pictures.items()}
    write_text("metrics/comparison.md", markdown_page(heading, sections, links))
    inline = {picture.caption: picture.png for picture in pictures.values()}
    write_text("plots/report.html", page.render(heading, sections, inline))


def write_pictures(pictures: dict[str, Picture]) -> None:
    """The figures, and no others."""
    for name, picture in pictures.items():
        write_bytes(FIGURES / name, picture.png)
    for stale in set(FIGURES.glob("*.png")) - {FIGURES / name for name in pictures}:
        stale.unlink()


def print_summary(heading: str, sections: list[Section], findings: dict[str, Finding]) -> None:
    overall, per_class, *_ = sections
    verdicts = "".join(f"{finding.verdict:15}{finding.claim}\n" for finding in findings.values())
    print("", f"# {heading}\n", overall.markdown(), per_class.markdown(), verdicts, sep="\n")
    print("All of it on one page: plots/report.html")


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a terminal that has no "−" shows "?" rather than fail
    with one_line_errors():
        main()
