"""The study's claims, each with the rule that tests it. The rules know no run; they were there before several seeds.

They are about nets, so that but for what is counted they need several seeds. Where a claim has several parts, each must
hold by itself: that needs no correction for their number, and other nets in params.yaml change no verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from comparison import statistics
from comparison.formatting import NOTHING, p_relation, percent, signed, signed_within, whole
from comparison.runs import Runs
from comparison.statistics import Estimate
from comparison.tables import Tables

STUDY_NETS = ("net1", "net2", "net3")
STEPS = (("net1", "net2"), ("net2", "net3"))
HOLDS, DOES_NOT_HOLD, NOT_DECIDED = "holds", "does not hold", "not decided"
# Guessing by equal shares has a cross-entropy of ln(classes). Fixed losses are shares of that, so that they mean the
# same for any number of classes: 1.54, 1.15 and 0.77 nats for ten.
LOSSES = (2 / 3, 1 / 2, 1 / 3)
LEARNED = 0.01  # nats below ln(classes): the least that a run which has left chance has learned, more than noise does


@dataclass(frozen=True)
class Finding:
    """A claim, the figures that decide it, the verdict and the reason."""

    claim: str
    figure: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Part:
    """A part of a claim, what it says by itself, one of the three verdicts, and the figure that decides it.

    figure: may be left to what stands beside the parts.
    """

    name: str
    verdict: str
    figure: str = ""


@dataclass(frozen=True)
class Judgement:
    """The parts of a claim, the reason to give for each verdict on the whole, and what to know beside them."""

    parts: list[Part]
    holds: str
    does_not_hold: str
    not_decided: str = ""
    beside: str = ""

    def conclude(self, claim: str) -> Finding:
        """Holds when every part does, does not hold when one does not, and is otherwise not decided.

        When there are several parts, the reason names those it is about.
        """
        figures = [f"{part.name}: {part.figure}" for part in self.parts if part.figure]
        figure = "; ".join(filter(None, [*figures, self.beside]))
        for verdict, reason in ((DOES_NOT_HOLD, self.does_not_hold), (NOT_DECIDED, self.not_decided)):
            names = [part.name for part in self.parts if part.verdict == verdict]
            if names:
                return Finding(claim, figure, verdict, f"{', '.join(names)}: {reason}" if self.parts[1:] else reason)
        return Finding(claim, figure, HOLDS, self.holds)


def of_sign(found: Estimate) -> str:
    """The verdict on `it is above 0`: that of the whole interval, if all of it is on one side."""
    return {1: HOLDS, -1: DOES_NOT_HOLD, 0: NOT_DECIDED}[found.sign]


def interval(found: Estimate, decimals: int = 2, of_limits: int = 1) -> str:
    return signed_within(found.estimate, found.low, found.high, decimals, of_limits)


def accuracies(runs: Runs, net: str) -> np.ndarray:
    """(seeds,), in %."""
    return 100 * runs.right(net).mean(axis=1)


def gain(runs: Runs, step: tuple[str, str]) -> Estimate:
    """The second net's accuracy less the first's."""
    return statistics.contrast([runs.right(net) for net in step], [-100, 100])


def accuracy_rises(runs: Runs, tables: Tables) -> Judgement:
    """The intervals of both gains are above 0; one below 0 is the opposite."""
    gains = {" → ".join(step): gain(runs, step) for step in STEPS}
    parts = [Part(name, of_sign(found), f"{interval(found)} points") for name, found in gains.items()]
    return Judgement(parts, "both intervals are above 0", "the interval is below 0", "could be chance")


def gains_diminish(runs: Runs, tables: Tables) -> Judgement:
    """The interval of the first gain less the second, 2·m₂ − m₁ − m₃ of the mean accuracies, is above 0, or below."""
    found = statistics.contrast([runs.right(net) for net in STUDY_NETS], [-100, 200, -100])
    errors = [100 - accuracies(runs, net).mean() for net in STUDY_NETS]
    fall = [percent(100 * (1 - b / a) if a else np.nan, 1) for a, b in pairwise(errors)]
    return Judgement(
        [Part("net2's gain less net3's", of_sign(found), f"{interval(found)} points")],
        "the interval is above 0",
        "the interval is below 0",
        "could be chance",
        beside=f"errors fall by {fall[0]} % and then {fall[1]} %",
    )


def batch_norm_needed(runs: Runs, tables: Tables) -> Judgement:
    """The intervals of what the three nets are better than Net3 without batch normalisation are above 0, or one below.

    Beside it stands how many of its runs stayed at chance: their last logged loss is not `LEARNED` below ln(classes).
    Where some did, its accuracies are two heaps and no normal distribution: then Mann–Whitney's p stands there too, the
    greatest of the three, which assumes none. With three seeds a net it is 0.1 at least, so it does not decide.
    """
    without, others = "net3_no_bn", ("net3", "net1", "net2")
    gains = {net: gain(runs, (without, net)) for net in others}
    chance = np.log(len(runs.conditions.class_names)) - LEARNED
    at_chance = sum(curve["loss"].iloc[-1] >= chance for curve in runs.curves[without])
    beside = f"{at_chance} of {len(runs.seeds)} runs without it stayed at chance"
    if at_chance:
        p = max(statistics.mann_whitney(accuracies(runs, without), accuracies(runs, net)) for net in others)
        beside += f", Mann–Whitney's {p_relation(p)}"
    return Judgement(
        [Part(net, of_sign(found), f"{interval(found)} points") for net, found in gains.items()],
        "all three are better than it",
        "it is better",
        "could be chance",
        beside,
    )


def batch_norm_speeds(runs: Runs, tables: Tables) -> Judgement:
    """Net3 reaches fixed losses sooner than without batch normalisation."""
    return sooner(runs, (("net3_no_bn", "net3"),))


def learns_faster(runs: Runs, tables: Tables) -> Judgement:
    """Each net reaches fixed losses sooner than the one before."""
    return sooner(runs, STEPS)


def sooner(runs: Runs, steps: tuple[tuple[str, str], ...]) -> Judgement:
    """All runs of the second net reach each of `LOSSES` in fewer steps than all of the first; or all in more.

    A run reaches a loss in the first logged step with a training loss, mean since the last, as low; one that never does
    is later than all that do. A loss that no run of the two nets reaches says nothing.
    """
    losses = np.log(len(runs.conditions.class_names)) * np.array(LOSSES)
    nets, parts = list(dict.fromkeys(net for step in steps for net in step)), []
    reached = {net: [[steps_to(loss, curve) for curve in runs.curves[net]] for loss in losses] for net in nets}
    for step in steps:
        pairs = list(zip(*(reached[net] for net in step), strict=True))
        before = {max(second) < min(first) for first, second in pairs if min(first + second) < np.inf}
        after = {max(first) < min(second) for first, second in pairs if min(first + second) < np.inf}
        verdict = HOLDS if before == {True} else DOES_NOT_HOLD if after == {True} else NOT_DECIDED
        parts.append(Part(" → ".join(step), verdict))
    figures = "; ".join(f"{net} {' / '.join(map(from_to, of_losses))}" for net, of_losses in reached.items())
    return Judgement(
        parts,
        "in fewer steps, all seeds, at each loss",
        "in more steps, all seeds, at each loss",
        "seeds or losses differ",
        beside=f"steps to {' / '.join(f'{loss:.2f}' for loss in losses)} nats: {figures}",
    )


def steps_to(loss: float, curve: pd.DataFrame) -> float:
    """The first logged step with a loss as low; infinite if there is none."""
    low = curve["step"][curve["loss"] <= loss]
    return float(low.iloc[0]) if len(low) else np.inf


def from_to(steps: list[float]) -> str:
    ends = ["never" if end == np.inf else whole(end) for end in (min(steps), max(steps))]
    return "–".join(dict.fromkeys(ends))


def overfits_more(runs: Runs, tables: Tables) -> Judgement:
    """The gap of the final weights grows from each net to the next: in accuracy, and in cross-entropy.

    The intervals of all four growths are above 0; one below 0 is the opposite. Those of the cross-entropy, of which
    runs leave no figures of each image, are about seeds alone.
    """
    parts = []
    for step in STEPS:
        training = [np.array([one.training_accuracy / 100 for one in runs.evaluations[net]]) for net in step]
        right, train_images = [runs.right(net) for net in step], runs.conditions.dataset.train_images
        found = statistics.gap_contrast(training, right, train_images, [-100, 100])
        parts.append(Part(f"{' → '.join(step)}, accuracy", of_sign(found), f"gap {interval(found)} points"))
        gaps = [np.array([one.loss - one.training_loss for one in runs.evaluations[net]]) for net in step]
        found = statistics.seeds_contrast(gaps, [-1, 1])
        parts.append(Part(f"{' → '.join(step)}, loss", of_sign(found), f"gap {interval(found, 3, 3)} nats"))
    return Judgement(parts, "each gap grows", "the gap shrinks", "could be chance")


def costs_more(runs: Runs, tables: Tables) -> Judgement:
    """Multiply-adds and parameters both rise in each step."""
    nets, parts = tables.nets.set_index("net"), []
    for step in STEPS:
        first, second = (nets.loc[net] for net in step)
        multiply_adds, parameters = (second[key] / first[key] for key in ("multiply_adds", "parameters"))
        figure = f"{multiply_adds:.1f} × the multiply-adds, {parameters:.1f} × the parameters"
        verdict = HOLDS if multiply_adds > 1 and parameters > 1 else DOES_NOT_HOLD
        parts.append(Part(" → ".join(step), verdict, figure))
    return Judgement(parts, "both rise in each step; counted, so no chance", "one of them does not rise")


def cat_dog_confused(runs: Runs, tables: Tables) -> Judgement:
    """Cat and dog are mistaken for each other, in either direction, more often than any other two classes.

    They are in every run of each net, and the interval of their lead over the next pair, the most mistaken of the
    others over all seeds, is above 0. The opposite: in every run of a net they trail that pair, and it is below 0.
    """
    names, parts = runs.conditions.class_names, []
    cat_dog = names.index("cat"), names.index("dog")
    for net in STUDY_NETS:
        both = runs.matrices(net)
        both = both + both.transpose(0, 2, 1)
        others = [pair for pair in zip(*np.triu_indices(len(names), k=1), strict=True) if set(pair) != set(cat_dog)]
        cats, dogs = (mistaken(runs, net, *pair).sum(axis=1).mean() for pair in (cat_dog, cat_dog[::-1]))
        figure = f"cat → dog {whole(cats)}, dog → cat {whole(dogs)}"
        verdict = NOT_DECIDED
        if others:
            following = max(others, key=lambda pair: both[:, pair[0], pair[1]].sum())
            lead = sum(
                sign * mistaken(runs, net, *order).astype(int)
                for sign, pair in ((1, cat_dog), (-1, following))
                for order in (pair, pair[::-1])
            )
            found = statistics.contrast([lead], [lead.shape[1]])
            most = [max(both[seed, a, b] for a, b in others) for seed in range(len(both))]
            leads = (both[:, *cat_dog] > most).all()
            trails = (lead.sum(axis=1) < 0).all()
            if (found.sign > 0 and leads) or (found.sign < 0 and trails):
                verdict = of_sign(found)
            figure += f", {interval(found, 0, 0)} over {'–'.join(names[label] for label in following)}"
        parts.append(Part(net, verdict, figure))
    return Judgement(parts, "cat–dog leads in every run", "another pair leads in every run", "the lead could be chance")


def mistaken(runs: Runs, net: str, true: int, predicted: int) -> np.ndarray:
    """Which images of one class each run takes for another, (seeds, images) bool."""
    return (runs.actual == true) & (runs.predicted[net] == predicted)


def same_classes(runs: Runs, tables: Tables) -> Judgement:
    """The mean rank correlation of the nets' class accuracies is above 0, and p of chance below 0.05; or it is below 0.

    Beside it stands how many images all runs get wrong, and
    how many that would be if each had its own accuracy on each class and erred independently of the others.
    """
    of_class = tables.classes.pivot(index="net", columns="class", values="accuracy").loc[list(STUDY_NETS)].to_numpy()
    wrong, expected = ~np.concatenate([runs.right(net) for net in STUDY_NETS]), 0.0
    for label in range(len(runs.conditions.class_names)):
        own = wrong[:, runs.actual == label]
        expected += own.shape[1] * own.mean(axis=1).prod()
    part = Part("class accuracies", NOT_DECIDED, "a net's are all equal")
    if np.ptp(of_class, axis=1).all():
        correlation, p = statistics.agreement(of_class)
        verdict = NOT_DECIDED
        if p < statistics.LEVEL:
            verdict = HOLDS if correlation > 0 else DOES_NOT_HOLD
        part = Part("class accuracies", verdict, f"mean rank correlation {signed(correlation)}, {p_relation(p)}")
    everywhere = whole(wrong.all(axis=0).sum())
    images = f"{everywhere} images wrong in all {len(wrong)} runs, {percent(expected, 1)} if these were independent"
    return Judgement([part], "they agree", "they contradict each other", "could be chance", beside=images)


def gains_as_large(runs: Runs, tables: Tables) -> Judgement:
    """The study's gain is within the prediction interval of the gain of one more run of each of two nets.

    Its figures were cut off, so that a gain of 15 is from 14 to 16. An interval that holds 0 as well tells no gain from
    none, and so decides nothing.
    """
    study, parts = tables.nets.set_index("net")["study"], []
    for step in STEPS:
        found = statistics.one_more_run([accuracies(runs, net) for net in step], [-1, 1])
        theirs = study[step[1]] - study[step[0]]
        verdict = HOLDS if found.sign else NOT_DECIDED
        if found.se_seeds and (found.high < theirs - 1 or found.low > theirs + 1):
            verdict = DOES_NOT_HOLD
        parts.append(Part(" → ".join(step), verdict, f"{interval(found)} points, the study {signed(theirs, 0)}"))
    return Judgement(
        parts, "one more run could gain as much", "one more run would gain more or less", "too few seeds to tell"
    )


@dataclass(frozen=True)
class Claim:
    """A claim, its rule, and the nets and classes that runs must have for it.

    counted: no chance is in it, so one seed will do; epochs: how often images must be trained on; study: whether it is
    about the study's figures.
    """

    sentence: str
    rule: Callable[[Runs, Tables], Judgement]
    nets: tuple[str, ...] = STUDY_NETS
    classes: tuple[str, ...] = ()
    counted: bool = False
    epochs: int = 1
    study: bool = False


WITH_ABLATION = (*STUDY_NETS, "net3_no_bn")
CLAIMS = {
    "accuracy_rises": Claim("Accuracy rises from net1 to net2 to net3.", accuracy_rises),
    "gains_diminish": Claim("Net2 gains more over net1 than net3 over net2.", gains_diminish),
    "gains_as_large": Claim("These gains are of the study's size, 15 and 4 points.", gains_as_large, study=True),
    "batch_norm_needed": Claim(
        "Without batch normalisation net3 is less accurate than with it, and than net1 and net2.",
        batch_norm_needed,
        nets=WITH_ABLATION,
    ),
    "batch_norm_speeds": Claim(
        "Batch normalisation makes net3 converge faster.", batch_norm_speeds, nets=("net3", "net3_no_bn")
    ),
    "cat_dog_confused": Claim(
        "Cat and dog are the most confused pair of net1, net2 and net3.", cat_dog_confused, classes=("cat", "dog")
    ),
    "same_classes": Claim("Net1, net2 and net3 struggle with the same classes.", same_classes),
    "learns_faster": Claim("Net2 learns faster than net1, and net3 than net2.", learns_faster),
    "overfits_more": Claim("Net2 overfits more than net1, and net3 more than net2.", overfits_more, epochs=2),
    "costs_more": Claim("Net2 costs more than net1, and net3 more than net2.", costs_more, counted=True),
}


def judge(runs: Runs, tables: Tables) -> dict[str, Finding]:
    """What was found of each of `CLAIMS`."""
    findings = {}
    for name, claim in CLAIMS.items():
        if lacks := lacking(claim, runs, tables):
            findings[name] = Finding(claim.sentence, NOTHING, NOT_DECIDED, lacks)
        else:
            findings[name] = claim.rule(runs, tables).conclude(claim.sentence)
    return findings


def lacking(claim: Claim, runs: Runs, tables: Tables) -> str:
    """What the runs lack of that which the claim is about; empty if nothing."""
    missing = [net for net in claim.nets if net not in runs.nets]
    missing += [f"class {name}" for name in claim.classes if name not in runs.conditions.class_names]
    if missing:
        return f"these runs lack {', '.join(missing)}"
    if claim.study and "study" not in tables.nets:
        return "the study has no figures of these images"
    if not claim.counted and len(runs.seeds) == 1:
        return "one seed says nothing of others"
    if runs.conditions.recipe.epochs < claim.epochs:
        return "after one epoch no image was seen twice"
    return ""
