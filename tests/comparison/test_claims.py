"""The verdicts on evidence made up for each of them."""

from collections.abc import Callable
from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import NO_STUDY

from comparison import claims
from comparison.claims import judge
from comparison.runs import Runs
from comparison.tables import Tables, make_tables

pytestmark = pytest.mark.filterwarnings("error")

STUDY = pd.DataFrame({"net1": 61, "net2": 76, "net3": 80}, index=[*made_up.CIFAR10, "overall"])
CLASSES = ["bird", "cat", "dog"]


@pytest.fixture(scope="module")
def runs() -> Runs:
    """Runs as the study describes them."""
    return made_up.cifar_like(epochs=5)


def judged(rule: Callable[[Runs, Tables], claims.Judgement], runs: Runs, study=NO_STUDY, **tables) -> claims.Finding:
    """What `rule` says of `runs`, with some of their tables replaced."""
    return rule(runs, made_up.tables_of(runs, study, **tables)).conclude("claim")


def right(**shares: list[float]) -> Runs:
    """Runs of 1,000 images, which are right on such shares of them, each seed's images drawn by itself."""
    generator, actual = np.random.default_rng(0), np.arange(1000) % 10
    predicted = {
        net: np.stack([np.where(generator.permutation(1000) < 1000 * share, actual, 9 - actual) for share in of_seeds])
        for net, of_seeds in shares.items()
    }
    return made_up.run(made_up.CIFAR10, actual, predicted, epochs=5)


def test_runs_as_the_study_describes_them(runs):
    findings = judge(runs, make_tables(runs, STUDY))
    assert {name: finding.verdict for name, finding in findings.items()} == dict.fromkeys(claims.CLAIMS, "holds")


def test_each_claim_comes_with_sentence_figure_verdict_and_reason(runs):
    for finding in judge(runs, make_tables(runs, STUDY)).values():
        assert list(vars(finding)) == ["claim", "figure", "verdict", "reason"]
        assert all(isinstance(text, str) and text for text in vars(finding).values())


def test_one_seed_decides_what_is_counted_and_nothing_else():
    runs = made_up.cifar_like(seeds=1, epochs=5)
    findings = judge(runs, make_tables(runs, STUDY))
    assert findings.pop("costs_more").verdict == "holds"
    for finding in findings.values():
        assert (finding.verdict, finding.reason) == ("not decided", "one seed says nothing of others")


@pytest.mark.parametrize(
    ("net2", "net3", "verdict", "reason"),
    [
        ([0.75, 0.76, 0.77], [0.89, 0.90, 0.91], "holds", "both intervals are above 0"),
        ([0.75, 0.76, 0.77], [0.76, 0.77, 0.78], "not decided", "net2 → net3: could be chance"),
        ([0.65, 0.80, 0.95], [0.85, 0.95, 0.99], "not decided", "net1 → net2, net2 → net3: could be chance"),
        ([0.75, 0.76, 0.77], [0.60, 0.61, 0.62], "does not hold", "net2 → net3: the interval is below 0"),
        ([0.60, 0.61, 0.62], [0.44, 0.45, 0.46], "does not hold", "net2 → net3: the interval is below 0"),
    ],
)
def test_accuracy_rises_when_both_intervals_are_above_0(net2, net3, verdict, reason):
    finding = judged(claims.accuracy_rises, right(net1=[0.60, 0.61, 0.62], net2=net2, net3=net3))
    assert (finding.verdict, finding.reason) == (verdict, reason)


def test_other_nets_change_no_verdict():
    """Neither their number, for which p-values would be corrected, nor their order in params.yaml."""
    alone = right(net1=[0.60, 0.61, 0.62], net2=[0.64, 0.66, 0.68], net3=[0.90, 0.91, 0.92])
    others = {f"mine{i}": alone.predicted["net1"] for i in range(20)}
    turned = dict(reversed((alone.predicted | others).items()))
    among = made_up.run(made_up.CIFAR10, alone.actual, turned, epochs=5)
    for rule in (claims.accuracy_rises, claims.gains_diminish, claims.same_classes):
        assert judged(rule, among) == judged(rule, alone)


