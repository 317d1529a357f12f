"""The comparison for people, as Markdown: what came out, the claims, each figure with its table, how it was made."""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import pandas as pd
import yaml

from comparison.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, Finding
from comparison.formatting import NOTHING, listed, p_value, percent, percent_within, signed, signed_within, span
from comparison.runs import Runs, first
from comparison.statistics import LEAST_SEEDS
from comparison.tables import Tables

Findings = Mapping[str, Mapping[str, Finding]]  # by recipe and key
STUDY_RECIPE = "reference"
NOTES = {  # what a reader has to know of a recipe
    "modern": "`modern` was chosen on validation images of an earlier JPEG copy of CIFAR-10, after two looks at the "
    "test images of that copy, and was not tuned again."
}
DIFFERENCES = """\
Each row is the second less the first, with its 95 % interval. P(second better) is the chance that a new run of the \
second beats a new run of the first; 75 % or more matters in practice (Bouthillier et al., 2021). The last columns are \
the parts of the standard error."""
INTERVALS = """\
- **Accuracy**: the 95 % interval covers other seeds and other images of the same kind. Its standard error has a part \
for each (Owen, 2007), with Satterthwaite's degrees of freedom. It is never narrower than Wilson's interval for these \
images. With one seed it is Wilson's, and is about one trained net.
- **Differences**: the same for the second mean less the first, each pair by itself.
- **One more run**: the 95 % prediction interval of a further seed on the same images. Its standard deviation is \
pooled over the study's nets where Bartlett's test does not tell their variances apart; else it is the net's own.
- **Claims**: `src/comparison/claims.py` has the rule of each."""
NOT_COVERED = """\
- All runs share the training images, so no interval covers the choice of those.
- Each interval is for one figure. About one of twenty such intervals misses the true value.
- Another machine or version of PyTorch changes the last bits. Results then differ as much as with another seed."""


def markdown_report(grid: dict[str, Runs], tables: Tables, findings: Findings) -> str:
    """`metrics/comparison.md`; grid and findings are by recipe. Its links to figures are relative to `metrics/`."""
    blocks = [f"# Comparison on {escape(first(grid).dataset.title)}", *conclusion(grid, tables, findings)]
    blocks += claims(findings) if any(findings.values()) else []
    blocks += [*per_class(grid, tables), *confusion(grid, tables), *loss(grid, tables), *cost(tables)]
    blocks += [*calibration(grid, tables), "## How it was made"]
    blocks += [folded("Images, seeds, recipes, machines", how_it_was_made(grid))]
    blocks += [folded("How the intervals are computed", INTERVALS), folded("What no interval covers", NOT_COVERED)]
    return "\n\n".join(blocks) + "\n"


def conclusion(grid: dict[str, Runs], tables: Tables, findings: Findings) -> list[str]:
    one, on, several = first(grid), first(grid).dataset.evaluated_on, len(first(grid).seeds) > 1
    sentences = [best(one, tables), *changes(tables), *beside_study(tables), *verdicts(findings)]
    if not several:
        sentences.append(f"Each figure is of one trained net (seed {one.seeds[0]}): another seed may change it.")
    if len(one.seeds) < LEAST_SEEDS:
        sentences.append(f"With fewer than {LEAST_SEEDS} seeds, only claims about counted figures are decided.")
    if on == "validation":
        sentences.append("These are validation images, held out of the training images. No test image was used.")
    marks = "each run (small) and their mean" if several else "one trained net"
    caption = f"{on.capitalize()} accuracy: {marks}, with the 95 % interval.{study_note(tables)}"
    blocks = ["## What came out", bullets(sentences), figure("accuracy", caption), overall(grid, tables)]
    if several:
        note = "sd: standard deviation of the runs. Ensemble: by the mean of all seeds' probabilities."
        prediction = " One more run: its 95 % prediction interval, by an sd pooled over nets or by the net's own."
        blocks.append(note + prediction if is_known(tables) else note)
    blocks += [NOTES[recipe] for recipe in grid if recipe in NOTES]
    if several and len(tables.differences):
        blocks.append(folded("Differences between nets and recipes", differences(grid, tables.differences)))
    return blocks


