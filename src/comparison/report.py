"""The comparison as a reader sees it: sections of a heading, a paragraph and a table, for the terminal and pages."""

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from comparison import statistics
from comparison.claims import Finding
from comparison.formatting import NOTHING, p_value, percent, percent_within, signed, signed_within, whole
from comparison.runs import Runs
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


def make_sections(runs: Runs, tables: Tables, findings: dict[str, Finding]) -> list[Section]:
    return [
        net_section(runs, tables.nets),
        class_section(runs, tables.classes),
        difference_section(runs, tables.differences),
        mistake_section(runs, tables.mistakes),
        size_section(runs, tables.nets),
        claim_section(findings),
    ]


def net_section(runs: Runs, table: pd.DataFrame) -> Section:
    """Accuracy of each net; with several seeds how it spreads, and beside the study's what one more run would have."""
    dataset, on, several = runs.conditions.dataset, runs.conditions.dataset.evaluated_on, len(runs.seeds) > 1
    accuracy = table[["accuracy", "low", "high"]].itertuples(index=False)
    cells = {"net": table["net"], f"{on} accuracy (%)": [percent_within(*row) for row in accuracy]}
    if several:
        cells |= {"sd": table["sd"].map(percent), "least–most (%)": spans(table, "least", "most", 2)}
    if "study" in table:
        cells |= {"the study (%)": [percent(accuracy, 0) for accuracy in table["study"]]}  # it gives no decimals
    if "study" in table and several:
        inside = table["study_inside"].map({True: "yes", False: "no"})
        cells |= {"one more run (%)": spans(table, "prediction_low", "prediction_high", 1)}
        cells |= {"the study within?": inside.fillna(NOTHING)}
    sentences = [f"Accuracy on the {whole(dataset.evaluated_images)} {on} images of {dataset.source}"]
    if several:
        sentences[0] += (
            f": the mean of one run by each of the seeds {listed(runs.seeds)}, with its 95 % interval, the runs' "
            "standard deviation, and the least and most of them."
        )
        sentences.append(
            f"Intervals say how far another choice of seeds and of {on} images matters; where neither makes a "
            "difference, they are a point and decide nothing. What another choice of training images would do is in "
            "none of them."
        )
    else:
        sentences[0] += ", with its 95 % interval (Wilson's)."
        sentences.append(
            f"Each net was trained once, by seed {runs.seeds[0]}: all this is about these trained nets, and says how "
            f"far the choice of {on} images matters, not how far another seed would."
        )
    if "study" in table:
        sentences.append("The study ran each net once and cut its figures off, so that 61 is from 61 to 62.")
        if several:
            sentences.append("One more run of ours would be in the 95 % prediction interval that stands beside them.")
    if not dataset.lossless:
        sentences.append("The images are a lossy copy, JPEG, whose figures differ a little; `params.yaml` says why.")
    if on == "validation":
        looked = "Evaluated on validation images, held out of the training images; no test image was looked at."
        sentences.insert(0, looked)
    sentences.append(trained_with(runs))
    return Section("Overall", " ".join(sentences), pd.DataFrame(cells), words=("net", "the study within?"))


def spans(table: pd.DataFrame, low: str, high: str, decimals: int) -> list[str]:
    return [f"{percent(a, decimals)}–{percent(b, decimals)}" for a, b in zip(table[low], table[high], strict=True)]


def listed(names: list) -> str:
    *others, last = map(str, names)
    return f"{', '.join(others)} and {last}" if others else last


def trained_with(runs: Runs) -> str:
    """PyTorch's version and the device; the runs are named where these are not the same for all."""
    ways: dict[str, list[str]] = {}
    for net, training in runs.training.items():
        for seed, figures in zip(runs.seeds, training, strict=True):
            ways.setdefault(f"PyTorch {figures.torch}, {figures.device}", []).append(f"{net}-{seed}")
    if len(ways) == 1:
        return f"Trained with {next(iter(ways))}."
    named = "; ".join(f"{', '.join(names)} with {way}" for way, names in ways.items())
    return f"The runs were not trained alike, which alone can make a difference: {named}."


def class_section(runs: Runs, table: pd.DataFrame) -> Section:
    """One row a class, one column a net, and the study's beside it; the best net of a class is marked."""
    nets = table["net"].unique()
    cells, best = {"true class": table["class"].unique()}, set()
    for net in nets:
        rows = table[table["net"] == net]
        accuracy = rows[["accuracy", "low", "high"]].itertuples(index=False)
        cells[net] = [percent_within(*row, decimals=1) for row in accuracy]
        if "study" in table and rows["study"].notna().any():
            cells[f"{net}, the study"] = [percent(accuracy, 0) for accuracy in rows["study"]]
        best |= {(position, net) for position, is_best in enumerate(rows["best"]) if is_best}
    text = f"{runs.conditions.dataset.evaluated_on.capitalize()} accuracy (%) on the images of each class"
    text += (
        ": the mean over the seeds, with its 95 % interval over seeds and the class's images."
        if len(runs.seeds) > 1
        else ", with its 95 % interval (Wilson's)."
    )
    if len(nets) > 1:
        text += " A net is marked where it is better than the next best, tested by itself, by more than chance."
    return Section("Per class", text, pd.DataFrame(cells), words=("true class",), best=frozenset(best))


