"""The comparison for people, as Markdown. `report.md.jinja` is its order and prose; this computes what it shows."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from comparison.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, Finding
from comparison.formatting import NOTHING, listed, p_value, percent, percent_within, signed, signed_within, span, whole
from comparison.runs import Runs, first
from comparison.statistics import LEAST_SEEDS
from comparison.tables import STUDY_RECIPE, Tables

Findings = Mapping[str, Mapping[str, Finding]]  # by recipe and key
VERDICTS = (HOLDS, DOES_NOT_HOLD, NOT_DECIDED)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def markdown_report(grid: dict[str, Runs], tables: Tables, findings: Findings) -> str:
    """`metrics/comparison.md`; grid and findings are by recipe. Its links to figures are relative to `metrics/`."""
    all_findings = [finding for its in findings.values() for finding in its.values()]
    template = TEMPLATES.get_template("report.md.jinja")
    return template.render(grid=grid, one=first(grid), tables=tables, findings=findings, all_findings=all_findings)


def changes(overall: pd.DataFrame) -> list[str]:
    """What each other recipe changes against the first, as a range over the nets."""
    first_recipe, *others = overall["recipe"].unique()
    accuracies = overall.pivot(index="net", columns="recipe", values="accuracy")
    sentences = []
    for other in others:
        change = accuracies[other] - accuracies[first_recipe]
        ends = dict.fromkeys([change.idxmin(), change.idxmax()])  # of one net they are the same
        found = " to ".join(f"{signed(change[net], 1)} points ({escape(net)})" for net in ends)
        sentences.append(f"With {escape(other)} in place of {escape(first_recipe)}, accuracy changes by {found}.")
    return sentences


def beside_study(nets: pd.DataFrame) -> list[str]:
    rows = nets[nets["study_inside"].notna()]
    is_inside = rows["study_inside"].astype(bool)
    answers = {"Yes": rows["net"][is_inside], "No": rows["net"][~is_inside]}
    found = [f"{answer} for {listed(map(escape, its))}" for answer, its in answers.items() if len(its)]
    return [f"Could one more run by {STUDY_RECIPE} have the study's accuracy? {'. '.join(found)}."] if found else []


def verdicts(findings: Findings) -> list[str]:
    """Which claims, by their numbers, have which verdict by each recipe; † as in the table."""
    of_recipes = []
    for recipe, its in findings.items():
        numbers = defaultdict(list)
        for number, finding in enumerate(its.values(), 1):
            numbers[finding.verdict].append(f"{number}{dagger(finding)}")
        found = [f"{verdict} ({listed(numbers[verdict])})" for verdict in VERDICTS if verdict in numbers]
        of_recipes.append(f"by {escape(recipe)}: {', '.join(found)}")
    return [f"Verdicts on the study's claims, {'; '.join(of_recipes)}."] if any(findings.values()) else []


def overall(grid: dict[str, Runs], tables: Tables) -> str:
    """The table of accuracies, a row for each net by each recipe."""
    table = tables["overall"]
    predictions = table[["prediction_low", "prediction_high", "prediction_by"]].itertuples(index=False)
    cells = {
        f"{first(grid).dataset.evaluated_on} accuracy (%)": within(table, 2),
        "sd": table["sd"].map(percent),
        "ensemble (%)": table["ensemble_accuracy"].map(percent),
        "one more run (%)": [span(low, high) + (f" ({by})" if by else "") for low, high, by in predictions],
        "the study (%)": table["study"].map(whole),
    }
    return table_by_net(table, cells)


def differences(grid: dict[str, Runs], table: pd.DataFrame) -> str:
    cells = {"recipe": arrows(table["first_recipe"], table["second_recipe"])} if len(grid) > 1 else {}
    cells["net"] = arrows(table["first_net"], table["second_net"])
    cells["difference (points)"] = [signed_within(*row) for row in table[["difference", "low", "high"]].to_numpy()]
    cells["P(second better)"] = [f"{whole(100 * p)} %" for p in table["p_second_better"]]
    return as_table(cells, words=min(2, len(grid)))


def claims(findings: Findings) -> str:
    """The table of verdicts, a row for each claim."""
    sentences = [escape(finding.claim) for finding in next(iter(findings.values())).values()]
    cells: dict[str, Iterable] = {"#": range(1, len(sentences) + 1), "claim": sentences}
    cells |= {escape(recipe): [verdict(finding) for finding in its.values()] for recipe, its in findings.items()}
    return as_table(cells, words=len(cells))


def verdict(finding: Finding) -> str:
    needed = f" (seeds: {finding.seeds_needed})" if finding.seeds_needed else ""
    return finding.verdict + needed + dagger(finding)


def dagger(finding: Finding) -> str:
    return " †" if finding.stands is False else ""


def evidence(finding: Finding) -> str:
    figures = f" {finding.figure}." if finding.figure != NOTHING else ""
    jointly = f" Over all claims (Holm): {p_value(finding.p_holm)}." if finding.p_holm is not None else ""
    return escape(f"{finding.reason}.{figures}{jointly}")


def per_class(recipe: str, table: pd.DataFrame) -> str:
    """The table of each class's accuracy by one recipe, a column for each net."""
    cells = {}
    for net, rows in table[table["recipe"] == recipe].groupby("net", sort=False):
        cells["class"] = rows["class"].map(escape)
        cells[escape(net)] = within(rows, 1)
        cells[f"{escape(net)}, the study"] = rows["study"].map(whole)
    return as_table(cells)


