"""Put what nets do by two recipes side by side: the comparison of one commit, and that of another or an experiment.

reads   of both, from git: metrics/, plots/, params.yaml, data/study.csv
writes  PAGE.md, PAGE.png
run     python src/side_by_side.py HEAD modern docs/modern    modern: the name of an experiment, or another commit
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import contextlib
import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.experiments.utils import exp_refs
from dvc.scm import resolve_rev
from matplotlib.figure import Figure
from scmrepo.exceptions import SCMError

from comparison import statistics
from comparison.claims import Finding, judge
from comparison.formatting import percent_within, signed_within
from comparison.report import Section, listed, make_sections, trained_with
from comparison.runs import Runs, read_runs, read_study
from comparison.tables import Tables, make_tables
from figures.frame import describe, legend, reach
from figures.style import COLOURS, WIDTH, drawn, short
from foundation.atomic import write_bytes, write_text
from foundation.errors import UserError, one_line_errors, reason
from params import load_params
from results.run import Run


MARKS = ("o", "s")  # of the two recipes


@dataclass(frozen=True)
class Compared:
    """What one commit has."""

    revision: str  # as asked for, and if that is a name, of which commit, or on which commit the experiment was
    runs: Runs
    tables: Tables
    findings: dict[str, Finding]
    minutes: dict[str, float]  # of training a run, the mean of each net's

    @property
    def recipe(self) -> str:
        return self.runs.conditions.recipe.name

    @property
    def seeds(self) -> str:
        return f"seed{'s' * (len(self.runs.seeds) > 1)} {listed(self.runs.seeds)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revisions", nargs=2, metavar="REVISION", help="a commit or an experiment")
    parser.add_argument("page", metavar="PAGE", help="for example docs/modern")
    arguments = parser.parse_args()

    first, second = (compared(revision) for revision in arguments.revisions)
    nets = [net for net in first.runs.nets if net in second.runs.nets]
    check_fit(first, second, nets)
    picture = drawn(recipes_figure([first, second], nets))
    page = Path(arguments.page)
    write_bytes(page.with_suffix(".png"), picture.png)
    write_text(page.with_suffix(".md"), page_of(first, second, nets, f"![{picture.caption}]({page.name}.png)"))
    print(f"{page.with_suffix('.md')}: {', '.join(nets)} by {first.recipe} and by {second.recipe}")


def compared(revision: str) -> Compared:
    """What `revision` has; raises `UserError` where it is none, or has no complete comparison."""
    try:
        with Repo() as repo:
            commit = resolve_rev(repo.scm, revision)
            started_from = {repo.scm.get_ref(str(ref)): ref.baseline_sha for ref in exp_refs(repo.scm)}
    except (DvcException, SCMError) as error:
        raise UserError(f"{revision}: {reason(error)}") from None
    command = ["git", "archive", commit, "metrics", "plots", "params.yaml", "data/study.csv"]
    archive = subprocess.run(command, capture_output=True)
    if archive.returncode:
        raise UserError(f"{revision} has no results: {reason(archive.stderr.decode())}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        with contextlib.chdir(folder):
            params = load_params()
            runs = read_runs(list(params.nets), params.seeds)
            tables = make_tables(runs, read_study(runs.conditions))
            minutes = {net: float(np.mean([minutes_of(Run(net, seed)) for seed in runs.seeds])) for net in runs.nets}
    origin = f"an experiment on {started_from[commit][:7]}" if commit in started_from else commit[:7]
    named = f"`{revision}`" if commit.startswith(revision) else f"`{revision}` ({origin})"
    return Compared(named, runs, tables, judge(runs, tables), minutes)


def minutes_of(run: Run) -> float:
    return json.loads(Path(run.file("metrics/timing")).read_text(encoding="utf-8"))["seconds"] / 60


def check_fit(first: Compared, second: Compared, nets: list[str]) -> None:
    datasets = [of.runs.conditions.dataset for of in (first, second)]
    if datasets[0] != datasets[1] or not np.array_equal(first.runs.actual, second.runs.actual):
        raise UserError(f"{first.revision} and {second.revision} are not on the same images")
    if not nets:
        raise UserError(f"{first.revision} and {second.revision} have no net in common")


def page_of(first: Compared, second: Compared, nets: list[str], picture: str) -> str:
    """The page as Markdown."""
    of_second = make_sections(second.runs, second.tables, second.findings)
    overall, per_class, differences, *_ = of_second
    introduction = "\n".join(
        f"- {describe(of.runs.conditions.recipe)}; {of.seeds}; {of.revision}. {trained_with(of.runs)}"
        for of in (first, second)
    )
    sections = [recipe_section(first, second, nets), claim_section(first, second), overall, per_class, differences]
    return "\n".join(
        [
            f"# Recipe {second.recipe} beside {first.recipe}\n",
            f"{introduction}\n",
            f"{picture}\n",
            *(section.markdown() for section in sections),
        ]
    )


def recipes_figure(both: list[Compared], nets: list[str]) -> Figure:
    """Accuracy of each of the `nets` by the one recipe and by the other, with its interval."""
    dataset = both[0].runs.conditions.dataset
    figure, axes = plt.subplots(figsize=(WIDTH, 1.6 + 0.5 * len(nets)))
    handles = []
    for i, of in enumerate(both):
        table = of.tables.nets.set_index("net").loc[nets]
        rows = [row + 0.15 * (2 * i - 1) for row in range(len(nets))]
        look = {"linestyle": "", "color": COLOURS[i], "marker": MARKS[i], "markersize": 6, "capsize": 3}
        handles.append(
            axes.errorbar(table["accuracy"], rows, xerr=reach(table), label=f"{of.recipe}, {of.seeds}", **look)
        )
        for row, accuracy in zip(rows, table["accuracy"], strict=True):
            axes.annotate(f"{accuracy:.1f}", (accuracy, row), (0, 6), textcoords="offset points", ha="center", size=8)
    axes.set_yticks(range(len(nets)), [short(net) for net in nets])
    axes.set_ylim(len(nets) - 0.5, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{dataset.evaluated_on} accuracy (%), 95 % interval")
    recipes = "\n".join(describe(of.runs.conditions.recipe) for of in both)
    figure.suptitle(f"{dataset.evaluated_on.capitalize()} accuracy by two recipes on {dataset.title}\n{recipes}")
    legend(figure, handles)
    return figure


def recipe_section(first: Compared, second: Compared, nets: list[str]) -> Section:
    on, several = first.runs.conditions.dataset.evaluated_on, min(len(first.runs.seeds), len(second.runs.seeds)) > 1
    cells: dict[str, list[str]] = {"net": nets}
    for of in (first, second):
        table = of.tables.nets.set_index("net").loc[nets]
        rows = table[["accuracy", "low", "high"]].itertuples(index=False)
        cells[f"{on} accuracy by {of.recipe} (%)"] = [percent_within(*row) for row in rows]
    text = (
        f"{on.capitalize()} accuracy with its 95 % interval, and minutes of training a run where it was trained, "
        "beside whatever else was at work there."
    )
    if several:
        found = [statistics.contrast([of.runs.right(net) for of in (first, second)], [-100, 100]) for net in nets]
        cells["difference (points)"] = [signed_within(one.estimate, one.low, one.high) for one in found]
        text += " The difference is of means over seeds, on the same images."
    else:
        text += f" By one seed the interval is about that trained net: how far the choice of {on} images matters."
    for of in (first, second):
        cells[f"minutes by {of.recipe}"] = [f"{of.minutes[net]:.1f}" for net in nets]
    return Section("Each net by both", text, pd.DataFrame(cells), words=("net",))


def claim_section(first: Compared, second: Compared) -> Section:
    cells = {"claim": [finding.claim for finding in first.findings.values()]}
    for of in (first, second):
        cells[f"by {of.recipe}"] = [finding.verdict for finding in of.findings.values()]
    figures = [f"{finding.figure}: {finding.reason}" for finding in second.findings.values()]
    cells[f"what decides it by {second.recipe}"] = figures
    text = "What the study concludes, by the same rules for both (`src/comparison/claims.py`)."
    return Section("The study's claims", text, pd.DataFrame(cells), words=tuple(cells))


if __name__ == "__main__":
    with one_line_errors():
        main()
