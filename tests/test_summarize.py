"""The stage on runs made up here."""

import json
import sys
from pathlib import Path

import made_up
import pandas as pd
import pytest

import summarize

LABELS = [0, 0, 0, 1]
PREDICTED = [[0, 0, 1, 1], [1, 0, 1, 0]]  # by two seeds: 75 % and 25 % right


@pytest.fixture
def written(tmp_path, monkeypatch) -> dict:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["summarize.py", "net1", "reference"])
    runs = made_up.runs_of({"net1": PREDICTED, "net2": PREDICTED}, LABELS, ["ant", "bee"])
    made_up.write({"reference": runs}, tmp_path)
    return {"reference": runs}


def metric() -> dict:
    return json.loads(Path("metrics/nets/net1/reference.json").read_text())


def name_seeds(seeds: list[int]) -> None:
    params = json.loads(Path("params.yaml").read_text())
    params["compare"]["seeds"] = seeds
    Path("params.yaml").write_text(json.dumps(params))


def test_figures_are_those_by_hand(written):
    summarize.main()
    losses = [json.loads(Path(f"metrics/runs/net1/reference/{seed}.json").read_text())["loss"] for seed in (0, 1)]
    assert metric() == {"accuracy": 50.0, "sd": 35.3553, "loss": pytest.approx(sum(losses) / 2, abs=1e-3)}
    matrix = pd.read_csv("metrics/confusion/net1/reference.csv", index_col="true")
    assert matrix.to_dict("index") == {"ant": {"ant": 3, "bee": 3}, "bee": {"ant": 1, "bee": 1}}


def test_one_seed_has_the_same_keys_and_the_results_of_other_seeds_stay(written):
    name_seeds([0])
    summarize.main()
    assert list(metric()) == ["accuracy", "sd", "loss"]
    assert (metric()["accuracy"], metric()["sd"]) == (75, None)
    assert len(list(Path().glob("*/*/net1/reference/1.*"))) == 5


def test_a_missing_run_is_named_with_the_way_out_and_nothing_is_written(written):
    Path("metrics/logits/net1/reference/1.npz").unlink()
    with pytest.raises(SystemExit, match=r"^error: metrics/logits/net1/reference/1\.npz .*git checkout metrics plots"):
        summarize.main()
    assert not Path("metrics/nets").exists()


def test_a_curve_of_another_run_is_refused(written):
    curve = Path("plots/loss/net1/reference/1.csv")
    curve.write_text("".join(curve.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(SystemExit, match=rf"^error: {curve} .*does not end at step"):
        summarize.main()
