"""The verdicts on evidence made up for each of them."""

from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import CIFAR10, NO_STUDY, STUDY

from comparison import claims, statistics
from comparison.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, judge
from comparison.runs import Runs
from comparison.statistics import Evidence

pytestmark = pytest.mark.filterwarnings("error")

CLASSES = ["bird", "cat", "dog"]


@pytest.fixture(scope="module")
def runs() -> Runs:
    """Runs as the study describes them, by as many seeds as each rule needs; the nets in no order, and one more."""
    nets = {"mine": (50, 1), **dict(reversed(made_up.NETS.items()))}
    return made_up.cifar_like(nets, images=4000, seeds=5)


@pytest.fixture(scope="module")
def findings(runs) -> dict[str, claims.Finding]:
    return judge(runs, STUDY)


def judged(rule, runs: Runs, study: pd.DataFrame = STUDY) -> claims.Finding:
    return rule(runs, study).conclude("claim")


def right(seeds: int = 3, **means: float | list[float]) -> Runs:
    """Runs of 1,000 images whose accuracies (%) are as given, or a point below, at and above the mean."""
    random, labels = np.random.default_rng(0), np.arange(1000) % 10
    luck = np.linspace(-1, 1, seeds)
    predicted = {
        net: [
            np.where(random.permutation(1000) < 10 * one, labels, 9 - labels)
            for one in (mean if isinstance(mean, list) else mean + luck)
        ]
        for net, mean in means.items()
    }
    return made_up.runs_of(predicted, labels)


def test_runs_as_the_study_describes_them(findings):
    assert {key: finding.verdict for key, finding in findings.items()} == dict.fromkeys(claims.CLAIMS, HOLDS)
    for finding in findings.values():
        assert finding.claim.endswith(".")
        assert finding.figure != ""
        assert finding.reason != ""
        assert finding.seeds_needed == ""


def test_verdicts_stand_jointly_by_holm(findings):
    assert findings.pop("costs_more").p is None
    p = [finding.p for finding in findings.values()]
    assert [finding.p_holm for finding in findings.values()] == pytest.approx(statistics.holm(p))
    assert all(finding.stands == (finding.p_holm < 0.05) for finding in findings.values())
    assert any(finding.stands for finding in findings.values())


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_decide_what_is_counted_and_nothing_else(seeds):
    findings = judge(made_up.cifar_like(seeds=seeds), STUDY)
    assert findings.pop("costs_more").verdict == HOLDS
    assert set(findings) == set(claims.CLAIMS) - {"costs_more"}
    for finding in findings.values():
        assert (finding.verdict, finding.p, finding.p_holm, finding.stands) == (NOT_DECIDED, None, None, None)
        assert "three" in finding.reason
    assert findings["accuracy_rises"].seeds_needed == "at least 3"
    assert findings["batch_norm_needed"].seeds_needed == "at least 4"


def test_three_seeds_decide_nothing_by_ranks():
    findings = judge(made_up.cifar_like(images=4000), STUDY)
    for key in ("batch_norm_needed", "batch_norm_speeds", "learns_faster"):
        assert (findings[key].verdict, findings[key].seeds_needed) == (NOT_DECIDED, "4")
        assert findings[key].reason.startswith("4 seeds")
        assert findings[key].p == pytest.approx(0.1)
        assert "≤ 0.1" in findings[key].figure
    assert findings["batch_norm_stabilizes"].verdict == HOLDS
    undecided = [finding for finding in findings.values() if finding.verdict == NOT_DECIDED]
    assert all(finding.stands is None and finding.p_holm is not None for finding in undecided)


def test_claims_about_what_the_runs_lack_are_left_out():
    digits = made_up.runs_of({net: [[0, 1]] * 3 for net in claims.STUDY_NETS}, [0, 1], ["zero", "one"])
    found = judge(digits, NO_STUDY)
    assert set(found) == {
        "accuracy_rises", "gains_diminish", "same_classes", "learns_faster", "overfits_more", "costs_more",
    }  # fmt: skip
    assert judge(made_up.cifar_like({"net1": (60, 1), "net3": (80, 1)}), STUDY) == {}


