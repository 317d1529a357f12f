"""The comparison as a reader sees it: sections of a heading, a paragraph and a table, for the terminal and pages."""

from dataclasses import dataclass

import pandas as pd

from comparison import statistics
from comparison.claims import Finding
from comparison.formatting import NOTHING, p_value, percent, percent_within, signed, signed_within, whole
from comparison.run import Run
from comparison.tables import Tables


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph and a table of text cells; the table is empty when the paragraph says why.

    words: the columns of words, to be aligned left where the numbers are aligned right.
    best: the cells to be marked, as (row number, column name).
    """

    title: str
    text: str
    table: pd.DataFrame
    words: tuple[str, ...]
    best: frozenset[tuple[int, str]] = frozenset()

    def markdown(self) -> str:
        """As GitHub's Markdown, ending in a line end; the best cells are bold."""
        paragraph = f"## {self.title}\n\n{self.text}\n"
        if self.table.empty:
            return paragraph
        cells = self.table.copy()
        for row, column in self.best:
            cells.loc[row, column] = f"**{cells.loc[row, column]}**"
        align = ["left" if column in self.words else "right" for column in cells]
        return f"{paragraph}\n{cells.to_markdown(index=False, disable_numparse=True, colalign=align)}\n"


def markdown_page(heading: str, sections: list[Section], figures: dict[str, str]) -> str:
    """`metrics/comparison.md`; figures: links by their captions."""
    links = "".join(f"![{caption}]({link})\n" for caption, link in figures.items())
    return "\n".join([f"# {heading}\n", *(section.markdown() for section in sections), f"## Figures\n\n{links}"])


def make_sections(run: Run, tables: Tables, findings: dict[str, Finding]) -> list[Section]:
    return [
        net_section(run, tables.nets),
        class_section(run, tables.classes),
        pair_section(run, tables.pairs),
        mistake_section(run, tables.mistakes),
        claim_section(findings),
    ]


def net_section(run: Run, table: pd.DataFrame) -> Section:
    dataset, on = run.conditions.dataset, run.conditions.dataset.evaluated_on
    accuracy = [
        percent_within(*row) for row in table[["accuracy", "accuracy_low", "accuracy_high"]].itertuples(index=False)
    ]
    cells = {
        "net": table["net"],
        "layers": table["layers"].map(whole),
        "parameters": table["parameters"].map(whole),
        "multiply-adds an image": table["multiply_adds"].map(whole),
        f"{on} accuracy (%)": accuracy,
    }
    if "study" in table:
        study = [percent(accuracy, 0) for accuracy in table["study"]]  # which it gives without decimals
        cells |= {"the study (%)": study, "ours − the study": table["difference"].map(signed)}
    cells |= {"training accuracy (%)": table["training_accuracy"].map(percent), "gap": table["gap"].map(signed)}
    text = (
        f"Accuracy on the {whole(dataset.evaluated_images)} {on} images, with its 95 % interval (Wilson's). "
        f"Training accuracy is that of the last epoch, taken while the net learns; the gap is training less {on} "
        "accuracy. Multiply-adds are those of the convolutions and linear layers. Each net was trained once: intervals "
        f"and tests say how far the choice of {on} images matters, not how far another seed would. "
        f"{trained_with(run)}"
    )
    if on == "validation":
        text = f"Evaluated on validation images, held out of the training images; no test image was looked at. {text}"
    return Section("Overall", text, pd.DataFrame(cells), words=("net",))


def trained_with(run: Run) -> str:
    """Seed, PyTorch's version and the device; the nets are named where these are not the same for all."""
    ways: dict[str, list[str]] = {}
    for net, figures in run.training.items():
        way = f"seed {run.evaluations[net].seed}, PyTorch {figures.torch}, {figures.device}"
        ways.setdefault(way, []).append(net)
    if len(ways) == 1:
        return f"Trained with {next(iter(ways))}."
    named = "; ".join(f"{', '.join(nets)} with {way}" for way, nets in ways.items())
    return f"The nets were not trained alike, which alone can make a difference: {named}."


