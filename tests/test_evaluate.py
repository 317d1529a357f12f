"""The metrics and the cost against counts by hand, and against NumPy."""

import importlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up import DESCRIPTION

import evaluate
import nets
from foundation.errors import UserError
from foundation.lock import held
from images import dataset
from model import checkpoint, device
from model.cost import count_layers, multiply_adds
from model.prediction import BATCH_SIZE, predict
from results.evaluated import ClassCounts
from results.run import Run
from results.trained import Normalisation

NAMES = ["ant", "bee", "cow", "dog"]
DATASET = dataset.Dataset(source="digits", content="sha256:1", lossless=True, train_images=4, test_images=4)
generator = np.random.default_rng(0)

# Ten images; nobody is taken for a dog.
TARGETS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
PREDICTED = torch.tensor([0, 0, 0, 1, 1, 1, 0, 0, 2, 0])


def test_accuracy_per_class_is_the_share_of_its_images():
    """Recall, not precision: of the four ants three are found, though six are called ants."""
    assert evaluate.class_counts(TARGETS, PREDICTED, NAMES) == {
        "ant": ClassCounts(images=4, correct=3, accuracy=75.0),
        "bee": ClassCounts(images=3, correct=2, accuracy=66.6667),
        "cow": ClassCounts(images=2, correct=1, accuracy=50.0),
        "dog": ClassCounts(images=1, correct=0, accuracy=0.0),
    }


