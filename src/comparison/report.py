"""The comparison for people, as Markdown. `report.md.jinja` is its order and prose; this computes what it shows."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from comparison.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, Finding
from comparison.formatting import NOTHING, listed, p_value, percent, percent_within, signed, signed_within, span, whole
from comparison.runs import Runs, first
from comparison.statistics import LEAST_SEEDS
from comparison.tables import Tables

Findings = Mapping[str, Mapping[str, Finding]]  # by recipe and key
STUDY_RECIPE = "reference"
VERDICTS = (HOLDS, DOES_NOT_HOLD, NOT_DECIDED)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def markdown_report(grid: dict[str, Runs], tables: Tables, findings: Findings) -> str:
    """`metrics/comparison.md`; grid and findings are by recipe. Its links to figures are relative to `metrics/`."""
    all_findings = [finding for its in findings.values() for finding in its.values()]
    template = TEMPLATES.get_template("report.md.jinja")
    return template.render(grid=grid, one=first(grid), tables=tables, findings=findings, all_findings=all_findings)


def changes(tables: Tables) -> list[str]:
    """What another recipe changes, as a range over the nets; which differences between nets are more than chance."""
    is_across = tables["differences"]["first_recipe"] != tables["differences"]["second_recipe"]
    sentences = []
    for (one, other), rows in tables["differences"][is_across].groupby(["first_recipe", "second_recipe"], sort=False):
        ends = rows.sort_values("difference").iloc[[0, -1]] if len(rows) > 1 else rows
        found = [f"{signed(row.difference, 1)} points ({escape(row.second_net)})" for row in ends.itertuples()]
        sentences.append(f"With {escape(other)} in place of {escape(one)}, accuracy changes by {' to '.join(found)}.")
    pairs = tables["differences"][~is_across]
    if len(pairs) and tables["overall"]["seeds"].min() >= LEAST_SEEDS:
        clear = ((pairs["low"] > 0) | (pairs["high"] < 0)).sum()
        sentences.append(f"More than chance, each tested by itself: {clear} of {len(pairs)} differences between nets.")
    return sentences


def beside_study(nets: pd.DataFrame) -> list[str]:
    rows = nets[(nets["recipe"] == STUDY_RECIPE) & nets["study_inside"].notna()]
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
    table, several, is_known = tables["overall"], len(first(grid).seeds) > 1, tables["overall"]["study"].notna().any()
    cells = {f"{first(grid).dataset.evaluated_on} accuracy (%)": within(table, 2)}
    if several:
        cells |= {"sd": table["sd"].map(percent), "ensemble (%)": table["ensemble_accuracy"].map(percent)}
    if several and is_known:
        rows = zip(table["prediction_low"], table["prediction_high"], table["prediction_by"], strict=True)
        cells["one more run (%)"] = [span(low, high) + (f" ({by})" if by else "") for low, high, by in rows]
    if is_known:
        cells["the study (%)"] = table["study"].map(whole)
    return table_by_net(table, cells)


def differences(grid: dict[str, Runs], table: pd.DataFrame) -> str:
    cells = {"recipe": arrows(table["first_recipe"], table["second_recipe"])} if len(grid) > 1 else {}
    cells["net"] = arrows(table["first_net"], table["second_net"])
    cells["difference (points)"] = within(table, 2, "difference", signed_within)
    cells["P(second better)"] = [f"{whole(100 * p)} %" for p in table["p_second_better"]]
    cells |= {"error by seeds": table["se_seeds"].map(percent), "by images": table["se_images"].map(percent)}
    return as_table(cells, words=min(2, len(grid)))


def claims(findings: Findings) -> str:
    """The table of verdicts, a row for each claim."""
    sentences = [escape(finding.claim) for finding in next(iter(findings.values())).values()]
    cells: dict[str, Iterable] = {"#": range(1, len(sentences) + 1), "claim": sentences}
    cells |= {escape(recipe): [verdict(finding) for finding in its.values()] for recipe, its in findings.items()}
    return as_table(cells, words=len(cells))


def verdict(finding: Finding) -> str:
    needed = finding.seeds_needed
    if needed:
        needed = f" ({needed} seeds)" if needed[-1].isdigit() else f" ({needed})"
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
        if recipe == STUDY_RECIPE and rows["study"].notna().any():
            cells[f"{escape(net)}, the study"] = rows["study"].map(whole)
    return as_table(cells)


def confusions(runs: Runs, table: pd.DataFrame) -> tuple[list[str], str]:
    """The pairs of classes that every net confuses often, and the table of each net's pairs."""
    table, nets = table[table["recipe"] == runs.recipe_name], runs.nets
    table = table.assign(pair=arrows(table["true"], table["predicted"]))
    counts = table["pair"].value_counts(sort=False)
    shared = list(counts.index[counts == len(nets)]) if len(nets) > 1 else []
    table["cell"] = [f"{pair}, {percent(rate, 1)} %" for pair, rate in zip(table["pair"], table["rate"], strict=True)]
    grouped = table.pivot(index="rank", columns="net", values="cell").reindex(columns=nets).fillna(NOTHING)
    cells = {"rank": grouped.index} | {escape(net): grouped[net] for net in grouped}
    return shared, as_table(cells, words=len(cells))


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
        settings = yaml.safe_dump(runs.recipe.model_dump(exclude_none=True), default_flow_style=True, width=1000)
        lines.append(f"Recipe {escape(recipe)}: `{settings.strip()}`.")
    for way, its in ways.items():
        lines.append(f"Trained with {escape(way)}: {escape(listed(its)) if len(ways) > 1 else 'all runs'}.")
    return "\n".join(f"- {line}" for line in lines)


def table_by_net(table: pd.DataFrame, cells: Mapping[str, Iterable]) -> str:
    """`cells` after the net of each row, and its recipe where there are several."""
    keys = ["net", "recipe"] if table["recipe"].nunique() > 1 else ["net"]
    return as_table({key: table[key].map(escape) for key in keys} | dict(cells), words=len(keys))


def within(table: pd.DataFrame, decimals: int, column: str = "accuracy", write: Callable = percent_within) -> list[str]:
    """Each value with its interval."""
    return [write(*row, decimals) for row in table[[column, "low", "high"]].itertuples(index=False)]


def arrows(first: pd.Series, second: pd.Series) -> list[str]:
    return [escape(a if a == b else f"{a} → {b}") for a, b in zip(first, second, strict=True)]


def as_table(cells: Mapping[str, Iterable], words: int = 1) -> str:
    """A Markdown table, or "" without rows; the first `words` columns are aligned left, the others right."""
    table = pd.DataFrame({title: list(values) for title, values in cells.items()})
    align = ["left" if i < words else "right" for i in range(len(cells))]
    return table.to_markdown(index=False, disable_numparse=True, colalign=align) if len(table) else ""


def escape(text: str) -> str:
    """`text` as it is, in Markdown; an underscore within a word needs no escape."""
    return re.sub(r"[\\`*{}\[\]<>|&#~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", str(text))


TEMPLATES.filters["md"] = escape
TEMPLATES.globals["LEAST_SEEDS"] = LEAST_SEEDS
for function in (
    changes, beside_study, verdicts, overall, differences, claims, evidence, per_class, confusions, how_it_was_made,
    table_by_net, listed, percent, percent_within, signed, whole,
):  # fmt: skip
    TEMPLATES.globals[function.__name__] = function