def class_section(run: Run, table: pd.DataFrame) -> Section:
    """One row a class, one column a net, and the study's beside it; the best net of a class is marked."""
    nets = table["net"].unique()
    cells, best = {"true class": table["class"].unique()}, set()
    top, bottom = (table.groupby("class", sort=False)["accuracy"].transform(which) for which in ("max", "min"))
    marked = (table["accuracy"] == top) & (top > bottom)
    for net in nets:
        rows = table[table["net"] == net]
        accuracy = rows[["accuracy", "low", "high"]].itertuples(index=False)
        cells[net] = [percent_within(*row, decimals=1) for row in accuracy]
        if "study" in table and rows["study"].notna().any():
            cells[f"{net}, the study"] = [percent(accuracy, 0) for accuracy in rows["study"]]
        best |= {(position, net) for position, is_best in enumerate(marked[rows.index]) if is_best}
    accuracy = f"{run.conditions.dataset.evaluated_on.capitalize()} accuracy"
    text = f"{accuracy} (%) on the images of each class, with its 95 % interval (Wilson's)." + (
        " The best of the nets is marked; where intervals overlap, that may be chance." if len(nets) > 1 else ""
    )
    return Section("Per class", text, pd.DataFrame(cells), words=("true class",), best=frozenset(best))


def pair_section(run: Run, pairs: pd.DataFrame) -> Section:
    title = "Is the difference real?"
    if pairs.empty:
        return Section(title, "This run has one net, so there is no difference to test.", pd.DataFrame(), words=())
    difference = pairs[["difference", "low", "high"]].itertuples(index=False)
    cells = {
        "nets": pairs["first"] + " → " + pairs["second"],
        "only the first right": pairs["only_first"].map(whole),
        "only the second right": pairs["only_second"].map(whole),
        "difference (points)": [signed_within(*row) for row in difference],
        "p": pairs["p"].map(p_value),
        "p, corrected": pairs["p_holm"].map(p_value),
        "real?": ["yes" if p < statistics.LEVEL else "could be chance" for p in pairs["p_holm"]],
    }
    text = (
        f"McNemar's exact test of each pair of nets, on the {run.conditions.dataset.evaluated_on} images that only one "
        "of the two gets right. The difference is the second net's accuracy less the first's, with its 95 % interval "
        "(Bonett and Price's, for each pair alone). A difference is called real when p is below "
        f"{statistics.LEVEL} after Holm's correction for the number of pairs, {len(pairs)}."
    )
    return Section(title, text, pd.DataFrame(cells), words=("nets", "real?"))


def mistake_section(run: Run, table: pd.DataFrame) -> Section:
    """One column a net, its most confused pairs from the top; the paragraph names those that all nets share."""
    title, nets = "Most confused pairs", run.nets
    if table.empty:
        text = f"No net gets any {run.conditions.dataset.evaluated_on} image wrong."
        return Section(title, text, pd.DataFrame(), words=())
    table = table.assign(pair=table["true"] + " → " + table["predicted"])
    shares = pd.Series([percent(rate, 1) for rate in table["rate"]], index=table.index)
    cells = table["pair"] + ", " + table["images"].map(whole) + " (" + shares + " %)"
    grid = cells.set_axis(pd.MultiIndex.from_frame(table[["rank", "net"]])).unstack(fill_value=NOTHING)
    grid = grid.reindex(columns=nets, fill_value=NOTHING).rename_axis(index="#", columns=None).reset_index()
    text = "The true class → the class predicted instead: the images, and their share of the true class."
    if len(nets) > 1:
        times = table["pair"].value_counts(sort=False)
        shared = times.index[times == len(nets)]
        text += f" In the list of every net: {', '.join(shared) or 'none'}."
    return Section(title, text, grid, words=tuple(nets))


def claim_section(findings: dict[str, Finding]) -> Section:
    text = (
        "What the study concludes, tested by the rules in `src/comparison/claims.py`. Not decided means that this run "
        "cannot tell; p is the corrected one from above."
    )
    cells = pd.DataFrame([vars(finding) for finding in findings.values()])[["claim", "verdict", "figure", "reason"]]
    return Section("The study's claims", text, cells, words=tuple(cells.columns))
