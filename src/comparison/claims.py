"""The study's claims, each with the rule that tests it. The rules know no run.

Accuracies differ when McNemar's exact test, Holm-corrected over all pairs of the run's nets, gives p < 0.05.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from comparison import statistics
from comparison.formatting import NOTHING, p_relation, signed, signed_within, whole
from comparison.run import Run
from comparison.tables import Tables, mistaken

STUDY_NETS = ("net1", "net2", "net3")
STEPS = (("net1", "net2"), ("net2", "net3"))
HOLDS, DOES_NOT_HOLD, NOT_DECIDED = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Finding:
    """A claim, the figures that decide it, the verdict and the reason."""

    claim: str
    figure: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Part:
    """A part of a claim, the figure that decides it, and what it says by itself: one of the three verdicts."""

    name: str
    figure: str
    verdict: str


@dataclass(frozen=True)
class Judgement:
    """The parts of a claim, and the reason to give for each verdict on the whole."""

    parts: list[Part]
    holds: str
    does_not_hold: str
    not_decided: str = ""

    def conclude(self, claim: str) -> Finding:
        """Holds when every part does, does not hold when one does not, and is otherwise not decided.

        When there are several parts, the reason names those it is about.
        """
        figure = "; ".join(f"{part.name}: {part.figure}" for part in self.parts)
        for verdict, reason in ((DOES_NOT_HOLD, self.does_not_hold), (NOT_DECIDED, self.not_decided)):
            names = [part.name for part in self.parts if part.verdict == verdict]
            if names:
                return Finding(claim, figure, verdict, f"{', '.join(names)}: {reason}" if self.parts[1:] else reason)
        return Finding(claim, figure, HOLDS, self.holds)


def of_interval(low: float, high: float) -> str:
    """The verdict on `it is above 0`: that of the whole interval, if all of it is on one side."""
    if low > 0:
        return HOLDS
    return DOES_NOT_HOLD if high < 0 else NOT_DECIDED


def accuracy_rises(run: Run, tables: Tables) -> Judgement:
    """Both steps are significant gains."""
    return gains(tables, STEPS)


def batch_norm_needed(run: Run, tables: Tables) -> Judgement:
    """Each of the three nets is significantly more accurate than Net3 without batch normalisation."""
    return gains(tables, tuple(("net3_no_bn", net) for net in ("net3", "net1", "net2")))


def gains(tables: Tables, steps: tuple[tuple[str, str], ...]) -> Judgement:
    """Accuracy rises significantly from the first to the second net of each step."""
    pairs, parts = tables.pairs.set_index(["first", "second"]), []
    for step in steps:
        if step in pairs.index:
            gain, p = pairs.loc[step, ["difference", "p_holm"]]
        else:  # the pair stands in the table the other way round
            loss, p = pairs.loc[step[::-1], ["difference", "p_holm"]]
            gain = -loss
        verdict = NOT_DECIDED
        if p < statistics.LEVEL and gain != 0:
            verdict = HOLDS if gain > 0 else DOES_NOT_HOLD
        parts.append(Part(" → ".join(step), f"{signed(gain)} points, {p_relation(p)}", verdict))
    return Judgement(parts, "each gain is significant", "a significant loss", "could be chance")


def gains_diminish(run: Run, tables: Tables) -> Judgement:
    """The mean over the images of 2·c2 − c1 − c3 (c is 1 when the net is right) has its interval above 0."""
    predictions = run.predictions
    c1, c2, c3 = ((predictions[net] == predictions["actual"]).astype(int) for net in STUDY_NETS)
    surplus = 100 * (2 * c2 - c1 - c3)
    name = "net2's gain less net3's"
    if surplus.nunique() == 1:
        part = Part(name, f"{signed(surplus.mean())} points on every image", NOT_DECIDED)
        return Judgement([part], "", "", "no interval, as all images say the same")
    low, high = statistics.mean_interval(surplus)
    part = Part(name, f"{signed_within(surplus.mean(), low, high)} points", of_interval(low, high))
    return Judgement([part], "the interval is above 0", "the interval is below 0", "the interval holds 0")


def cat_dog_confused(run: Run, tables: Tables) -> Judgement:
    """Cat and dog, mistaken for each other in either direction, lead over every other pair of classes in each net.

    The study says it of its three nets; the ablation, which may learn nothing, is none of them.

    Two pairs are compared by the exact binomial test on their counts. The claim asks for all of these leads, so each
    is tested at 5 %; its opposite asks for only one lead of another pair, so that is corrected for all comparisons.
    """
    counts = {net: mistaken(run.matrices[net]) for net in STUDY_NETS}
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
        verdict = NOT_DECIDED
        if trails.any():
            verdict = DOES_NOT_HOLD
        elif len(others) and leads.all():
            verdict = HOLDS
        parts.append(Part(net, figure, verdict))
    return Judgement(
        parts, "cat–dog leads significantly in each", "another pair leads significantly", "the lead could be chance"
    )


def deeper_learns_faster(run: Run, tables: Tables) -> Judgement:
    """At all steps that both nets log, the deeper one's training loss is lower; at fewer than half is the opposite."""
    parts = []
    for step in STEPS:
        shallow, deep = (run.curves[net].set_index("step")["loss"] for net in step)
        common = shallow.index.intersection(deep.index)
        lower = int((deep[common] < shallow[common]).sum())
        verdict = NOT_DECIDED
        if lower == len(common):
            verdict = HOLDS
        elif lower < len(common) / 2:
            verdict = DOES_NOT_HOLD
        parts.append(Part(" → ".join(step), f"lower at {whole(lower)} of {whole(len(common))} logged steps", verdict))
    once = "; one run, so chance is not judged"
    return Judgement(parts, f"lower throughout{once}", f"lower at fewer than half{once}", f"the curves cross{once}")


