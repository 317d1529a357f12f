"""The verdicts on evidence made up for each of them."""

from collections.abc import Callable
from dataclasses import replace

import made_up
import numpy as np
import pandas as pd
import pytest

from comparison import claims
from comparison.run import Run
from comparison.tables import Tables, make_tables

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def run() -> Run:
    """A run as the study describes it."""
    return made_up.cifar_like()


def judged(rule: Callable[[Run, Tables], claims.Judgement], run: Run, **tables: pd.DataFrame) -> claims.Finding:
    """What `rule` says of `run`, with some of its `tables` replaced."""
    return rule(run, replace(make_tables(run), **tables)).conclude("claim")


def pairs(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["first", "second", "difference", "p_holm"])


def test_a_run_as_the_study_describes_it(run):
    found = {name: finding.verdict for name, finding in claims.judge(run, make_tables(run)).items()}
    expected = dict.fromkeys(claims.CLAIMS, "holds")
    assert found == expected


def test_each_claim_comes_with_sentence_figure_verdict_and_reason(run):
    for finding in claims.judge(run, make_tables(run)).values():
        assert list(vars(finding)) == ["claim", "figure", "verdict", "reason"]
        assert all(isinstance(text, str) and text for text in vars(finding).values())


@pytest.mark.parametrize(
    ("first", "second", "verdict", "reason"),
    [
        ((15.0, 0.001), (4.0, 0.049), "holds", "each gain is significant"),
        ((15.0, 0.001), (4.0, 0.05), "not decided", "net2 → net3: could be chance"),
        ((0.0, 1.0), (4.0, 0.001), "not decided", "net1 → net2: could be chance"),
        ((15.0, 0.001), (-4.0, 0.001), "does not hold", "net2 → net3: a significant loss"),
        ((-1.0, 0.5), (-4.0, 0.001), "does not hold", "net2 → net3: a significant loss"),
    ],
)
def test_accuracy_rises_when_both_steps_are_significant(run, first, second, verdict, reason):
    rows = pairs(("net1", "net2", *first), ("net1", "net3", 9.0, 0.9), ("net2", "net3", *second))
    finding = judged(claims.accuracy_rises, run, pairs=rows)
    assert (finding.verdict, finding.reason) == (verdict, reason)


def test_a_step_is_found_whichever_net_comes_first_in_params(run):
    rows = pairs(("net3", "net2", -4.0, 0.001), ("net2", "net1", -15.0, 0.00001))
    finding = judged(claims.accuracy_rises, run, pairs=rows)
    assert finding.verdict == "holds"
    assert finding.figure == "net1 → net2: +15.00 points, p < 0.0001; net2 → net3: +4.00 points, p = 0.0010"


@pytest.mark.parametrize(
    ("net1", "verdict"), [((-5.0, 0.01), "holds"), ((-5.0, 0.2), "not decided"), ((5.0, 0.01), "does not hold")]
)
def test_batch_norm_is_needed_when_all_three_nets_beat_the_ablation(run, net1, verdict):
    rows = pairs(("net1", "net3_no_bn", *net1), ("net2", "net3_no_bn", -60.0, 0.0), ("net3", "net3_no_bn", -70.0, 0.0))
    assert judged(claims.batch_norm_needed, run, pairs=rows).verdict == verdict


def right(*patterns: tuple[str, int]) -> pd.DataFrame:
    """Predictions of net1, net2 and net3: for each pattern such as "011" (1 is right) so many images."""
    rows = [
        ["a", *("a" if mark == "1" else "b" for mark in marks)] for marks, images in patterns for _ in range(images)
    ]
    return pd.DataFrame(rows, columns=["actual", "net1", "net2", "net3"])


@pytest.mark.parametrize(
    ("patterns", "verdict", "figure"),
    [
        ([("011", 30), ("111", 60), ("001", 10)], "holds", "+20.00 (+8.2 to +31.8) points"),
        ([("011", 10), ("111", 60), ("001", 30)], "does not hold", "−20.00 (−31.8 to −8.2) points"),
        ([("011", 10), ("111", 80), ("001", 10)], "not decided", "+0.00 (−8.8 to +8.8) points"),
        ([("111", 50), ("000", 50)], "not decided", "+0.00 points on every image"),
        ([("010", 10)], "not decided", "+200.00 points on every image"),
        ([("010", 1)], "not decided", "+200.00 points on every image"),
    ],
)
def test_gains_diminish_by_the_interval_of_their_difference(run, patterns, verdict, figure):
    finding = judged(claims.gains_diminish, replace(run, predictions=right(*patterns)))
    assert (finding.verdict, finding.figure) == (verdict, f"net2's gain less net3's: {figure}")


def confusion(cat_dog: int, cat_bird: int, names=("bird", "cat", "dog")) -> pd.DataFrame:
    """A net that takes so many cats for dogs, and birds for cats."""
    matrix = pd.DataFrame(np.diag([100] * len(names)), index=list(names), columns=list(names))
    matrix.loc["cat", "dog"] = cat_dog
    if "bird" in names:
        matrix.loc["bird", "cat"] = cat_bird
    return matrix