def best(one: Runs, tables: Tables) -> str:
    rows = tables.nets.loc[tables.nets.groupby("recipe", sort=False)["accuracy"].idxmax()]
    found = [
        f"{escape(net)} by {escape(recipe)}, {accuracy} %"
        for net, recipe, accuracy in zip(rows["net"], rows["recipe"], within(rows, 1), strict=True)
    ]
    highest = "Highest accuracy" if len(one.nets) > 1 else "Accuracy"
    return f"{highest} on the {one.dataset.evaluated_images:,} {one.dataset.evaluated_on} images: {'; '.join(found)}."


def changes(tables: Tables) -> list[str]:
    """What another recipe changes, as a range over the nets; which differences between nets are more than chance."""
    is_across = tables.differences["first_recipe"] != tables.differences["second_recipe"]
    sentences = []
    for (one, other), rows in tables.differences[is_across].groupby(["first_recipe", "second_recipe"], sort=False):
        ends = rows.sort_values("difference").iloc[[0, -1]] if len(rows) > 1 else rows
        found = [f"{signed(row.difference, 1)} points ({escape(row.second_net)})" for row in ends.itertuples()]
        sentences.append(f"With {escape(other)} in place of {escape(one)}, accuracy changes by {' to '.join(found)}.")
    within = tables.differences[~is_across]
    if len(within) and tables.nets["seeds"].min() >= LEAST_SEEDS:
        clear = ((within["low"] > 0) | (within["high"] < 0)).sum()
        sentences.append(f"More than chance, each tested by itself: {clear} of {len(within)} differences between nets.")
    return sentences


def beside_study(tables: Tables) -> list[str]:
    rows = tables.nets[(tables.nets["recipe"] == STUDY_RECIPE) & tables.nets["study_inside"].notna()]
    sentences = []
    for is_inside, can in ((True, "could"), (False, "could not")):
        if nets := [escape(net) for net in rows["net"][rows["study_inside"] == is_inside]]:
            sentences.append(f"One more run by {STUDY_RECIPE} {can} have the study's accuracy for {listed(nets)}.")
    return sentences


def verdicts(findings: Findings) -> list[str]:
    """How many claims hold by each recipe, and which verdicts depend on the recipe."""
    rows = list(zip(*(its.values() for its in findings.values()), strict=True))
    counts = []
    for recipe, its in findings.items():
        found = [finding.verdict for finding in its.values()]
        holds, does_not, undecided = (found.count(verdict) for verdict in (HOLDS, DOES_NOT_HOLD, NOT_DECIDED))
        counts.append(f"by {escape(recipe)} {holds} are confirmed, {does_not} contradicted, {undecided} not decided")
    sentences = [f"{len(rows)} of the study's claims can be judged: {'; '.join(counts)}."] if rows else []
    if rows and len(findings) > 1:
        differ = [f"claim {i}" for i, row in enumerate(rows, 1) if len({finding.verdict for finding in row}) > 1]
        sentences.append(f"The recipes' verdicts differ on {listed(differ) if differ else 'no claim'}.")
    return sentences


def overall(grid: dict[str, Runs], tables: Tables) -> str:
    """The table of accuracies, a row for each net by each recipe."""
    table, several = tables.nets, len(first(grid).seeds) > 1
    cells = names(grid, table) | {f"{first(grid).dataset.evaluated_on} accuracy (%)": within(table, 2)}
    if several:
        cells |= numbers(table, {"sd": ("sd", 2), "ensemble (%)": ("ensemble_accuracy", 2)})
    if several and is_known(tables):
        rows = zip(table["prediction_low"], table["prediction_high"], table["prediction_sd"], strict=True)
        cells["one more run (%)"] = [span(low, high) + (f" ({sd})" if sd else "") for low, high, sd in rows]
    if is_known(tables):
        cells |= numbers(table, {"the study (%)": ("study", 0)})
    return as_table(cells, words=min(2, len(grid)))


def differences(grid: dict[str, Runs], table: pd.DataFrame) -> str:
    cells = {"recipe": arrows(table["first_recipe"], table["second_recipe"])} if len(grid) > 1 else {}
    cells |= {"net": arrows(table["first_net"], table["second_net"])}
    cells |= {"difference (points)": within(table, 2, "difference", signed_within)}
    cells |= {"P(second better)": [f"{percent(100 * p, 0)} %" for p in table["p_second_better"]]}
    cells |= numbers(table, {"error by seeds": ("se_seeds", 2), "by images": ("se_images", 2)})
    return f"{DIFFERENCES}\n\n{as_table(cells, words=min(2, len(grid)))}"