def difference_section(runs: Runs, table: pd.DataFrame) -> Section:
    several, on = len(runs.seeds) > 1, runs.conditions.dataset.evaluated_on
    title = "Do the nets differ?" if several else "Do these trained nets differ?"
    if table.empty:
        return Section(title, "There is one net, so there is no difference to test.", pd.DataFrame(), words=())
    difference = table[["difference", "low", "high"]].itertuples(index=False)
    cells = {
        "nets": table["first"] + " → " + table["second"],
        "difference (points)": [signed_within(*row) for row in difference],
    }
    if several:
        cells |= {
            "error by seeds": table["se_seeds"].map(percent),
            f"error by {on} images": table["se_images"].map(percent),
            "degrees of freedom": [percent(df, 1) for df in table["df"]],
        }
        differ = ((table["low"] > 0) | (table["high"] < 0)) & (table["se_seeds"] + table["se_images"] > 0)
        text = (
            "The difference is the second net's mean accuracy less the first's, with its 95 % interval, for each pair "
            "alone. Beside it stand the two parts of its standard error, what the choice of seeds does and what that "
            f"of {on} images does, and the degrees of freedom (Satterthwaite's), few where few seeds decide. Nets "
            "differ where the interval leaves out 0."
        )
    else:
        cells |= {
            "only the first right": table["only_first"].map(whole),
            "only the second right": table["only_second"].map(whole),
            "p": table["p"].map(p_value),
            "p, corrected": table["p_holm"].map(p_value),
        }
        differ = table["p_holm"] < statistics.LEVEL
        text = (
            f"McNemar's exact test of each pair of trained nets, on the {on} images that only one of the two gets "
            "right. The difference is the second net's accuracy less the first's, with its 95 % interval (Bonett and "
            "Price's, for each pair alone). These trained nets differ when p is below "
            f"{statistics.LEVEL} after Holm's correction for the number of pairs, {len(table)}; whether the nets do, "
            "by other seeds, is not known."
        )
    cells["differ?"] = differ.map({True: "yes", False: "could be chance"})
    return Section(title, text, pd.DataFrame(cells), words=("nets", "differ?"))


def mistake_section(runs: Runs, table: pd.DataFrame) -> Section:
    """One column a net, its most confused pairs from the top; the paragraph names those that all nets share."""
    title, nets = "Most confused pairs", runs.nets
    if table.empty:
        text = f"No net gets any {runs.conditions.dataset.evaluated_on} image wrong."
        return Section(title, text, pd.DataFrame(), words=())
    table = table.assign(pair=table["true"] + " → " + table["predicted"])
    shares = pd.Series([percent(rate, 1) for rate in table["rate"]], index=table.index)
    cells = table["pair"] + ", " + table["images"].map(whole) + " (" + shares + " %)"
    grid = cells.set_axis(pd.MultiIndex.from_frame(table[["rank", "net"]])).unstack(fill_value=NOTHING)
    grid = grid.reindex(columns=nets, fill_value=NOTHING).rename_axis(index="#", columns=None).reset_index()
    over = ", over all seeds," if len(runs.seeds) > 1 else ","
    text = f"The true class → the class predicted instead: the images{over} and their share of the true class."
    if len(nets) > 1:
        times = table["pair"].value_counts(sort=False)
        shared = times.index[times == len(nets)]
        text += f" In the list of every net: {', '.join(shared) or 'none'}."
    return Section(title, text, grid, words=tuple(nets))


def size_section(runs: Runs, table: pd.DataFrame) -> Section:
    """What a net costs, and how far it has learned the training images rather than what they show."""
    on = runs.conditions.dataset.evaluated_on
    cells = {
        "net": table["net"],
        "layers": table["layers"].map(whole),
        "parameters": table["parameters"].map(whole),
        "multiply-adds an image": table["multiply_adds"].map(whole),
        "training accuracy (%)": table["training_accuracy"].map(percent),
        "gap (points)": table["gap"].map(signed),
        f"{on} loss": table["loss"].map("{:.3f}".format),
        "training loss": table["training_loss"].map("{:.3f}".format),
    }
    text = (
        "Layers are convolutions and linear layers, multiply-adds theirs. Training accuracy and the losses, mean "
        f"cross-entropy in nats, are of the final weights in evaluation mode; the gap is training less {on} accuracy."
    )
    for one, other in pairwise(table.itertuples()):
        if other.accuracy > one.accuracy and other.loss > one.loss:
            text += (
                f" {other.net} is right more often than {one.net} and yet its {on} loss is worse: it is too sure of "
                "what it gets wrong."
            )
    return Section("Size and fit", text, pd.DataFrame(cells), words=("net",))


def claim_section(findings: dict[str, Finding]) -> Section:
    text = (
        "What the study concludes, tested by the rules in `src/comparison/claims.py`. Not decided means that these "
        "runs cannot tell. Where the study says deeper, the order of net1, net2 and net3 is what is tested: they "
        "differ in more than depth. The losses to reach are 2/3, 1/2 and 1/3 of what guessing has. Faster is in steps; "
        "in seconds it can be the other way round: `metrics/timing/`, which no stage reads, has how long steps take, "
        "and in how much memory."
    )
    cells = pd.DataFrame([vars(finding) for finding in findings.values()])[["claim", "verdict", "figure", "reason"]]
    return Section("The study's claims", text, cells, words=tuple(cells.columns))