@pytest.mark.parametrize(
    ("rule", "accuracies", "verdict"),
    [
        (claims.accuracy_rises, {"net1": 61, "net2": 76, "net3": 90}, HOLDS),
        (claims.accuracy_rises, {"net1": 61, "net2": 76, "net3": 77}, NOT_DECIDED),
        (claims.accuracy_rises, {"net1": 61, "net2": 76, "net3": 61}, DOES_NOT_HOLD),
        (claims.gains_diminish, {"net1": 60, "net2": 80, "net3": 85}, HOLDS),
        (claims.gains_diminish, {"net1": 60, "net2": 70, "net3": 80}, NOT_DECIDED),
        (claims.gains_diminish, {"net1": 60, "net2": 65, "net3": 85}, DOES_NOT_HOLD),
        (claims.batch_norm_stabilizes, {"net3": 80, "net3_no_bn": [32, 40, 48]}, HOLDS),
        (claims.batch_norm_stabilizes, {"net3": 80, "net3_no_bn": [79, 80, 81.5]}, NOT_DECIDED),
        (claims.batch_norm_stabilizes, {"net3": 80, "net3_no_bn": [60, 60, 60]}, NOT_DECIDED),
        (claims.batch_norm_stabilizes, {"net3": 80, "net3_no_bn": [60, 60, 60.1]}, DOES_NOT_HOLD),
    ],
)
def test_rules_about_accuracies(rule, accuracies, verdict):
    assert judged(rule, right(**accuracies)).verdict == verdict


def test_errors_fall_by_shares_of_what_was_left():
    figure = judged(claims.gains_diminish, right(net1=60, net2=80, net3=85)).figure
    assert figure.endswith("errors fall by 50.0 % and then 25.0 %")
    assert "fall by – %" in judged(claims.gains_diminish, right(net1=[100] * 3, net2=[100] * 3, net3=[100] * 3)).figure


@pytest.mark.parametrize(
    ("parts", "verdict", "about"),
    [
        ([(0.049, 1.0), (0.049, 1.0)], HOLDS, ""),
        ([(1.0, 0.03), (0.01, 1.0)], NOT_DECIDED, "a: "),
        ([(0.2, 1.0), (0.3, 1.0)], NOT_DECIDED, "a and b: "),
        ([(1.0, 0.02), (0.5, 1.0)], DOES_NOT_HOLD, "a: "),
        ([(1.0, 0.02), (1.0, 0.02)], DOES_NOT_HOLD, "a and b: "),
        ([(1.0, 0.03)], DOES_NOT_HOLD, ""),
    ],
)
def test_a_claim_needs_all_its_parts_and_does_not_hold_by_one_after_correction(parts, verdict, about):
    named = [claims.Part(name, Evidence(*p)) for name, p in zip("ab", parts, strict=False)]
    finding = claims.Judgement(named, HOLDS, DOES_NOT_HOLD, NOT_DECIDED).conclude("claim")
    assert (finding.verdict, finding.reason) == (verdict, about + verdict)


@pytest.mark.parametrize(
    ("net2", "verdict"),
    [(15, HOLDS), (12.2, NOT_DECIDED), (10, DOES_NOT_HOLD), (20, DOES_NOT_HOLD)],
)
def test_gains_are_as_large_when_both_intervals_are_within_two_points_of_the_studys(net2, verdict):
    nets = {"net1": (61, 0.2), "net2": (61 + net2, 0.2), "net3": (64.75 + net2, 0.2)}
    finding = judged(claims.gains_as_large, made_up.cifar_like(nets, images=10_000))
    assert finding.verdict == verdict
    assert "+12.0 to +18.0" in finding.figure
    assert "+1.0 to +6.5" in finding.figure


@pytest.mark.parametrize(
    ("without", "verdict"),
    [
        ([10.0, 10, 10, 10, 10], HOLDS),
        ([10.0, 10, 10, 70, 70], NOT_DECIDED),  # two heaps: some runs are as good as net1's
        ([54.0, 10, 10, 59, 59], HOLDS),  # two heaps, and both are worse
        ([90.0, 91, 92, 90, 91], DOES_NOT_HOLD),
    ],
)
def test_batch_norm_is_needed_when_all_three_nets_beat_the_ablation_by_ranks(without, verdict):
    finding = judged(claims.batch_norm_needed, right(5, net1=61, net2=76, net3=80, net3_no_bn=without))
    assert finding.verdict == verdict
    assert f"{without.count(10)} of 5" in finding.figure
    assert all(f"{one:.2f}" in finding.figure for one in without)


