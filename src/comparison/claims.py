"""The study's claims, each with the rule that judges it.

The rules were revised after the runs on the JPEG copy of the images had been seen, and before any run on the official
images was evaluated.

A claim holds where each of its parts is shown by itself. A claim does not hold where the opposite of at least one part
is shown, by p-values that Holm's method corrects for the number of parts. Else it is not decided. Either verdict is
wrong with a chance of 2.5 % at most; what the tests assume for that stands in `statistics`. Fewer than three seeds
decide nothing but what is counted. Claims about what the runs lack (a net, a class, the study's images) are left out.
Runs by another recipe are judged by themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from comparison import calibration, statistics
from comparison.formatting import NOTHING, listed, p_value, percent, signed, signed_within, whole
from comparison.runs import Runs
from comparison.statistics import LEVEL, Estimate, Evidence
from comparison.tables import STUDY_NETS, study_range

ABLATION = "net3_no_bn"
STEPS = (("net1", "net2"), ("net2", "net3"))
HOLDS, DOES_NOT_HOLD, NOT_DECIDED = "holds", "does not hold", "not decided"
MARGIN = 2.0  # points by which a gain may miss the study's and still be as large
# Guessing by equal shares has a cross-entropy of ln(classes). Fixed losses are shares of that, so that they mean the
# same for any number of classes: 1.54, 1.15 and 0.77 nats for ten.
LOSSES = (2 / 3, 1 / 2, 1 / 3)
LEARNED = 0.01  # nats below ln(classes): the least that a run which has left chance has learned, more than noise does


@dataclass(frozen=True)
class Finding:
    """What the runs by one recipe say about a claim.

    figure: what decides it; p: of the verdict, or of the nearer one where there is none; p_holm: corrected for all
    claims that have a p; stands: whether the verdict then still does. These three are None where there is no p.
    seeds_needed: how many seeds decide it with a chance of 80 %, if effects and spreads are as seen; "" where decided.
    """

    claim: str
    verdict: str
    figure: str
    reason: str
    p: float | None = None
    p_holm: float | None = None
    stands: bool | None = None
    seeds_needed: str = ""


@dataclass(frozen=True)
class Part:
    """A part of a claim, the evidence, and the figure that it is from."""

    name: str
    evidence: Evidence
    figure: str = ""


@dataclass(frozen=True)
class Judgement:
    """The parts of a claim, the reason to give for each verdict on the whole, and the figures beside the parts."""

    parts: Sequence[Part]
    holds: str
    does_not_hold: str
    not_decided: str = "could be chance"
    beside: str = ""

    def conclude(self, claim: str) -> Finding:
        """The verdict; where there are several parts, the reason names those that it is about."""
        figures = [f"{part.name}: {part.figure}" for part in self.parts if part.figure]
        figure = "; ".join(filter(None, [*figures, self.beside]))
        found = statistics.all_of(self.evidence)
        p = min(found.p_for, found.p_against)
        if found.p_for < LEVEL:
            return Finding(claim, HOLDS, figure, self.holds, p)
        corrected = statistics.holm([evidence.p_against for evidence in self.evidence])
        opposite = [part.name for part, p in zip(self.parts, corrected, strict=True) if p < LEVEL]
        doubtful = [part.name for part in self.parts if part.evidence.p_for >= LEVEL]
        verdict, reason = (DOES_NOT_HOLD, self.does_not_hold) if opposite else (NOT_DECIDED, self.not_decided)
        about = f"{listed(opposite or doubtful)}: " if len(self.parts) > 1 else ""
        return Finding(claim, verdict, figure, about + reason, p)

    @property
    def evidence(self) -> list[Evidence]:
        return [part.evidence for part in self.parts]

    def power(self, seeds: int) -> float:
        """The chance that so many seeds decide the claim."""
        return max(statistics.all_of(self.evidence).power(seeds, LEVEL))


def interval(found: Estimate, decimals: int = 2, limit_decimals: int = 1) -> str:
    return signed_within(found.estimate, found.low, found.high, decimals, limit_decimals)


def gain(runs: Runs, step: tuple[str, str]) -> Estimate:
    """The second net's accuracy less the first's, in points."""
    return statistics.contrast([runs.right(net) for net in step], [-100, 100])


def accuracy_rises(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Both gains are above 0."""
    gains = {" → ".join(step): gain(runs, step) for step in STEPS}
    parts = [Part(name, found.within(0), f"{interval(found)} points") for name, found in gains.items()]
    return Judgement(parts, "both intervals are above 0", "the interval is below 0")