@pytest.mark.parametrize(
    ("net2", "net3", "verdict"), [(0.8, 0.85, "holds"), (0.65, 0.85, "does not hold"), (0.7, 0.8, "not decided")]
)
def test_gains_diminish_by_the_interval_of_their_difference(net2, net3, verdict):
    shares = {net: [mean - 0.01, mean, mean + 0.01] for net, mean in (("net1", 0.6), ("net2", net2), ("net3", net3))}
    finding = judged(claims.gains_diminish, right(**shares))
    assert finding.verdict == verdict
    falls = 100 * (1 - (1 - net2) / 0.4), 100 * (1 - (1 - net3) / (1 - net2))
    assert finding.figure.endswith(f"points; errors fall by {falls[0]:.1f} % and then {falls[1]:.1f} %")


def test_gains_of_nets_without_errors_are_no_division_by_0():
    assert (
        "errors fall by – % and then – %"
        in judged(claims.gains_diminish, right(net1=[1, 1], net2=[1, 1], net3=[1, 1])).figure
    )


@pytest.mark.parametrize(
    ("net2", "verdict"),
    [
        ([0.75, 0.76, 0.77], "holds"),  # a gain of 15 ± 4.5
        ([0.82, 0.83, 0.84], "does not hold"),  # 22 ± 4.5
        ([0.72, 0.73, 0.74], "holds"),  # 12 ± 4.5, and 15 stands for 14 to 16
        ([0.70, 0.76, 0.82], "not decided"),  # 15 ± 19
        ([0.50, 0.58, 0.66], "not decided"),
    ],
)
def test_a_gain_is_as_large_if_one_more_run_could_have_it(net2, verdict):
    study = STUDY.assign(net3=STUDY["net2"] + 10)
    runs = right(net1=[0.60, 0.61, 0.62], net2=net2, net3=[share + 0.1 for share in net2])
    assert judged(claims.gains_as_large, runs, study).verdict == verdict


@pytest.mark.parametrize(
    ("without", "verdict"),
    [([0.1, 0.1, 0.1], "holds"), ([0.1, 0.1, 0.7], "not decided"), ([0.88, 0.89, 0.9], "does not hold")],
)
def test_batch_norm_is_needed_when_all_three_nets_beat_the_ablation(without, verdict):
    nets = {"net1": [0.60, 0.61, 0.62], "net2": [0.75, 0.76, 0.77], "net3": [0.79, 0.80, 0.81]}
    finding = judged(claims.batch_norm_needed, right(**nets, net3_no_bn=without))
    assert finding.verdict == verdict
    stayed = without.count(0.1)
    test = {0: "", 2: ", Mann–Whitney's p = 0.6000", 3: ", Mann–Whitney's p = 0.1000"}[stayed]  # less there is not
    assert finding.figure.endswith(f"; {stayed} of 3 runs without it stayed at chance{test}")


def test_a_run_that_has_learned_the_least_has_left_chance(runs):
    curves = [runs.curves["net3_no_bn"][0].assign(loss=np.log(10) - learned) for learned in (0, 0.009, 0.011)]
    finding = judged(claims.batch_norm_needed, replace(runs, curves=runs.curves | {"net3_no_bn": curves}))
    assert "; 2 of 3 runs" in finding.figure


CURVES = {
    "fast": [1.5, 1.1, 0.7, 0.6],
    "faster": [1.0, 0.7, 0.5, 0.5],
    "slow": [2.0, 1.5, 1.2, 1.1],
    "again": [2.0, 1.5, 1.1, 2.0],
    "never": [2.3, 2.3, 2.3, 2.3],
}


def named_curves(names: str) -> list[pd.DataFrame]:
    return [pd.DataFrame({"step": [10, 20, 30, 40], "loss": CURVES[name]}) for name in names.split()]


