"""The stage on runs made up here."""

import json
import sys
from pathlib import Path

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import write

import summarize
from foundation.errors import UserError

ACTUAL = np.array([0, 0, 0, 1])
PREDICTED = np.array([[0, 0, 1, 1], [1, 0, 1, 0]])  # by two seeds: 75 % and 25 % right


@pytest.fixture(autouse=True)
def _of_net1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["summarize.py", "summarize@net1"])


def net1() -> dict:
    return json.loads(Path("metrics/nets/net1.json").read_text())["net1"]


def test_figures_are_those_by_hand():
    made = made_up.run(["ant", "bee"], ACTUAL, {"net1": PREDICTED})
    write(made)
    summarize.main()
    assert net1() == {"accuracy": 50.0, "loss": 1.0, "sd": pytest.approx(50 / 2**0.5, abs=1e-6)}
    matrix = pd.read_csv("metrics/confusion/net1.csv", index_col="true")
    assert matrix.to_dict("index") == {"ant": {"ant": 3, "bee": 3}, "bee": {"ant": 1, "bee": 1}}
    assert pd.read_csv("plots/confusion/net1.csv").values.tolist() == [
        ["ant", "ant", 3], ["ant", "bee", 3], ["bee", "ant", 1], ["bee", "bee", 1],
    ]  # fmt: skip
    curves = pd.read_csv("plots/curves/net1.csv")
    assert list(curves) == ["seed", "step", "epoch", "loss"]
    for seed, curve in zip(made.seeds, made.curves["net1"], strict=True):
        own = curves[curves["seed"] == seed]
        assert own["step"].tolist() == curve["step"].tolist()
        assert own["loss"].tolist() == pytest.approx(curve["loss"].tolist())


def test_one_seed_has_no_standard_deviation():
    write(made_up.run(["ant", "bee"], ACTUAL, {"net1": PREDICTED[:1]}))
    summarize.main()
    assert net1() == {"accuracy": 75.0, "loss": 1.0}


def test_it_takes_the_seeds_of_the_parameters_and_removes_the_nets_others(capsys):
    """DVC takes all that lies in a net's folders into account; what is of other nets is another stage's."""
    made = made_up.run(["ant", "bee"], ACTUAL, {"net1": PREDICTED, "net2": PREDICTED})
    write(made)
    params = json.loads(Path("params.yaml").read_text())
    Path("params.yaml").write_text(json.dumps(params | {"seeds": made.seeds[:1]}))
    strays = sorted(str(path) for path in Path().glob(f"*/*/net1/{made.seeds[1]}.*"))
    others = sorted(str(path) for path in Path().glob(f"*/*/net2/{made.seeds[1]}.*"))
    assert len(strays) == len(others) == 4
    summarize.main()
    assert net1() == {"accuracy": 75.0, "loss": 1.0}
    assert not any(Path(path).exists() for path in strays)
    assert all(Path(path).exists() for path in others)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("removed ")]
    assert sorted(printed) == [f"removed {path}: params.yaml has no such net or seed" for path in strays]


def test_a_run_that_is_missing_is_named():
    write(made_up.run(["ant", "bee"], ACTUAL, {"net1": PREDICTED}))
    Path("metrics/details/net1/1.json").unlink()
    with pytest.raises(UserError, match=r"^metrics/details/net1/1\.json is missing: `dvc repro` makes it$"):
        summarize.main()
    assert not Path("metrics/nets").exists()


def test_what_changes_meanwhile_is_not_summed_up(monkeypatch):
    write(made_up.run(["ant", "bee"], ACTUAL, {"net1": PREDICTED}))

    def meanwhile(*arguments):
        runs = read_runs(*arguments)
        Path("plots/predictions/net1/0.csv").write_text("actual,predicted\n")
        return runs

    read_runs = summarize.read_runs
    monkeypatch.setattr(summarize, "read_runs", meanwhile)
    with pytest.raises(UserError, match=r"^plots/predictions/net1/0\.csv changed while this ran"):
        summarize.main()
