"""The study's claims, each with the rule that tests it. The rules know no run.

Accuracies differ when McNemar's exact test, Holm-corrected over all pairs of the run's nets, gives p < 0.05.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from comparison import statistics, tables
from comparison.formatting import NOTHING, p_relation, signed, signed_within, whole
from comparison.verdict import NOT_DECIDED, Finding, Part, conclude, side

STUDY_NETS = ("net1", "net2", "net3")
STEPS = (("net1", "net2"), ("net2", "net3"))


@dataclass(frozen=True)
class Evidence:
    """What the rules look at.

    overall, pairs: of `tables`; predictions: the `actual` class of each test image and what each net predicts;
    matrices: counts for each net, true classes down, predicted across; curves: for each net its log, with columns
    step and loss; run: the dataset and class names.
    """

    overall: pd.DataFrame
    pairs: pd.DataFrame
    predictions: pd.DataFrame
    matrices: dict[str, pd.DataFrame]
    curves: dict[str, pd.DataFrame]
    run: dict

    def of(self, net: str) -> pd.Series:
        """The net's row of `overall`."""
        return self.overall.set_index("net").loc[net]


def accuracy_rises(evidence: Evidence) -> Finding:
    """Both steps are significant gains."""
    return gains(evidence, STEPS)


def batch_norm_needed(evidence: Evidence) -> Finding:
    """Each of the three nets is significantly more accurate than Net3 without batch normalisation."""
    return gains(evidence, tuple(("net3_no_bn", net) for net in ("net3", "net1", "net2")))


def gains(evidence: Evidence, steps: tuple[tuple[str, str], ...]) -> Finding:
    """Accuracy rises significantly from the first to the second net of each step."""
    pairs, parts = evidence.pairs.set_index(["first", "second"]), []
    for step in steps:
        row, sign = (pairs.loc[step], 1) if step in pairs.index else (pairs.loc[step[::-1]], -1)
        gain, p = sign * row["difference"], row["p_holm"]
        figure = f"{signed(gain)} points, {p_relation(p)}"
        parts.append(Part(" → ".join(step), figure, int(np.sign(gain)) if p < statistics.LEVEL else 0))
    return conclude(parts, "each gain is significant", "a significant loss", "could be chance")


def gains_diminish(evidence: Evidence) -> Finding:
    """The mean over the test images of 2·c2 − c1 − c3 (c is 1 when the net is right) has its interval above 0."""
    c1, c2, c3 = ((evidence.predictions[net] == evidence.predictions["actual"]).astype(int) for net in STUDY_NETS)
    surplus = 100 * (2 * c2 - c1 - c3)
    if surplus.nunique() == 1:
        part = Part("net2's gain less net3's", f"{signed(surplus.mean())} points on every image", 0)
        return conclude([part], "", "", "no interval, as all images say the same")
    low, high = statistics.mean(surplus)
    part = Part("net2's gain less net3's", f"{signed_within(surplus.mean(), low, high)} points", side(low, high))
    return conclude([part], "the interval is above 0", "the interval is below 0", "the interval holds 0")


def cat_dog_confused(evidence: Evidence) -> Finding:
    """Cat and dog, mistaken for each other in either direction, lead over every other pair of classes in each net.

    The study says it of its three nets; the ablation, which may learn nothing, is none of them.

    Two pairs are compared by the exact binomial test on their counts. The claim asks for all of these leads, so each
    is tested at 5 %; its opposite asks for only one lead of another pair, so that is corrected for all comparisons.
    """
    counts = {net: tables.mistaken(evidence.matrices[net]) for net in STUDY_NETS}
    comparisons, parts = sum(len(pairs) - 1 for pairs in counts.values()), []
    for net, pairs in counts.items():
        is_cat_dog = np.array([set(pair) == {"cat", "dog"} for pair in pairs.index])
        ours, others = int(pairs[is_cat_dog].iloc[0]), pairs[~is_cat_dog]
        p = statistics.sign_test(ours, others.to_numpy())
        leads = (ours > others) & (p < statistics.LEVEL)
        trails = (ours < others) & (p * comparisons < statistics.LEVEL)
        figure = f"cat–dog {whole(ours)}"
        if len(others):
            figure += f", next {'–'.join(others.idxmax())} {whole(others.max())}"
        parts.append(Part(net, figure, -1 if trails.any() else int(len(others) > 0 and leads.all())))
    return conclude(
        parts, "cat–dog leads significantly in each", "another pair leads significantly", "the lead could be chance"
    )