def deeper_overfits(run: Run, tables: Tables) -> Judgement:
    """The gap, training accuracy less accuracy, grows in each step: the interval of its change is above 0.

    The four accuracies count as independent. Nets tend to get the same images right, which makes their differences
    vary less than that, so the interval is rather too wide.
    """
    dataset, nets, parts = run.conditions.dataset, tables.nets.set_index("net"), []
    trials = [dataset.train_images, dataset.evaluated_images] * 2
    for step in STEPS:
        shallow, deep = (nets.loc[net] for net in step)
        accuracies = [net[key] / 100 for net in (deep, shallow) for key in ("training_accuracy", "accuracy")]
        successes = [accuracy * n for accuracy, n in zip(accuracies, trials, strict=True)]
        low, high = (100 * limit for limit in statistics.weighted_sum(successes, trials, [1, -1, -1, 1]))
        figure = f"gap {signed_within(deep['gap'] - shallow['gap'], low, high)} points"
        parts.append(Part(" → ".join(step), figure, of_interval(low, high)))
    caveat = "; training accuracy is taken while the net learns, so gaps are understated"
    return Judgement(
        parts, f"each gap grows{caveat}", f"the gap shrinks{caveat}", f"the change could be chance{caveat}"
    )


def deeper_costs_more(run: Run, tables: Tables) -> Judgement:
    """Multiply-adds and parameters both rise in each step."""
    nets, parts = tables.nets.set_index("net"), []
    for step in STEPS:
        shallow, deep = (nets.loc[net] for net in step)
        multiply_adds, parameters = (deep[key] / shallow[key] for key in ("multiply_adds", "parameters"))
        figure = f"{multiply_adds:.1f} × the multiply-adds, {parameters:.1f} × the parameters"
        verdict = HOLDS if multiply_adds > 1 and parameters > 1 else DOES_NOT_HOLD
        parts.append(Part(" → ".join(step), figure, verdict))
    return Judgement(parts, "both rise in each step; counted, so no chance", "one of them does not rise")


@dataclass(frozen=True)
class Claim:
    """A claim, its rule, and the nets and classes a run must have for it; `depth`: also more layers from net to net."""

    sentence: str
    rule: Callable[[Run, Tables], Judgement]
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


def judge(run: Run, tables: Tables) -> dict[str, Finding]:
    """What was found of each of `CLAIMS`."""
    findings = {}
    for name, claim in CLAIMS.items():
        if lacks := lacking(claim, run):
            findings[name] = Finding(claim.sentence, NOTHING, NOT_DECIDED, lacks)
        else:
            findings[name] = claim.rule(run, tables).conclude(claim.sentence)
    return findings


def lacking(claim: Claim, run: Run) -> str:
    """What the run lacks of that which the claim is about; empty if nothing."""
    missing = [net for net in claim.nets if net not in run.nets]
    missing += [f"class {name}" for name in claim.classes if name not in run.conditions.class_names]
    if missing:
        return f"this run lacks {', '.join(missing)}"
    if claim.depth and not np.all(np.diff([run.evaluations[net].layers for net in STUDY_NETS]) > 0):
        return "the layers of this run's net1, net2 and net3 do not increase"
    return ""