def claims(findings: Findings) -> list[str]:
    """A table of the claims with their verdicts by each recipe. Below it, folded, is what decides each claim."""
    by_claim = zip(*(its.values() for its in findings.values()), strict=True)
    rows = [dict(zip(findings, row, strict=True)) for row in by_claim]
    sentences = [next(iter(row.values())).claim for row in rows]
    cells = {"#": range(1, len(rows) + 1), "claim": [escape(sentence) for sentence in sentences]}
    for recipe in findings:
        cells[escape(recipe)] = [verdict(row[recipe]) for row in rows]
    blocks = ["## The study's claims", as_table(cells, words=2 + len(findings))]
    if any(finding.seeds_needed for row in rows for finding in row.values()):
        blocks.append("In brackets: the seeds that would decide it with 80 % power, if effects and spreads stay so.")
    if any(finding.stands is False for row in rows for finding in row.values()):
        blocks.append("†: this verdict does not stand after Holm's correction for the number of tested claims.")
    for i, (sentence, row) in enumerate(zip(sentences, rows, strict=True), start=1):
        found = [f"**{escape(recipe)}: {finding.verdict}**, {evidence(finding)}" for recipe, finding in row.items()]
        blocks.append(folded(f"{i}. {sentence}", bullets(found)))
    return blocks


def verdict(finding: Finding) -> str:
    needed = finding.seeds_needed
    if needed:
        needed = f" ({needed} seeds)" if needed[-1].isdigit() else f" ({needed})"
    return finding.verdict + needed + (" †" if finding.stands is False else "")


def evidence(finding: Finding) -> str:
    figures = f" {finding.figure}." if finding.figure != NOTHING else ""
    jointly = f" Over all claims (Holm): {p_value(finding.p_holm)}." if finding.p_holm is not None else ""
    return escape(f"{finding.reason}.{figures}{jointly}")


def per_class(grid: dict[str, Runs], tables: Tables) -> list[str]:
    order = tables.classes.groupby("class", sort=False)["accuracy"].mean().sort_values(kind="stable").index
    caption = f"Accuracy with its 95 % interval, from the most difficult class, {escape(order[0])}, to the easiest."
    blocks = ["## Per class", figure("per_class", caption + study_note(tables))]
    for recipe in grid:
        cells = {}
        for net, rows in tables.classes[tables.classes["recipe"] == recipe].groupby("net", sort=False):
            cells["class"] = [escape(name) for name in rows["class"]]
            accuracies = zip(within(rows, 1), rows["best"], strict=True)
            cells[escape(net)] = [f"**{accuracy}**" if is_best else accuracy for accuracy, is_best in accuracies]
            if recipe == STUDY_RECIPE and rows["study"].notna().any():
                cells |= numbers(rows, {f"{escape(net)}, the study": ("study", 0)})
        blocks += [f"Accuracy (%) by {escape(recipe)}:", as_table(cells)]
    if tables.classes["best"].any():
        blocks.append("Bold: better than every other net by more than chance, each class tested by itself.")
    return blocks


def confusion(grid: dict[str, Runs], tables: Tables) -> list[str]:
    blocks = ["## Confusion"]
    for recipe, runs in grid.items():
        table = tables.confusions[tables.confusions["recipe"] == recipe]
        table = table.assign(pair=arrows(table["true"], table["predicted"]))
        counts = table["pair"].value_counts(sort=False)
        shared = list(counts.index[counts == len(runs.nets)]) if len(runs.nets) > 1 else []
        caption = f"Answers by {escape(recipe)}, in % of the true class. Dark: frequent errors. Grey: right answers."
        caption += f" Frequent with every net: {listed(shared)}." if shared else ""
        table["cell"] = [f"{pair}, {rate:.1f} %" for pair, rate in zip(table["pair"], table["rate"], strict=True)]
        grouped = table.pivot(index="rank", columns="net", values="cell").reindex(columns=runs.nets).fillna(NOTHING)
        cells = {"rank": grouped.index} | {escape(net): grouped[net] for net in grouped}
        errors = as_table(cells, words=len(cells)) if len(table) else "No net gets any image wrong."
        blocks += [figure(f"confusion_{recipe}", caption), errors]
    return blocks


