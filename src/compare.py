"""Compare the runs that `compare` of params.yaml names: each of its nets by each of its recipes from each of its seeds.

reads   of these runs metrics/logits/, metrics/evaluate/, metrics/train/, plots/loss/; data/study.csv
writes  metrics/overall.csv      size, cost, accuracy and loss of each net by each recipe, beside the study's accuracy
        metrics/per_class.csv    accuracy of each class
        metrics/differences.csv  each pair of nets, and each net by two recipes
        metrics/confusions.csv   each net's most confused pairs of classes
        metrics/calibration.csv  how often answers of each confidence are right
        metrics/claims.json      the study's claims by recipe: verdict, and the figures that decide it
        metrics/comparison.md    all of these and the figures, for people
        plots/report.html        the same on one page
        plots/curves.csv, plots/confusion.csv, plots/figures/    for `dvc plots show`, the last also for the report
run     python src/compare.py
"""

import argparse
from pathlib import Path

from stage import Inputs, stage

import pandas as pd

from comparison import page, report
from comparison.claims import Finding, judge
from comparison.runs import Runs, read_grid, read_study
from comparison.tables import Tables, make_tables
from figures.accuracy import accuracy_figure, cost_figure, per_class_figure
from figures.confusion import confusion_figure
from figures.curves import calibration_figure, loss_figure
from figures.style import png
from files import write_bytes, write_csv, write_json, write_text
from params import load_params
from run import remove_leftovers

FIGURES = Path("plots/figures")
PAGE = Path("plots/report.html")
NEXT = """\

Next, in {folder}:
  see what a change does to accuracy    dvc exp run -S recipes.{recipe}.batch_size=10 summarize@{net}-{recipe}
                                        dvc metrics diff
  add a net                             write src/nets/NAME.py, add NAME to compare.nets in params.yaml, make repro
  look at loss curves and confusion     dvc plots show

All of it on one page: {page}"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with stage("compare") as inputs:
        compare(inputs)


def compare(inputs: Inputs) -> None:
    params = load_params().compare
    grid = read_grid(params.nets, params.recipes, params.seeds)
    one = grid[params.recipes[0]]
    study = read_study(one.dataset, one.class_names)
    tables = make_tables(grid, study)
    findings = {recipe: judge(runs, study) for recipe, runs in grid.items()}
    figures = draw(grid, tables)
    markdown = report.markdown_report(grid, tables, findings)
    html = page.render(markdown, figures)

    inputs.check_unchanged()
    remove_leftovers(params.runs)
    write_tables(tables, findings)
    write_plots(grid, figures)
    write_text("metrics/comparison.md", markdown)
    write_text(PAGE, html)
    following = NEXT.format(folder=Path.cwd(), net=one.nets[0], recipe=one.recipe_name, page=PAGE.resolve())
    print(report.overall(grid, tables), following, sep="\n")


def draw(grid: dict[str, Runs], tables: Tables) -> dict[str, bytes]:
    """The figures as PNG by their file names. Each says in its metadata what made it."""
    figures = {
        "accuracy": accuracy_figure(grid, tables),
        "per_class": per_class_figure(grid, tables),
        **{f"confusion_{recipe}": confusion_figure(runs) for recipe, runs in grid.items()},
        "loss": loss_figure(grid, tables),
        "cost": cost_figure(grid, tables),
        "calibration": calibration_figure(grid, tables),
    }
    made = report.how_it_was_made(grid)
    return {f"{name}.png": png(figure, made) for name, figure in figures.items()}


def write_tables(tables: Tables, findings: dict[str, dict[str, Finding]]) -> None:
    names = {"nets": "overall", "classes": "per_class"}
    for key, table in vars(tables).items():
        write_csv(f"metrics/{names.get(key, key)}.csv", table.round(4))
    by_recipe = {recipe: {key: vars(finding) for key, finding in its.items()} for recipe, its in findings.items()}
    write_json("metrics/claims.json", by_recipe)


def write_plots(grid: dict[str, Runs], figures: dict[str, bytes]) -> None:
    curves, cells = [], []
    for recipe, runs in grid.items():
        for net in runs.nets:
            for seed, curve in zip(runs.seeds, runs.curves[net], strict=True):
                curves.append(curve.assign(recipe=recipe, net=net, seed=seed))
            counts = runs.confusion(net).stack().rename_axis(["actual", "predicted"]).reset_index(name="images")
            cells.append(counts.assign(title=f"{net} by {recipe}"))
    write_csv("plots/curves.csv", pd.concat(curves)[["recipe", "net", "seed", "step", "epoch", "loss"]])
    write_csv("plots/confusion.csv", pd.concat(cells)[["title", "actual", "predicted", "images"]])
    for stale in set(FIGURES.glob("*.png")) - {FIGURES / name for name in figures}:
        stale.unlink()
    for name, content in figures.items():
        write_bytes(FIGURES / name, content)


if __name__ == "__main__":
    main()