def deeper_learns_faster(evidence: Evidence) -> Finding:
    """At all steps that both nets log, the deeper one's training loss is lower; at fewer than half is the opposite."""
    parts = []
    for step in STEPS:
        shallow, deep = (evidence.curves[net].set_index("step")["loss"] for net in step)
        common = shallow.index.intersection(deep.index)
        lower = int((deep[common] < shallow[common]).sum())
        sign = 1 if lower == len(common) else -int(2 * lower < len(common))
        parts.append(Part(" → ".join(step), f"lower at {whole(lower)} of {whole(len(common))} logged steps", sign))
    once = "; one run, so chance is not judged"
    return conclude(parts, f"lower throughout{once}", f"lower at fewer than half{once}", f"the curves cross{once}")


def deeper_overfits(evidence: Evidence) -> Finding:
    """The gap, training less test accuracy, grows in each step: the interval of its change is above 0.

    The four accuracies count as independent. Nets tend to get the same images right, which makes their differences
    vary less than that, so the interval is rather too wide.
    """
    dataset, parts = evidence.run["dataset"], []
    trials = [dataset["train_images"], dataset["test_images"]] * 2
    for step in STEPS:
        shallow, deep = (evidence.of(net) for net in step)
        accuracies = [net[key] / 100 for net in (deep, shallow) for key in ("training_accuracy", "accuracy")]
        successes = [accuracy * n for accuracy, n in zip(accuracies, trials, strict=True)]
        low, high = (100 * limit for limit in statistics.weighted_sum(successes, trials, [1, -1, -1, 1]))
        figure = f"gap {signed_within(deep['gap'] - shallow['gap'], low, high)} points"
        parts.append(Part(" → ".join(step), figure, side(low, high)))
    caveat = "; training accuracy is taken while the net learns, so gaps are understated"
    return conclude(parts, f"each gap grows{caveat}", f"the gap shrinks{caveat}", f"the change could be chance{caveat}")


def deeper_costs_more(evidence: Evidence) -> Finding:
    """Multiply-adds and parameters both rise in each step."""
    parts = []
    for step in STEPS:
        shallow, deep = (evidence.of(net) for net in step)
        multiply_adds, parameters = (deep[key] / shallow[key] for key in ("multiply_adds", "parameters"))
        figure = f"{multiply_adds:.1f} × the multiply-adds, {parameters:.1f} × the parameters"
        parts.append(Part(" → ".join(step), figure, 1 if min(multiply_adds, parameters) > 1 else -1))
    return conclude(parts, "both rise in each step; counted, so no chance", "one of them does not rise")


@dataclass(frozen=True)
class Claim:
    """A claim, its rule, and the nets and classes a run must have for it; `depth`: also more layers from net to net."""

    sentence: str
    rule: Callable[[Evidence], Finding]
    nets: tuple[str, ...] = STUDY_NETS
    classes: tuple[str, ...] = ()
    depth: bool = False


CLAIMS = {
    "accuracy_rises": Claim("Accuracy rises from net1 to net2 to net3.", accuracy_rises),
    "gains_diminish": Claim("Net2 gains more over net1 than net3 over net2.", gains_diminish),
    "batch_norm_needed": Claim(
        "Without batch normalisation net3 is less accurate than with it, and than net1 and net2.",
        batch_norm_needed,
        nets=(*STUDY_NETS, "net3_no_bn"),
    ),
    "cat_dog_confused": Claim(
        "Cat and dog are the most confused pair of net1, net2 and net3.", cat_dog_confused, classes=("cat", "dog")
    ),
    "deeper_learns_faster": Claim("The deeper net's training loss falls faster.", deeper_learns_faster, depth=True),
    "deeper_overfits": Claim("The deeper net overfits more.", deeper_overfits, depth=True),
    "deeper_costs_more": Claim("The deeper net costs more.", deeper_costs_more, depth=True),
}


def judge(evidence: Evidence) -> dict[str, dict[str, str]]:
    """For each of `CLAIMS` its sentence, the figures that decide it, the verdict and the reason."""
    results = {}
    for name, claim in CLAIMS.items():
        finding = lacking(claim, evidence) or claim.rule(evidence)
        results[name] = {"claim": claim.sentence, **vars(finding)}
    return results


def lacking(claim: Claim, evidence: Evidence) -> Finding | None:
    """`not decided` when the run lacks what the claim is about."""
    missing = [net for net in claim.nets if net not in evidence.matrices]
    missing += [f"class {name}" for name in claim.classes if name not in evidence.run["class_names"]]
    if missing:
        return Finding(NOTHING, NOT_DECIDED, f"this run lacks {', '.join(missing)}")
    if claim.depth and not np.all(np.diff([evidence.of(net)["layers"] for net in STUDY_NETS]) > 0):
        return Finding(NOTHING, NOT_DECIDED, "the layers of this run's net1, net2 and net3 do not increase")
    return None
