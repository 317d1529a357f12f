"""Compare the nets that `params.yaml` names.

reads   of those nets: metrics/details/NET.json, metrics/train/NET.json, metrics/confusion/NET.csv,
        plots/predictions/NET.csv, plots/loss/NET.csv; data/test.npz, data/study.csv
writes  metrics/overall.csv      size, cost and accuracy of each net, beside the study's
        metrics/per_class.csv    accuracy of each class and net, beside the study's
        metrics/pairs.csv        each pair of nets: which is better, and whether that may be chance
        metrics/confusions.csv   each net's most confused pairs of classes
        metrics/claims.json      the study's claims: the figures that decide each, verdict and reason
        metrics/comparison.md    all of these and the figures, for people
        plots/report.html        the same on one page, figures inline
        plots/loss.csv           all loss curves, for `dvc plots`
        plots/figures/           loss, accuracy per class, accuracy and cost, confusion matrices, images all get wrong
run     python src/compare.py
"""

import json
import sys
from pathlib import Path

import pandas as pd

from comparison import claims, page, report, tables
from figures import comparison as comparison_figures
from figures import style as plot_style
from foundation.atomic import write_bytes, write_json, write_text
from foundation.errors import UserError, one_line_errors
from images import dataset
from params import load_params

FIGURES = Path("plots/figures")
STUDY_IMAGES = {"train_images": 50_000, "test_images": 10_000}


def main() -> None:
    nets = list(load_params().nets)
    details = {net: json.loads(read(f"metrics/details/{net}.json")) for net in nets}
    training = {net: json.loads(read(f"metrics/train/{net}.json")) for net in nets}
    curves = {net: read_csv(f"plots/loss/{net}.csv") for net in nets}
    run = common_run(details)
    study = study_figures(run)
    matrices = {net: read_matrix(f"metrics/confusion/{net}.csv") for net in nets}
    predictions = read_predictions(nets, run)
    images = dataset.load("data/test.npz").images

    overall = tables.overall(details, training, study)
    per_class = tables.per_class(details, study)
    pairs = tables.pairs(predictions)
    confusions = tables.confusions(matrices)
    findings = claims.judge(claims.Evidence(overall, pairs, predictions, matrices, curves, run))
    sections = [
        report.overall(overall, run),
        report.per_class(per_class),
        report.differences(pairs),
        report.confusions(confusions, nets),
        report.claims(findings),
    ]
    title = f"Comparison on {run['dataset']['source']}, recipe {run['recipe']['name']}"
    texts = [section.markdown() for section in sections]
    loss = pd.concat([curve.assign(net=net) for net, curve in curves.items()])[["net", "step", "loss"]]
    figures = {"loss.png": comparison_figures.loss(curves, run)}
    for position, (net, curve) in enumerate(curves.items()):
        figures[f"loss-{net}.png"] = comparison_figures.loss({net: curve}, run, position)
    figures |= {
        "per_class.png": comparison_figures.per_class(per_class, run),
        "cost.png": comparison_figures.cost(overall, run),
        "confusion.png": comparison_figures.confusion(matrices, run),
        "wrong_by_all.png": comparison_figures.wrong_by_all(predictions, images, run),
    }
    captions = {name: figure.get_suptitle().replace("\n", " ") for name, figure in figures.items()}
    pictures = {name: plot_style.png(figure) for name, figure in figures.items()}
    on_page = {captions[name]: picture for name, picture in pictures.items() if not name.startswith("loss-")}

    write_text("metrics/overall.csv", to_csv(overall))
    write_text("metrics/per_class.csv", to_csv(per_class))
    write_text("metrics/pairs.csv", to_csv(pairs))
    write_text("metrics/confusions.csv", to_csv(confusions))
    write_json("metrics/claims.json", findings)
    write_text("metrics/comparison.md", "\n".join([f"# {title}\n", *texts, markdown_figures(captions)]))
    write_text("plots/loss.csv", to_csv(loss))
    write_text("plots/report.html", page.render(title, sections, on_page))
    for name, picture in pictures.items():
        write_bytes(FIGURES / name, picture)
    for stale in set(FIGURES.glob("*.png")) - {FIGURES / name for name in figures}:
        stale.unlink()
    verdicts = "".join(f"{finding['verdict']:15}{finding['claim']}\n" for finding in findings.values())
    print("", f"# {title}\n", *texts[:2], verdicts, "All of it on one page: plots/report.html", sep="\n")


def common_run(details: dict[str, dict]) -> dict:
    """The dataset, recipe and classes that all nets share; raises `UserError` when they do not."""
    shared = ["dataset", "recipe", "class_names"]
    (first, run), *others = details.items()
    for net, other in others:
        for key in shared:
            if other[key] != run[key]:
                raise UserError(f"{first} and {net} differ in their {key}, so they cannot be compared: run `dvc repro`")
    return {key: run[key] for key in shared}


def study_figures(run: dict) -> pd.DataFrame:
    """The study's accuracies (%), classes and `overall` down, nets across; empty when `run` is on other images."""
    study = read_csv("data/study.csv").set_index("class")
    same_images = STUDY_IMAGES.items() <= run["dataset"].items() and set(study.index) == {
        *run["class_names"],
        "overall",
    }
    return study if same_images else pd.DataFrame(index=study.index)


def read_predictions(nets: list[str], run: dict) -> pd.DataFrame:
    """One row a test image: its `actual` class and what each net predicts; raises `UserError` when images differ."""
    files = {net: read_csv(f"plots/predictions/{net}.csv", dtype=str, keep_default_na=False) for net in nets}
    actual = files[nets[0]]["actual"]
    for net, file in files.items():
        if len(file) != run["dataset"]["test_images"] or not file["actual"].equals(actual):
            raise UserError(f"plots/predictions/{net}.csv is not of this run's test images: run `dvc repro`")
    return pd.DataFrame({"actual": actual, **{net: file["predicted"] for net, file in files.items()}})


def read_matrix(path: str) -> pd.DataFrame:
    """Counts, true classes down, predicted across; the classes keep their names, be they `1`, `NA` or `true`."""
    cells = read_csv(path, dtype=str, keep_default_na=False, header=None)
    names = pd.Index(cells.iloc[1:, 0], name="true")
    return pd.DataFrame(cells.iloc[1:, 1:].astype(int).to_numpy(), index=names, columns=names.rename(None))


def markdown_figures(captions: dict[str, str]) -> str:
    return "## Figures\n\n" + "".join(f"![{caption}](../{FIGURES}/{name})\n" for name, caption in captions.items())


def to_csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")


def read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` makes it") from None


def read_csv(path: str, **how: object) -> pd.DataFrame:
    if not Path(path).exists():
        raise UserError(f"{path} is missing: `dvc repro` makes it")
    return pd.read_csv(path, **how)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a terminal that has no "−" shows "?" rather than fail
    with one_line_errors():
        main()