@pytest.mark.parametrize(
    ("net3", "without", "verdict", "figure"),
    [
        ("fast fast", "slow slow", "holds", "net3_no_bn 20 / 40 / never; net3 10 / 20 / 30"),
        ("fast faster", "slow never", "holds", "net3_no_bn 20–never / 40–never / never; net3 10 / 10–20 / 20–30"),
        ("fast slow", "slow slow", "not decided", "net3_no_bn 20 / 40 / never; net3 10–20 / 20–40 / 30–never"),
        (
            "fast never",
            "never never",
            "not decided",
            "net3_no_bn never / never / never; net3 10–never / 20–never / 30–never",
        ),
        ("slow slow", "fast fast", "does not hold", "net3_no_bn 10 / 20 / 30; net3 20 / 40 / never"),
        ("again again", "slow slow", "not decided", "net3_no_bn 20 / 40 / never; net3 20 / 30 / never"),
        ("never never", "never never", "not decided", "net3_no_bn never / never / never; net3 never / never / never"),
    ],
)
def test_learning_is_faster_when_all_runs_reach_each_loss_before_all_others(runs, net3, without, verdict, figure):
    curves = {"net3": named_curves(net3), "net3_no_bn": named_curves(without)}
    finding = judged(claims.batch_norm_speeds, replace(runs, curves=curves))
    assert (finding.verdict, finding.figure) == (verdict, f"steps to 1.54 / 1.15 / 0.77 nats: {figure}")


def test_each_net_must_learn_faster_than_the_one_before(runs):
    assert judged(claims.learns_faster, runs).verdict == "holds"
    turned = runs.curves | {"net2": runs.curves["net3"], "net3": runs.curves["net2"]}
    finding = judged(claims.learns_faster, replace(runs, curves=turned))
    assert (finding.verdict, finding.reason.split(":")[0]) == ("does not hold", "net2 → net3")


@pytest.mark.parametrize(
    ("accuracy", "loss", "verdict", "about"),
    [
        (10.0, 0.5, "holds", "each"),
        (5.5, 0.5, "not decided", "net2 → net3, accuracy"),
        (0.0, 0.5, "does not hold", "net2 → net3, accuracy"),
        (10.0, 0.9, "not decided", "net2 → net3, loss"),
        (10.0, 0.95, "does not hold", "net2 → net3, loss"),
    ],
)
def test_overfitting_grows_when_both_gaps_do_beyond_chance(runs, accuracy, loss, verdict, about):
    """Net2's gaps are 5 points and 0.1 nats; net3's are made to be `accuracy` and one less `loss`."""
    changed = [
        one.model_copy(update={"training_accuracy": one.accuracy + accuracy, "training_loss": loss - 0.001 * one.seed})
        for one in runs.evaluations["net3"]
    ]
    finding = judged(claims.overfits_more, replace(runs, evaluations=runs.evaluations | {"net3": changed}))
    assert finding.verdict == verdict
    assert finding.reason.startswith(about)


def test_after_one_epoch_nothing_was_seen_twice():
    runs = made_up.cifar_like(images=100, epochs=1)
    finding = judge(runs, make_tables(runs, NO_STUDY))["overfits_more"]
    assert (finding.verdict, finding.reason) == ("not decided", "after one epoch no image was seen twice")


@pytest.mark.parametrize(("parameters", "verdict"), [([1, 2, 3], "holds"), ([1, 3, 3], "does not hold")])
def test_costs_must_rise_in_each_step(runs, parameters, verdict):
    nets = make_tables(runs, NO_STUDY).nets.assign(parameters=[*parameters, 1])
    assert judged(claims.costs_more, runs, nets=nets).verdict == verdict


def confused(**nets: list[tuple[int, int, int]]) -> Runs:
    """Runs that take so many of 300 cats for dogs, dogs for cats, and birds for cats, each seed other images."""
    actual = np.repeat([0, 1, 2], 300)
    predicted = {net: np.stack([actual] * len(of_seeds)) for net, of_seeds in nets.items()}
    for net, of_seeds in nets.items():
        for seed, (cats, dogs, birds) in enumerate(of_seeds):
            for start, count, instead in ((300, cats, 2), (600, dogs, 1), (0, birds, 1)):
                predicted[net][seed, start + 3 * seed : start + 3 * seed + count] = instead
    return made_up.run(CLASSES, actual, predicted)