@pytest.mark.parametrize(
    ("matrices", "verdict", "reason"),
    [
        ([(30, 10), (60, 20)], "holds", "cat–dog leads significantly in each"),
        ([(30, 10), (21, 20)], "not decided", "net2: the lead could be chance"),
        ([(30, 10), (10, 30)], "does not hold", "net2: another pair leads significantly"),
        ([(30, 10), (20, 20)], "not decided", "net2: the lead could be chance"),
        # 6 to 17 has p = 0.035: enough for a lead of cat–dog, not for one of six other pairs.
        ([(30, 10), (17, 6)], "holds", "cat–dog leads significantly in each"),
        ([(30, 10), (6, 17)], "not decided", "net2: the lead could be chance"),
        ([(30, 10), (0, 0)], "not decided", "net2: the lead could be chance"),
    ],
)
def test_cat_and_dog_must_lead_significantly_in_every_net(run, matrices, verdict, reason):
    at_chance = {"net3_no_bn": confusion(0, 100)}  # not one of the nets that the claim is about
    matrices = {f"net{i}": confusion(*counts) for i, counts in enumerate([*matrices, (60, 20)], start=1)} | at_chance
    finding = judged(claims.cat_dog_confused, replace(run, matrices=matrices))
    assert (finding.verdict, finding.reason) == (verdict, reason)


def test_cats_and_dogs_alone_decide_nothing(run):
    alone = confusion(30, 0, names=("cat", "dog"))
    finding = judged(claims.cat_dog_confused, replace(run, matrices=dict.fromkeys(claims.STUDY_NETS, alone)))
    assert (finding.figure.split("; ")[0], finding.verdict) == ("net1: cat–dog 30", "not decided")


@pytest.mark.parametrize(
    ("net2", "verdict", "figure"),
    [
        ([1.9, 1.8, 1.7, 1.6], "holds", "lower at 4 of 4"),
        ([2.1, 1.8, 1.7, 2.1], "not decided", "lower at 2 of 4"),
        ([2.1, 2.1, 2.1, 1.6], "does not hold", "lower at 1 of 4"),
        ([2.0, 2.0, 2.0, 2.0], "does not hold", "lower at 0 of 4"),
    ],
)
def test_losses_are_compared_at_equal_steps(run, net2, verdict, figure):
    losses = {"net1": [2.0] * 4, "net2": net2, "net3": [0.1] * 4}
    curves = {net: pd.DataFrame({"step": [10, 20, 30, 40], "loss": loss}) for net, loss in losses.items()}
    curves["net2"].loc[4] = [45, 9.9]  # a step that only this net logs
    finding = judged(claims.deeper_learns_faster, replace(run, curves=curves))
    assert finding.verdict == verdict
    assert finding.figure.startswith(f"net1 → net2: {figure} logged steps; ")
    assert "one run" in finding.reason


@pytest.mark.parametrize(
    ("net3_training", "verdict"), [(88.0, "holds"), (83.5, "not decided"), (80.0, "does not hold")]
)
def test_overfitting_grows_when_the_gap_does_beyond_chance(run, net3_training, verdict):
    nets = make_tables(run).nets.set_index("net")
    nets.loc["net1", ["training_accuracy", "gap"]] = [60.0, -1.0]
    nets.loc["net2", ["training_accuracy", "gap"]] = [79.0, 3.0]
    nets.loc["net3", ["training_accuracy", "gap"]] = [net3_training, net3_training - 80]
    finding = judged(claims.deeper_overfits, run, nets=nets.reset_index())
    assert finding.verdict == verdict
    assert finding.figure.startswith("net1 → net2: gap +4.00 (+2.6 to +5.4) points; ")
    assert "while the net learns" in finding.reason


@pytest.mark.parametrize(("parameters", "verdict"), [([1, 2, 3], "holds"), ([1, 3, 3], "does not hold")])
def test_costs_must_rise_in_each_step(run, parameters, verdict):
    nets = make_tables(run).nets.assign(parameters=[*parameters, 1])
    assert judged(claims.deeper_costs_more, run, nets=nets).verdict == verdict


def test_a_claim_about_what_the_run_lacks_is_not_decided():
    run = made_up.run(["a", "b"], np.array([0, 1]), {"net1": np.array([0, 1]), "net3": np.array([0, 0])})
    findings = claims.judge(run, make_tables(run))
    assert {finding.verdict for finding in findings.values()} == {"not decided"}
    assert findings["accuracy_rises"].reason == "this run lacks net2"
    assert findings["batch_norm_needed"].reason == "this run lacks net2, net3_no_bn"
    assert findings["cat_dog_confused"].reason == "this run lacks net2, class cat, class dog"


def test_deeper_means_more_layers(run):
    as_deep = {net: run.evaluations[net].model_copy(update={"layers": 6}) for net in ("net2", "net3")}
    findings = claims.judge(replace(run, evaluations=run.evaluations | as_deep), make_tables(run))
    undecided = {name for name, finding in findings.items() if "layers" in finding.reason}
    assert undecided == {"deeper_learns_faster", "deeper_overfits", "deeper_costs_more"}