def test_a_run_that_has_learned_the_least_has_left_chance(runs):
    curves = [runs.curves["net3_no_bn"][0].assign(loss=np.log(10) - learned) for learned in (0, 0.009, 0.011)] * 2
    changed = replace(runs, curves=runs.curves | {"net3_no_bn": curves[:5]})
    assert "; 4 of 5" in judged(claims.batch_norm_needed, changed).figure


CURVES = {
    "fast": [1.5, 1.1, 0.7, 0.6],
    "slow": [2.0, 1.5, 1.2, 1.1],
    "again": [2.0, 1.5, 1.1, 2.0],
    "never": [2.3, 2.3, 2.3, 2.3],
}


def named_curves(names: str) -> list[pd.DataFrame]:
    return [pd.DataFrame({"step": [10, 20, 30, 40], "loss": CURVES[name]}) for name in names.split()]


@pytest.mark.parametrize(
    ("net3", "without", "seeds", "verdict", "figure"),
    [
        ("fast", "slow", 4, HOLDS, "net3_no_bn 20 / 40 / never; net3 10 / 20 / 30"),
        ("fast", "slow", 3, NOT_DECIDED, "net3_no_bn 20 / 40 / never; net3 10 / 20 / 30"),
        ("fast slow", "slow slow", 2, NOT_DECIDED, "net3_no_bn 20 / 40 / never; net3 10–20 / 20–40 / 30–never"),
        ("slow", "fast", 5, DOES_NOT_HOLD, "net3_no_bn 10 / 20 / 30; net3 20 / 40 / never"),
        ("again", "slow", 4, NOT_DECIDED, "net3 20 / 30 / never"),  # as fast to the first loss
        ("never", "never", 4, NOT_DECIDED, "net3 never / never / never"),
    ],
)
def test_learning_is_faster_when_runs_reach_each_loss_before_the_others(runs, net3, without, seeds, verdict, figure):
    curves = {net: named_curves(names) * seeds for net, names in (("net3", net3), ("net3_no_bn", without))}
    finding = judged(claims.batch_norm_speeds, replace(runs, curves=curves))
    assert finding.verdict == verdict
    assert finding.figure.endswith(figure)


@pytest.mark.parametrize(
    ("accuracy", "loss", "verdict", "about"),
    [
        (20, -0.8, HOLDS, "each"),
        (6.1, -0.8, NOT_DECIDED, "net2 → net3, accuracy"),
        (0, -0.8, DOES_NOT_HOLD, "net2 → net3, accuracy"),
        (20, -0.2, NOT_DECIDED, "net2 → net3, loss"),
        (20, 0.3, DOES_NOT_HOLD, "net2 → net3, loss"),
    ],
)
def test_overfitting_grows_when_both_gaps_do_beyond_chance(runs, accuracy, loss, verdict, about):
    """Net2's gaps are 6 points and about 0.2 nats; net3's are made `accuracy` and less `loss`."""
    losses = [record.training_loss + 0.4 for record in runs.records["net3"]]  # as on the evaluated images
    changed = [
        record.model_copy(update={"training_accuracy": its + accuracy, "training_loss": of_images + loss})
        for record, its, of_images in zip(runs.records["net3"], runs.accuracies("net3"), losses, strict=True)
    ]
    finding = judged(claims.overfits_more, replace(runs, records=runs.records | {"net3": changed}))
    assert finding.verdict == verdict
    assert finding.reason.startswith(about)


def test_after_one_epoch_nothing_was_seen_twice():
    finding = claims.CLAIMS["overfits_more"].judge(made_up.cifar_like(images=100, epochs=1), NO_STUDY)
    assert (finding.verdict, finding.seeds_needed) == (NOT_DECIDED, "no number will")
    assert "epoch" in finding.reason