@pytest.mark.parametrize(
    ("net2", "verdict", "reason"),
    [
        ([(20, 60, 10), (25, 65, 12)], "holds", "cat–dog leads in every run"),
        ([(20, 60, 60), (25, 65, 62)], "not decided", "net2: the lead could be chance"),  # by images
        ([(20, 20, 39), (70, 70, 10)], "not decided", "net2: the lead could be chance"),  # by seeds
        ([(20, 60, 90), (25, 65, 10)], "not decided", "net2: the lead could be chance"),  # not in the first run
        ([(5, 5, 80), (5, 5, 82)], "does not hold", "net2: another pair leads in every run"),
        ([(0, 0, 0), (0, 0, 0)], "not decided", "net2: the lead could be chance"),
    ],
)
def test_cat_and_dog_must_lead_in_every_run_and_beyond_chance(net2, verdict, reason):
    clear = [(20, 70, 10), (20, 76, 12)]
    finding = judged(claims.cat_dog_confused, confused(net1=clear, net2=net2, net3=clear))
    assert (finding.verdict, finding.reason) == (verdict, reason)
    assert finding.figure.startswith("net1: cat → dog 20, dog → cat 73, +82 (+")


def test_cats_and_dogs_alone_decide_nothing():
    runs = made_up.run(["cat", "dog"], np.array([0, 1]), dict.fromkeys(claims.STUDY_NETS, np.array([[1, 1], [1, 1]])))
    finding = judged(claims.cat_dog_confused, runs)
    assert (finding.figure.split("; ")[0], finding.verdict) == (
        "net1: cat → dog 1, dog → cat 0",
        "not decided",
    )


def by_class(*nets: list[float]) -> Runs:
    """Three nets with such accuracies on classes of 100 images each, the same images right in both seeds."""
    actual = np.repeat(np.arange(10), 100)
    place = np.arange(1000) % 100
    predicted = [np.where(place < 100 * np.array(of_class)[actual], actual, 9 - actual) for of_class in nets]
    return made_up.run(made_up.CIFAR10, actual, {f"net{i}": np.stack([p, p]) for i, p in enumerate(predicted, start=1)})


def test_nets_struggle_with_the_same_classes_by_rank_and_by_image():
    rising = np.linspace(0.05, 0.95, 10)
    finding = judged(claims.same_classes, by_class(rising, rising, rising))
    assert (finding.verdict, finding.reason) == ("holds", "they agree")
    wrong, expected = 100 * (1 - rising).sum(), 100 * ((1 - rising) ** 6).sum()
    images = f"{wrong:.0f} images wrong in all 6 runs, {expected:.1f} if these were independent"
    assert finding.figure == f"class accuracies: mean rank correlation +1.00, p = 0.0002; {images}"


def test_nets_that_contradict_each_other_or_do_neither():
    rising, turned = np.linspace(0.05, 0.95, 10), np.linspace(0.95, 0.05, 10)
    some, other = rising[[4, 9, 1, 6, 2, 7, 0, 5, 8, 3]], rising[[8, 2, 5, 0, 9, 3, 6, 1, 7, 4]]
    assert judged(claims.same_classes, by_class(rising, turned, some)).verdict == "does not hold"
    assert judged(claims.same_classes, by_class(rising, some, other)).verdict == "not decided"
    assert judged(claims.same_classes, by_class(rising, rising * 0 + 0.5, rising)).verdict == "not decided"


def test_a_claim_about_what_the_runs_lack_is_not_decided():
    runs = made_up.run(["a", "b"], np.array([0, 1]), {"net1": np.array([0, 1]), "net3": np.array([0, 0])})
    findings = judge(runs, make_tables(runs, NO_STUDY))
    assert {finding.verdict for finding in findings.values()} == {"not decided"}
    assert findings["accuracy_rises"].reason == "these runs lack net2"
    assert findings["batch_norm_needed"].reason == "these runs lack net2, net3_no_bn"
    assert findings["cat_dog_confused"].reason == "these runs lack net2, class cat, class dog"


def test_on_other_images_the_studys_figures_are_no_measure(runs):
    finding = judge(runs, make_tables(runs, NO_STUDY))["gains_as_large"]
    assert (finding.verdict, finding.reason) == ("not decided", "the study has no figures of these images")