def loss(grid: dict[str, Runs], tables: Tables) -> list[str]:
    on, table = first(grid).dataset.evaluated_on, tables.nets
    widest = signed(table["gap"].max(), 1)
    caption = (
        f"Training loss of each run (thin) and their mean (bold); grey, on the right, the loss on the {on} images. A "
        f"net whose {on} loss is far above its curve overfits; the gap in accuracy is up to {widest} points. "
        "Loss drops at each new epoch, because by then each image was trained on once more."
    )
    cells = names(grid, table) | numbers(table, {"training accuracy (%)": ("training_accuracy", 2)})
    cells |= {"gap (points)": table["gap"].map(signed)}
    cells |= numbers(table, {f"{on} loss": ("loss", 3), "training loss": ("training_loss", 3)})
    note = f"Gap: training less {on} accuracy. Training figures are of the final weights, in evaluation mode."
    return ["## Loss", figure("loss", caption), as_table(cells, min(2, len(grid))), note]


def cost(tables: Tables) -> list[str]:
    table = tables.nets.drop_duplicates("net")
    times = percent(table["multiply_adds"].max() / table["multiply_adds"].min(), 0)
    caption = "Accuracy with its 95 % interval against multiply-adds for one image, on a logarithmic scale."
    caption += f" The largest net computes {times} times as much as the smallest." if len(table) > 1 else ""
    columns = {"layers": ("layers", 0), "parameters": ("parameters", 0), "multiply-adds": ("multiply_adds", 0)}
    cells = {"net": [escape(net) for net in table["net"]]} | numbers(table, columns)
    note = "Layers are convolutions and linear layers. `metrics/timing/` has the seconds and the memory of each run."
    return ["## Cost", figure("cost", caption + study_note(tables)), as_table(cells), note]


def calibration(grid: dict[str, Runs], tables: Tables) -> list[str]:
    columns = {"calibration error (%)": ("ece", 1), "Brier score": ("brier", 3), "negative log-likelihood": ("loss", 3)}
    cells = names(grid, tables.nets) | numbers(tables.nets, columns)
    caption = (
        "How often answers of each confidence are right. On the diagonal a net is right as often as it says; below the "
        "diagonal it is too sure. Bins of fewer than 10 images are left out."
    )
    note = "Means over the seeds; lower is better. Calibration error: expected, by 15 equal bins (Guo et al., 2017)."
    return ["## Calibration", figure("calibration", caption), as_table(cells, min(2, len(grid))), note]


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
    return bullets(lines)


def names(grid: dict[str, Runs], table: pd.DataFrame) -> dict[str, list[str]]:
    """The first columns: the net, and the recipe where there are several."""
    return {key: [escape(name) for name in table[key]] for key in (("net", "recipe") if len(grid) > 1 else ("net",))}


def numbers(table: pd.DataFrame, columns: Mapping[str, tuple[str, int]]) -> dict[str, list[str]]:
    """Columns of `table` as text; columns: the key of each and its decimals, by the title it gets."""
    return {title: [percent(value, decimals) for value in table[key]] for title, (key, decimals) in columns.items()}


def arrows(first: pd.Series, second: pd.Series) -> list[str]:
    return [escape(a if a == b else f"{a} → {b}") for a, b in zip(first, second, strict=True)]


def within(
    table: pd.DataFrame, decimals: int, column: str = "accuracy", write: Callable[..., str] = percent_within
) -> list[str]:
    """Each value with its interval."""
    return [write(*row, decimals) for row in table[[column, "low", "high"]].itertuples(index=False)]


def is_known(tables: Tables) -> bool:
    """Whether the study has a figure for any of the nets."""
    return bool(tables.nets["study"].notna().any())


def study_note(tables: Tables) -> str:
    return " Hollow: the study, which ran each net once and cut its figures off." if is_known(tables) else ""


def as_table(cells: Mapping[str, Iterable], words: int = 1) -> str:
    """A Markdown table; the first `words` columns are aligned left, the others right."""
    align = ["left" if i < words else "right" for i in range(len(cells))]
    return pd.DataFrame(cells).to_markdown(index=False, disable_numparse=True, colalign=align)


def figure(name: str, caption: str) -> str:
    return f"![{escape(name.replace('_', ' '))}](../plots/figures/{name}.png)\n\n*{caption}*"


def folded(summary: str, text: str) -> str:
    return f"<details>\n<summary>{html.escape(summary, quote=False)}</summary>\n\n{text}\n\n</details>"


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def escape(text: str) -> str:
    """`text` as it is, in Markdown; an underscore within a word needs no escape."""
    return re.sub(r"[\\`*{}\[\]<>|&#~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", str(text))