def gains_diminish(runs: Runs, study: pd.DataFrame) -> Judgement:
    """The first gain less the second, 2·m₂ − m₁ − m₃ of the mean accuracies, is above 0."""
    found = statistics.contrast([runs.right(net) for net in STUDY_NETS], [-100, 200, -100])
    errors = [100 - runs.accuracies(net).mean() for net in STUDY_NETS]
    falls = [percent(100 * (1 - b / a) if a else np.nan, 1) for a, b in pairwise(errors)]
    part = Part("net2's gain less net3's", found.within(0), f"{interval(found)} points")
    beside = f"errors fall by {falls[0]} % and then {falls[1]} %"
    return Judgement([part], "the interval is above 0", "the interval is below 0", beside=beside)


def gains_as_large(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Both gains are the study's, by a test of equivalence with a margin of 2 points.

    The study's figures were cut off, so that its gains are from 14 to 16 and from 3 to 4.5 points. The whole interval
    of ours is from 12 to 18 and from 1 to 6.5; the opposite is an interval wholly outside. The study ran each net once,
    and what another seed would have done to its figures is left to the margin.
    """
    parts = []
    for step in STEPS:
        found, (first, second) = gain(runs, step), (study_range(study[net]) for net in step)
        least, most = second[0] - first[1] - MARGIN, second[1] - first[0] + MARGIN
        figure = f"{interval(found)} points, to be within {signed(least, 1)} to {signed(most, 1)}"
        parts.append(Part(" → ".join(step), found.within(least, most), figure))
    return Judgement(
        parts, "both intervals are within the margin", "the interval is outside the margin", "the interval is too wide"
    )


def batch_norm_needed(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Each of the three nets tends to be better than Net3 without batch normalisation, by Mann–Whitney's exact test.

    Runs without it fall in two heaps, for which an interval by t is wrong. The test compares runs on these images.
    Four seeds are the least that can show it. The runs that stayed at chance are those whose last logged loss is not
    `LEARNED` below ln(classes).
    """
    parts, without = [], runs.accuracies(ABLATION)
    for net in ("net3", "net1", "net2"):
        evidence = statistics.mann_whitney(without, runs.accuracies(net))
        wins = statistics.second_better(without, runs.accuracies(net))
        parts.append(Part(net, evidence, f"better in {percent(100 * wins, 0)} % of pairs, {p_text(evidence)}"))
    chance = np.log(len(runs.class_names)) - LEARNED
    at_chance = sum(curve["loss"].iloc[-1] >= chance for curve in runs.curves[ABLATION])
    beside = f"{each_run(runs, (ABLATION, 'net3', 'net1', 'net2'))}; {at_chance} of {len(without)} without it at chance"
    return Judgement(parts, "all three are better than it", "it is better", beside=beside)


def batch_norm_stabilizes(runs: Runs, study: pd.DataFrame) -> Judgement:
    """The variance over seeds is larger without batch normalisation, by the F test.

    The test assumes normal runs. Heaps in the runs without it make it careful; heaps by both nets make it err often.
    """
    ratio, evidence = statistics.variance_ratio(runs.accuracies("net3"), runs.accuracies(ABLATION))
    figure = f"{percent(ratio**0.5, 1)} times the standard deviation, {p_text(evidence)}"
    part = Part("without it", evidence, figure)
    beside = each_run(runs, (ABLATION, "net3"))
    return Judgement([part], "runs without it spread more", "runs without it spread less", beside=beside)


def batch_norm_speeds(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Net3 reaches fixed losses sooner than without batch normalisation."""
    return sooner(runs, ((ABLATION, "net3"),))


def learns_faster(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Each net reaches fixed losses sooner than the one before."""
    return sooner(runs, STEPS)


def sooner(runs: Runs, steps: Sequence[tuple[str, str]]) -> Judgement:
    """The second net's runs tend to reach each of `LOSSES` in fewer steps, by Mann–Whitney's exact test.

    A run reaches a loss in the first logged step with a training loss, mean since the last, as low; one that never does
    is later than all that do. A loss that no run of the two nets reaches says nothing. Four seeds are the least.
    """
    losses = np.log(len(runs.class_names)) * np.array(LOSSES)
    nets = dict.fromkeys(net for step in steps for net in step)
    reached = {
        net: [np.array([steps_to(loss, curve) for curve in runs.curves[net]]) for loss in losses] for net in nets
    }
    parts = []
    for first, second in steps:
        pairs = zip(reached[second], reached[first], strict=True)
        by_loss = [statistics.mann_whitney(*pair) for pair in pairs if np.isfinite(pair).any()]
        evidence = statistics.all_of(by_loss)
        figure = f"{p_text(evidence)} over {len(by_loss)} losses" if by_loss else "no run reaches a loss"
        parts.append(Part(f"{first} → {second}", evidence, figure))
    figures = "; ".join(f"{net} {' / '.join(map(from_to, found))}" for net, found in reached.items())
    beside = f"steps to {' / '.join(f'{loss:.2f}' for loss in losses)} nats: {figures}"
    return Judgement(parts, "in fewer steps at each loss", "in more steps", beside=beside)


def steps_to(loss: float, curve: pd.DataFrame) -> float:
    """The first logged step with a loss as low; infinite if there is none."""
    low = curve["step"][curve["loss"] <= loss]
    return float(low.iloc[0]) if len(low) else np.inf


def from_to(steps: np.ndarray) -> str:
    ends = ["never" if end == np.inf else whole(end) for end in (steps.min(), steps.max())]
    return "–".join(dict.fromkeys(ends))


def cat_dog_confused(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Cat and dog are mistaken for each other, in either direction, more often than any other two classes.

    For each net the lead over every other pair is above 0. The figure has the lead over the pair that follows.
    """
    names, parts = runs.class_names, []
    cat, dog = names.index("cat"), names.index("dog")
    others = [pair for pair in combinations(range(len(names)), 2) if set(pair) != {cat, dog}]
    for net in STUDY_NETS:
        counts = runs.matrices(net).mean(axis=0)
        figure = f"cat → dog {whole(counts[cat, dog])}, dog → cat {whole(counts[dog, cat])}"
        leads = {pair: lead(runs, net, (cat, dog), pair) for pair in others}
        if leads:
            following = min(leads, key=lambda pair: leads[pair].estimate)
            figure += f", {interval(leads[following], 0, 0)} over {'–'.join(names[label] for label in following)}"
        parts.append(Part(net, statistics.all_of([found.within(0) for found in leads.values()]), figure))
    return Judgement(parts, "cat–dog leads all other pairs", "another pair leads", "the lead could be chance")


def lead(runs: Runs, net: str, pair: tuple[int, int], other: tuple[int, int]) -> Estimate:
    """The images of a run in which `pair` of classes is confused, less those in which `other` is."""

    def confused(a: int, b: int) -> np.ndarray:
        predicted = runs.predicted[net]
        return (((runs.labels == a) & (predicted == b)) | ((runs.labels == b) & (predicted == a))).astype(int)

    images = len(runs.labels)
    return statistics.contrast([confused(*pair) - confused(*other)], [images], extremes=(-images, images))


def same_classes(runs: Runs, study: pd.DataFrame) -> Judgement:
    """The mean rank correlation of the nets' class accuracies is above 0, by permutation.

    Beside it stands how many images all runs get wrong, and how many that would be if each had its own accuracy on each
    class and erred independently of the others.
    """
    right, classes = np.concatenate([runs.right(net) for net in STUDY_NETS]), range(len(runs.class_names))
    per_run = np.stack([right[:, runs.labels == label].mean(axis=1) for label in classes], axis=1)
    per_net = per_run.reshape(len(STUDY_NETS), -1, len(classes)).mean(axis=1)
    expected = ((1 - per_run).prod(axis=0) * np.bincount(runs.labels, minlength=len(classes))).sum()
    everywhere = (~right).all(axis=0).sum()
    beside = (
        f"{whole(everywhere)} images wrong in all {len(right)} runs, {percent(expected, 1)} if these were independent"
    )
    parts = []
    if np.ptp(per_net, axis=1).all():
        correlation, evidence = statistics.agreement(per_net)
        figure = f"mean rank correlation {signed(correlation)}, {p_text(evidence)}"
        parts = [Part("class accuracies", evidence, figure)]
    return Judgement(parts, "they agree", "they contradict each other", beside=beside)


def overfits_more(runs: Runs, study: pd.DataFrame) -> Judgement:
    """The gap of the final weights grows from each net to the next, in accuracy and in cross-entropy."""
    parts = []
    for step in STEPS:
        records, name = [runs.records[net] for net in step], " → ".join(step)
        images = records[0][0].training_images
        training = [np.array([record.training_accuracy / 100 for record in of_net]) for of_net in records]
        found = statistics.gap_contrast(training, [runs.right(net) for net in step], images, [-100, 100])
        parts.append(Part(f"{name}, accuracy", found.within(0), f"gap {interval(found)} points"))
        training = [np.array([record.training_loss for record in of_net]) for of_net in records]
        losses = [calibration.losses(runs.logits[net], runs.labels) for net in step]
        found = statistics.gap_contrast(training, losses, images, [1, -1], extremes=())  # a loss is the other way round
        parts.append(Part(f"{name}, loss", found.within(0), f"gap {interval(found, 3, 3)} nats"))
    return Judgement(parts, "each gap grows", "the gap shrinks")


def costs_more(runs: Runs, study: pd.DataFrame) -> Judgement:
    """Multiply-adds and parameters both rise in each step."""
    parts = []
    for step in STEPS:
        first, second = (runs.records[net][0] for net in step)
        ratios = second.multiply_adds / first.multiply_adds, second.parameters / first.parameters
        figure = f"{percent(ratios[0], 1)} × the multiply-adds, {percent(ratios[1], 1)} × the parameters"
        rises = min(ratios) > 1
        parts.append(Part(" → ".join(step), Evidence(float(not rises), float(rises)), figure))
    return Judgement(parts, "both rise in each step; counted, so no chance", "one of them does not rise")


def each_run(runs: Runs, nets: Sequence[str]) -> str:
    return "; ".join(f"{net} {', '.join(percent(one) for one in sorted(runs.accuracies(net)))} %" for net in nets)


def p_text(evidence: Evidence) -> str:
    return p_value(min(evidence.p_for, evidence.p_against), evidence.smallest)


@dataclass(frozen=True)
class Claim:
    """A claim, its rule, and what runs must have for it.

    counted: no chance is in it; epochs: how often images must be trained on; study: whether it is about the study's
    figures; least_seeds: the fewest with which the rule can decide.
    """

    sentence: str
    rule: Callable[[Runs, pd.DataFrame], Judgement]
    nets: tuple[str, ...] = STUDY_NETS
    classes: tuple[str, ...] = ()
    counted: bool = False
    epochs: int = 1
    study: bool = False
    least_seeds: int = statistics.LEAST_SEEDS

    def can_be_judged(self, runs: Runs, study: pd.DataFrame) -> bool:
        has_all = set(self.nets) <= set(runs.nets) and set(self.classes) <= set(runs.class_names)
        return has_all and not (self.study and study.empty)

    def judge(self, runs: Runs, study: pd.DataFrame) -> Finding:
        if self.counted:
            return replace(self.rule(runs, study).conclude(self.sentence), p=None)
        if runs.recipe.epochs < self.epochs:
            reason = "after one epoch no image was seen twice"
            return Finding(self.sentence, NOT_DECIDED, NOTHING, reason, seeds_needed="no number will")
        seeds = len(runs.seeds)
        if seeds < statistics.LEAST_SEEDS:
            reason = "fewer than three seeds decide nothing"
            return Finding(self.sentence, NOT_DECIDED, NOTHING, reason, seeds_needed=f"at least {self.least_seeds}")
        judgement = self.rule(runs, study)
        finding = judgement.conclude(self.sentence)
        if finding.verdict != NOT_DECIDED:
            return finding
        needed = statistics.seeds_needed(judgement.power, least=seeds + 1)
        reason = (
            finding.reason if seeds >= self.least_seeds else f"{self.least_seeds} seeds are the least that can decide"
        )
        return replace(finding, reason=reason, seeds_needed=needed)


WITH_ABLATION = (*STUDY_NETS, ABLATION)
RANKS = 4  # seeds: complete separation of three runs from three has p = 0.1, of four from four p = 0.029
CLAIMS = {
    "accuracy_rises": Claim("Accuracy rises from net1 to net2 to net3.", accuracy_rises),
    "gains_diminish": Claim("Net2 gains more over net1 than net3 over net2.", gains_diminish),
    "gains_as_large": Claim("These gains are of the study's size, 15 and 4 points.", gains_as_large, study=True),
    "batch_norm_needed": Claim(
        "Without batch normalisation net3 is less accurate than with it, and than net1 and net2.",
        batch_norm_needed,
        nets=WITH_ABLATION,
        least_seeds=RANKS,
    ),
    "batch_norm_stabilizes": Claim(
        "Batch normalisation stabilizes the training of net3.", batch_norm_stabilizes, nets=("net3", ABLATION)
    ),
    "batch_norm_speeds": Claim(
        "Batch normalisation makes net3 converge faster.",
        batch_norm_speeds,
        nets=("net3", ABLATION),
        least_seeds=RANKS,
    ),
    "cat_dog_confused": Claim(
        "Cat and dog are the most confused pair of net1, net2 and net3.", cat_dog_confused, classes=("cat", "dog")
    ),
    "same_classes": Claim("Net1, net2 and net3 struggle with the same classes.", same_classes),
    "learns_faster": Claim("Net2 learns faster than net1, and net3 than net2.", learns_faster, least_seeds=RANKS),
    "overfits_more": Claim("Net2 overfits more than net1, and net3 more than net2.", overfits_more, epochs=2),
    "costs_more": Claim("Net2 costs more than net1, and net3 more than net2.", costs_more, counted=True),
}


def judge(runs: Runs, study: pd.DataFrame) -> dict[str, Finding]:
    """What the runs say of each of `CLAIMS` that can be judged, by its key; study: as `read_study` gives it.

    Which verdicts stand jointly follows from Holm's method over all claims with a p.
    """
    findings = {key: claim.judge(runs, study) for key, claim in CLAIMS.items() if claim.can_be_judged(runs, study)}
    tested = {key: finding.p for key, finding in findings.items() if finding.p is not None}
    for key, p_holm in zip(tested, statistics.holm(list(tested.values())), strict=True):
        stands = bool(p_holm < LEVEL) if findings[key].verdict != NOT_DECIDED else None
        findings[key] = replace(findings[key], p_holm=float(p_holm), stands=stands)
    return findings