def confusions(runs: Runs, table: pd.DataFrame) -> str:
    """The table of the pairs of classes that each net confuses most."""
    table = table[table["recipe"] == runs.recipe_name]
    pairs = zip(arrows(table["true"], table["predicted"]), table["rate"], strict=True)
    table = table.assign(cell=[f"{pair}, {percent(rate, 1)} %" for pair, rate in pairs])
    by_net = table.pivot(index="rank", columns="net", values="cell").reindex(columns=runs.nets).fillna(NOTHING)
    return as_table({"rank": by_net.index} | {escape(net): by_net[net] for net in by_net})


def how_it_was_made(grid: dict[str, Runs]) -> str:
    one, dataset, ways = first(grid), first(grid).dataset, defaultdict(list)
    for recipe, runs in grid.items():
        for net, records in runs.training.items():
            for seed, record in zip(runs.seeds, records, strict=True):
                ways[f"PyTorch {record.torch}, {record.device}"].append(f"{net}-{recipe}-{seed}")
    lines = [
        f"Images: {escape(dataset.source)} (sha256 {dataset.content[:12]}…), {dataset.train_images:,} for training, "
        f"{dataset.evaluated_images:,} {dataset.evaluated_on} images.",
        f"Seeds: {listed(one.seeds)}. A seed decides first weights, order of images and augmentation.",
    ]
    for recipe, runs in grid.items():
        lines.append(f"Recipe {escape(recipe)}: `{json.dumps(runs.recipe.model_dump(exclude_none=True))}`.")
    for way, its in ways.items():
        lines.append(f"Trained with {escape(way)}: {escape(listed(its)) if len(ways) > 1 else 'all runs'}.")
    return "\n".join(f"- {line}" for line in lines)


def table_by_net(table: pd.DataFrame, cells: Mapping[str, Iterable]) -> str:
    """`cells` after the net of each row, and its recipe where there are several."""
    keys = ["net", "recipe"] if table["recipe"].nunique() > 1 else ["net"]
    return as_table({key: table[key].map(escape) for key in keys} | dict(cells), words=len(keys))


def within(table: pd.DataFrame, decimals: int) -> list[str]:
    """Each accuracy with its interval."""
    rows = table[["accuracy", "low", "high"]].to_numpy()
    return [percent_within(value, low, high, decimals) for value, low, high in rows]


def arrows(first: pd.Series, second: pd.Series) -> list[str]:
    return [escape(a if a == b else f"{a} → {b}") for a, b in zip(first, second, strict=True)]


def as_table(cells: Mapping[str, Iterable], words: int = 1) -> str:
    """A Markdown table, or "" without rows; the first `words` columns are aligned left, the others right.

    A column without any figure is left out.
    """
    table = pd.DataFrame({title: list(values) for title, values in cells.items()})
    table = table.loc[:, (table != NOTHING).any()]
    align = ["left" if i < words else "right" for i in range(table.shape[1])]
    return table.to_markdown(index=False, disable_numparse=True, colalign=align) if len(table) else ""


def escape(text: str) -> str:
    """`text` as it is, in Markdown. In names only underscores are markup, and one within a word needs no escape."""
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", str(text))


TEMPLATES.filters["md"] = escape
TEMPLATES.globals["LEAST_SEEDS"] = LEAST_SEEDS
for function in (
    changes, beside_study, verdicts, overall, differences, claims, evidence, per_class, confusions, how_it_was_made,
    table_by_net, percent, percent_within, signed, whole,
):  # fmt: skip
    TEMPLATES.globals[function.__name__] = function
