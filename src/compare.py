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

from pathlib import Path

from stage import stage

import pandas as pd

from command_line import read_arguments
from comparison import page, report
from comparison.claims import judge
from comparison.runs import Runs, first, read_grid, read_study
from comparison.tables import make_tables
from figures.draw import draw
from files import write_bytes, write_csv, write_json, write_text
from params import load_params

PAGE = Path("plots/report.html")


def main() -> None:
    read_arguments(__doc__)
    with stage("compare") as inputs:
        params = load_params().compare
        grid = read_grid(params.nets, params.recipes, params.seeds)
        study = read_study(first(grid))
        tables = make_tables(grid, study)
        findings = {recipe: judge(runs, study) for recipe, runs in grid.items()}
        figures = draw(grid, tables, report.how_it_was_made(grid))
        markdown = report.markdown_report(grid, tables, findings)
        html = page.render(markdown, figures)

        inputs.check_unchanged()
        for name, table in tables.items():
            write_csv(f"metrics/{name}.csv", table.round(4))
        by_recipe = {recipe: {key: vars(finding) for key, finding in its.items()} for recipe, its in findings.items()}
        write_json("metrics/claims.json", by_recipe)
        write_text("metrics/comparison.md", markdown)
        write_text(PAGE, html)
        write_plots(grid)
        for name, content in figures.items():
            write_bytes(f"plots/figures/{name}", content)
    print(report.overall(grid, tables))
    print(f"\nAll of it on one page: {PAGE.resolve()}")


def write_plots(grid: dict[str, Runs]) -> None:
    """The tables that `dvc plots show` draws."""
    curves, cells = [], []
    for recipe, runs in grid.items():
        for net in runs.nets:
            for seed, curve in zip(runs.seeds, runs.curves[net], strict=True):
                curves.append(curve.assign(recipe=recipe, net=net, seed=seed))
            counts = runs.confusion(net).stack().rename_axis(["actual", "predicted"]).reset_index(name="images")
            cells.append(counts.assign(title=f"{net} by {recipe}"))
    write_csv("plots/curves.csv", pd.concat(curves)[["recipe", "net", "seed", "step", "epoch", "loss"]])
    write_csv("plots/confusion.csv", pd.concat(cells)[["title", "actual", "predicted", "images"]])


if __name__ == "__main__":
    main()
