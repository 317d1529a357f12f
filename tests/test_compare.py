"""The tables on figures made up here; the real ones are seen through DVC in test_pipeline.py."""

import pandas as pd
import pytest

import compare
from errors import UserError

CIFAR10 = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.fixture(autouse=True)
def _repository(monkeypatch):
    monkeypatch.chdir(compare.Path(__file__).parents[1])


def details(accuracy: float, names=CIFAR10, train_images=50_000) -> dict:
    return {
        "dataset": {"source": "cifar10", "train_images": train_images, "test_images": 10_000},
        "recipe": {"name": "reference"},
        "class_names": list(names),
        "layers": 5,
        "parameters": 62_006,
        "multiply_adds": 651_720,
        "accuracy": accuracy,
        "classes": {name: {"accuracy": accuracy} for name in names},
    }


TRAINING = {"net1": {"accuracy": 62.0}, "mine": {"accuracy": 50.0}}


def test_on_cifar10_the_studys_figures_stand_beside_ours():
    runs = {"net1": details(61.5), "mine": details(40.0)}
    study = compare.study_figures(compare.common_run(runs))
    overall = compare.overall_table(runs, TRAINING, study).set_index("net")
    assert overall.loc["net1", ["accuracy", "study", "difference"]].tolist() == [61.5, 61.0, 0.5]
    assert overall.loc["mine", ["study", "difference"]].isna().all()
    per_class = compare.per_class_table(runs, study)
    assert list(per_class.columns) == ["class", "net1", "net1_study", "mine"]
    assert per_class["class"].tolist() == CIFAR10
    assert per_class["net1_study"].tolist() == [58, 77, 53, 33, 67, 50, 73, 62, 59, 78]


@pytest.mark.parametrize("run", [details(50.0, names=["zero", "one"]), details(50.0, train_images=1_000)])
def test_on_other_images_they_do_not(run):
    runs = {"net1": run}
    study = compare.study_figures(compare.common_run(runs))
    assert "study" not in compare.overall_table(runs, TRAINING, study)
    assert list(compare.per_class_table(runs, study).columns) == ["class", "net1"]


def test_nets_of_different_runs_are_not_compared():
    with pytest.raises(UserError, match="net1 and mine differ in their recipe"):
        compare.common_run({"net1": details(61.5), "mine": details(60.0) | {"recipe": {"name": "quick"}}})


def test_a_net_without_figures_in_the_study_gets_a_dash():
    table = pd.DataFrame({"net": ["net1", "mine"], "parameters": [62006, 1], "study": [61.0, None]})
    lines = compare.to_markdown(table).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["net1", "62,006", "61.0"]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["mine", "1", "–"]