@pytest.mark.parametrize(("images", "prefix"), [("test", ""), ("train", "training_")])
def test_accuracy_and_loss_are_those_that_numpy_gets_from_the_checkpoint(rebuilt, images, prefix):
    net, _ = checkpoint.load(rebuilt.path / "models/net1/0.pt")
    split = dataset.load(rebuilt.path / f"data/{images}.npz")
    inputs = ((split.images / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.no_grad():
        logits = net(torch.from_numpy(inputs)).double().numpy()
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    of_the_true_class = probabilities[np.arange(len(split)), split.labels]
    right = sum(int(np.argmax(row) == label) for row, label in zip(logits, split.labels, strict=True))
    details = json.loads(rebuilt.read("metrics/details/net1/0.json"))
    assert details[f"{prefix}accuracy"] == pytest.approx(100 * right / len(split), abs=1e-4)
    assert details[f"{prefix}loss"] == pytest.approx(-np.log(of_the_true_class).mean(), abs=1e-5)


def test_the_metric_is_accuracy_and_loss(rebuilt):
    details = json.loads(rebuilt.read("metrics/details/net1/0.json"))
    metric = json.loads(rebuilt.read("metrics/runs/net1/0.json"))
    assert metric == {"net1-0": {key: details[key] for key in ("accuracy", "loss")}}


def test_net1_has_the_multiply_adds_counted_by_hand():
    by_hand = 28 * 28 * 6 * 75 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    net = nets.build("net1", {}, 10).eval()
    assert multiply_adds(net) == by_hand == 651_720


def test_layers_are_convolutions_and_linear_layers():
    assert [count_layers(nets.build(name, {}, 10)) for name in ("net1", "net2", "net3", "net3_no_bn")] == [5, 6, 10, 10]


def test_logits_come_in_the_order_of_the_images():
    device.make_deterministic(threads=1)
    images = generator.integers(0, 256, (BATCH_SIZE + 3, 32, 32, 3), dtype=np.uint8)
    split = dataset.Split(images, np.zeros(len(images), dtype=np.uint8), NAMES, DATASET)
    net = nets.build("net1", {}, 4).eval()
    logits, targets = predict(net, split, Normalisation(mean=0.5, std=0.5), torch.device("cpu"))
    assert logits.shape == (len(images), 4)
    assert len(targets) == len(images)
    with torch.no_grad():
        last = net(dataset.scale(torch.from_numpy(images[-1:]), 0.5, 0.5))
    torch.testing.assert_close(logits[-1:], last)


@pytest.fixture
def evaluate_ants(tmp_path, monkeypatch):
    """`python src/evaluate.py net1-0` on three ants and a bee, which were kept from an untrained net."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "net1-0", "--device", "cpu"])
    for folder in ("data", "models"):
        Path(folder).mkdir()

    def evaluate_ants(described: dataset.Dataset) -> None:
        description = DESCRIPTION.model_copy(update={"dataset": described})
        checkpoint.save("models/net1/0.pt", nets.build("net1", {}, 2), description)
        images = generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
        split = dataset.Split(images, np.array([0, 0, 0, 1], dtype=np.uint8), ["ant", "bee"], described)
        for name in ("train", described.evaluated_on):
            dataset.save(f"data/{name}.npz", split)
        evaluate.main()

    return evaluate_ants


@pytest.mark.parametrize("on", ["test", "validation"])
def test_all_says_what_was_evaluated_on(on, evaluate_ants, capsys):
    described = {"source": "digits", "content": "sha256:1", "lossless": True, "train_images": 4, f"{on}_images": 4}
    evaluate_ants(dataset.Dataset(**described))
    details = json.loads(Path("metrics/details/net1/0.json").read_text())
    assert details["dataset"] == described
    assert {key: details[key] for key in details if key.endswith("_images")} == {f"{on}_images": 4}
    assert capsys.readouterr().out == f"net1-0: accuracy {details['accuracy']:.2f} % on 4 {on} images of digits\n"


def test_images_that_are_no_longer_there_since_others_are_evaluated_on(evaluate_ants):
    evaluate_ants(DATASET)
    Path("data/test.npz").rename("data/validation.npz")
    says = r"data/test\.npz is missing, where models/net1/0\.pt is evaluated: `dvc repro` makes them fit"
    with pytest.raises(UserError, match=says):
        evaluate.main()


TRAINED = DESCRIPTION.model_copy(update={"class_names": NAMES, "dataset": DATASET})
OTHER_IMAGES = DATASET.model_copy(update={"content": "sha256:2"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "models/net1/0.pt holds net1-1, not net1-0"),
        ({"net": "net2"}, "models/net1/0.pt holds net2-0, not net1-0"),
        ({"class_names": NAMES[:3]}, r"models/net1/0.pt tells apart ant, bee, cow, and data/test\.npz holds ant,"),
        (
            {"dataset": OTHER_IMAGES},
            r"models/net1/0.pt was trained on 4 images of digits \(sha256:2\), and data/test\.npz belongs to 4 images "
            r"of digits \(sha256:1\): `dvc repro` trains it anew",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(changes, says):
    split = dataset.Split(np.zeros((4, 32, 32, 3), np.uint8), np.arange(4, dtype=np.uint8), NAMES, DATASET)
    evaluate.check_fits(TRAINED, Run("net1", 0), split, "data/test.npz")
    with pytest.raises(UserError, match=f"^{says}"):
        evaluate.check_fits(TRAINED.model_copy(update=changes), Run("net1", 0), split, "data/test.npz")


@pytest.fixture
def untrained(tmp_path, monkeypatch):
    """A folder with a checkpoint of Net1 as it begins, and images to evaluate it on."""
    monkeypatch.chdir(tmp_path)
    images = generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    for name in ("train", "test"):
        dataset.save(f"data/{name}.npz", dataset.Split(images, np.arange(4, dtype=np.uint8), NAMES, DATASET))
    net = nets.build("net1", {}, 4)
    checkpoint.save("models/net1/0.pt", net, TRAINED)
    return net


def test_weights_that_give_no_finite_figures_are_one_line(untrained):
    with torch.no_grad():
        untrained.fc3.bias[0] = float("inf")
    checkpoint.save("models/net1/0.pt", untrained, TRAINED)
    with pytest.raises(UserError, match=r"^models/net1/0.pt gives no finite figures for some images: try a "):
        evaluate.evaluate(Run("net1", 0), "cpu")
    assert not Path("metrics").exists()


def test_a_checkpoint_exchanged_meanwhile_is_not_recorded_with_these_figures(untrained, monkeypatch):
    def meanwhile(*arguments):
        checkpoint.save("models/net1/0.pt", nets.build("net1", {}, 4), TRAINED)
        return predict(*arguments)

    monkeypatch.setattr(evaluate, "predict", meanwhile)
    with pytest.raises(UserError, match=r"^models/net1/0.pt changed while this ran, so nothing is written: "):
        evaluate.evaluate(Run("net1", 0), "cpu")
    assert not Path("metrics").exists()
    monkeypatch.setattr(evaluate, "predict", predict)
    evaluate.evaluate(Run("net1", 0), "cpu")
    assert Path("metrics/runs/net1/0.json").exists()


@pytest.mark.parametrize(
    ("stage", "arguments", "doing"),
    [
        ("evaluate", ["net1-0"], "evaluating net1-0"),
        ("summarize", ["net1"], "summing up net1"),
        ("compare", [], "comparing"),
    ],
)
def test_a_second_process_of_the_same_kind_is_refused(stage, arguments, doing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [f"{stage}.py", *arguments])
    with (
        held(Path(f".cache/{'-'.join([stage, *arguments])}.lock"), "this"),
        pytest.raises(UserError, match=rf"^process {os.getpid()} is already {doing} in this folder"),
    ):
        importlib.import_module(stage).main()
