"""Compare the nets that `params.yaml` names.

reads   of those nets: metrics/details/NET.json, metrics/train/NET.json, metrics/confusion/NET.csv,
        plots/predictions/NET.csv, plots/loss/NET.csv; data/study.csv;
        the images they were evaluated on: data/test.npz or data/validation.npz
writes  metrics/overall.csv      size, cost and accuracy of each net, beside the study's
        metrics/per_class.csv    accuracy of each class and net, beside the study's
        metrics/pairs.csv        each pair of nets: which is better, and whether that may be chance
        metrics/confusions.csv   each net's most confused pairs of classes
        metrics/claims.json      the study's claims: the figures that decide each, verdict and reason
        metrics/comparison.md    all of these and the figures, for people
        plots/report.html        the same on one page, figures inline
        plots/figures/           loss, accuracy per class, accuracy and cost, confusion matrices, images all get wrong
run     python src/compare.py
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import dataclasses
import sys
from pathlib import Path

import numpy as np

from comparison import page
from comparison.claims import Finding, judge
from comparison.report import Section, make_sections, markdown_page
from comparison.run import Run, files_of, read_run
from comparison.strays import remove_strays
from comparison.tables import Tables, make_tables
from figures.confusion import confusion_figure
from figures.cost import cost_figure
from figures.frame import title
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
    with held(Path(".cache/compare.lock"), "comparing"):
        compare()


def compare() -> None:
    inputs = Inputs()
    nets = inputs.value("params.yaml", lambda: list(load_params().nets))
    for path in files_of(nets):
        inputs.file(path)
    run = read_run(nets)
    tables = make_tables(run)
    findings = judge(run, tables)
    sections = make_sections(run, tables, findings)
    evaluated = dataset.load(inputs.file(f"data/{run.conditions.dataset.evaluated_on}.npz"))
    pictures = draw(run, tables, evaluated.images)

    inputs.check_unchanged()
    remove_strays(nets)
    heading = f"Comparison on {run.conditions.dataset.title}, recipe {run.conditions.recipe.name}"
    write_tables(tables, findings)
    write_pages(heading, sections, pictures)
    write_pictures(pictures)
    print_summary(heading, sections, findings)


def draw(run: Run, tables: Tables, images: np.ndarray) -> dict[str, Picture]:
    """The figures by their file names; images: those that nets were evaluated on, (N, 32, 32, 3) uint8."""
    conditions = run.conditions
    figures = {"loss.png": loss_figure(run.curves, conditions)}
    for position, (net, curve) in enumerate(run.curves.items()):
        figures[f"loss-{net}.png"] = loss_figure({net: curve}, conditions, position)
    figures |= {
        "per_class.png": per_class_figure(tables.classes, conditions),
        "cost.png": cost_figure(tables.nets, conditions),
        "confusion.png": confusion_figure(run.matrices, title("Confusion matrices", run.nets, conditions)),
        "wrong_by_all.png": wrong_by_all_figure(run.predictions, images, conditions),
    }
    return {name: drawn(figure) for name, figure in figures.items()}


def write_tables(tables: Tables, findings: dict[str, Finding]) -> None:
    write_csv("metrics/overall.csv", tables.nets)
    write_csv("metrics/per_class.csv", tables.classes)
    write_csv("metrics/pairs.csv", tables.pairs)
    write_csv("metrics/confusions.csv", tables.mistakes)
    write_json("metrics/claims.json", {name: dataclasses.asdict(finding) for name, finding in findings.items()})


def write_pages(heading: str, sections: list[Section], pictures: dict[str, Picture]) -> None:
    links = {picture.caption: f"../{FIGURES}/{name}" for name, picture in pictures.items()}
    write_text("metrics/comparison.md", markdown_page(heading, sections, links))
    inline = {picture.caption: picture.png for name, picture in pictures.items() if not name.startswith("loss-")}
    write_text("plots/report.html", page.render(heading, sections, inline))


def write_pictures(pictures: dict[str, Picture]) -> None:
    """The figures, and no others: those of nets that are gone are removed."""
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