@pytest.mark.parametrize(("net3", "verdict"), [(3001, HOLDS), (3000, DOES_NOT_HOLD)])
def test_costs_must_rise_in_each_step(runs, net3, verdict):
    changed = [record.model_copy(update={"parameters": net3}) for record in runs.records["net3"]]
    finding = judged(claims.costs_more, replace(runs, records=runs.records | {"net3": changed}))
    assert finding.verdict == verdict


def confused(**nets: list[tuple[int, int, int]]) -> Runs:
    """Runs that take so many of 300 cats for dogs, dogs for cats, and birds for cats, each seed other images."""
    labels = np.repeat([0, 1, 2], 300)
    predicted = {net: np.stack([labels] * len(of_seeds)) for net, of_seeds in nets.items()}
    for net, of_seeds in nets.items():
        for seed, (cats, dogs, birds) in enumerate(of_seeds):
            for first, count, instead in ((300, cats, 2), (600, dogs, 1), (0, birds, 1)):
                predicted[net][seed, first + 3 * seed : first + 3 * seed + count] = instead
    return made_up.runs_of(predicted, labels, CLASSES)


@pytest.mark.parametrize(
    ("net2", "verdict"),
    [
        ([(20, 60, 10), (25, 65, 12), (22, 63, 11)], HOLDS),
        ([(20, 60, 60), (25, 65, 62), (22, 63, 64)], NOT_DECIDED),  # by images
        ([(10, 10, 29), (70, 70, 10), (40, 40, 10)], NOT_DECIDED),  # by seeds
        ([(5, 5, 180), (5, 5, 182), (6, 5, 184)], DOES_NOT_HOLD),
        ([(0, 0, 0)] * 3, NOT_DECIDED),
    ],
)
def test_cat_and_dog_must_lead_beyond_chance(net2, verdict):
    clear = [(20, 70, 10), (20, 76, 12), (20, 73, 11)]
    finding = judged(claims.cat_dog_confused, confused(net1=clear, net2=net2, net3=clear))
    assert finding.verdict == verdict
    assert finding.figure.startswith("net1: cat → dog 20, dog → cat 73, +82 (+")


def by_class(*nets: np.ndarray) -> Runs:
    """Three nets with such accuracies on classes of 100 images each, the same images right in all seeds."""
    labels, place = np.repeat(np.arange(10), 100), np.arange(1000) % 100
    predicted = [np.where(place < 100 * of_class[labels], labels, 9 - labels) for of_class in nets]
    return made_up.runs_of({f"net{i}": [its] * 3 for i, its in enumerate(predicted, start=1)}, labels, CIFAR10)


def test_nets_struggle_with_the_same_classes_by_rank_and_by_image():
    rising = np.linspace(0.05, 0.95, 10)
    finding = judged(claims.same_classes, by_class(rising, rising, rising))
    wrong, expected = 100 * (1 - rising).sum(), 100 * ((1 - rising) ** 9).sum()
    assert finding.verdict == HOLDS
    assert "+1.00, p ≤ 0.0002" in finding.figure
    assert f"{wrong:.0f} images wrong in all 9 runs, {expected:.1f} if" in finding.figure


def test_nets_that_contradict_each_other_or_do_neither():
    rising = np.linspace(0.05, 0.95, 10)
    second, third = rising[[4, 9, 1, 6, 2, 7, 0, 5, 8, 3]], rising[[8, 2, 5, 0, 9, 3, 6, 1, 7, 4]]
    opposed = rising[[5, 9, 4, 8, 3, 7, 2, 6, 1, 0]], rising[[9, 3, 8, 2, 7, 1, 6, 0, 5, 4]]  # ranks add up to about 13
    assert judged(claims.same_classes, by_class(rising, *opposed)).verdict == DOES_NOT_HOLD
    assert judged(claims.same_classes, by_class(rising, second, third)).verdict == NOT_DECIDED
    assert judged(claims.same_classes, by_class(rising, rising * 0 + 0.5, rising)).verdict == NOT_DECIDED


def test_an_undecided_claim_says_how_many_seeds_would_decide():
    finding = claims.CLAIMS["accuracy_rises"].judge(right(net1=40, net2=[70, 71, 72], net3=[78, 86, 94]), STUDY)
    assert finding.verdict == NOT_DECIDED
    assert 4 <= int(finding.seeds_needed) < 20
