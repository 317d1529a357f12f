"""Logits and metrics against NumPy, and checkpoints that do not fit the images."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from clone import REPOSITORY
from untrained import DATASET, DESCRIPTION, NAMES, split_of, untrained_net, write_checkpoint

import dataset
import evaluate
from errors import UserError
from model import checkpoint
from model.records import Normalisation
from run import Run

RUN = Run("net1", "test", 0)
CHECKPOINT = Path(DESCRIPTION.run.file("models"))


def test_metrics_are_those_that_numpy_gets_from_the_checkpoint(rebuilt):
    """Of the evaluated images and of training images; the stored logits are those of all images in their order."""
    net, _ = checkpoint.load(rebuilt.path / RUN.file("models"))
    metric = json.loads(rebuilt.read(RUN.file("metrics/runs")))
    record = json.loads(rebuilt.read(RUN.file("metrics/evaluate")))
    assert metric.keys() == {"accuracy", "loss"}  # alike for all runs, so `dvc metrics show` has few columns
    stored = np.load(rebuilt.path / RUN.file("metrics/logits"))
    training = {"accuracy": record["training_accuracy"], "loss": record["training_loss"]}
    for name, expected in {"validation": metric, "train": training}.items():
        split = dataset.load(rebuilt.path / f"data/{name}.npz")
        inputs = ((split.images / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2).astype(np.float32)
        with torch.no_grad():
            logits = net(torch.from_numpy(inputs)).double().numpy()
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        loss = -np.log(probabilities[np.arange(len(split)), split.labels]).mean()
        right = (logits.argmax(axis=1) == split.labels).sum()
        assert expected["accuracy"] == pytest.approx(100 * right / len(split), abs=0.1)  # float16 may decide a tie
        assert expected["loss"] == pytest.approx(loss, abs=1e-3)
        if name == "validation":
            assert stored["logits"].dtype == np.float16
            np.testing.assert_allclose(stored["logits"], logits, atol=2e-2)
            assert np.array_equal(stored["labels"], split.labels)
    assert record["training_images"] == len(dataset.load(rebuilt.path / "data/train.npz"))
    multiply_adds = 28 * 28 * 6 * 75 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10  # by hand, layer by layer
    assert (record["layers"], record["parameters"], record["multiply_adds"]) == (5, 62_006, multiply_adds)


def test_training_images_are_a_fixed_sample_of_each_class_alike():
    split = split_of(400)
    sample = evaluate.stratified_sample(split, 100)
    assert np.array_equal(sample.images, split.images[np.arange(400) // 4 % 4 == 0])  # every fourth of each class
    assert [len(evaluate.stratified_sample(split, images)) for images in (150, 1000)] == [150, 400]


def test_weights_that_give_no_finite_logits_are_one_line():
    net = untrained_net()
    with torch.no_grad():
        net.fc3.bias[0] = 1e6  # beyond float16
    with pytest.raises(UserError, match="no finite logits"):
        evaluate.predict(net, split_of(4), Normalisation(mean=0.5, std=0.5), torch.device("cpu"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": 1}, "net1-reference-1"),
        ({"net": "net2"}, "net2-reference-0"),
        ({"recipe_name": "modern"}, "net1-modern-0"),
        ({"class_names": NAMES[:3]}, "data/test.npz"),
        ({"dataset": DATASET.model_copy(update={"content": "1" * 64})}, "111111"),
    ],
)
def test_a_checkpoint_of_another_run_or_of_other_images_is_refused(changes, says):
    run = DESCRIPTION.run
    evaluate.check_fits(DESCRIPTION, run, split_of(4), "data/test.npz")
    with pytest.raises(UserError, match=says):
        evaluate.check_fits(DESCRIPTION.model_copy(update=changes), run, split_of(4), "data/test.npz")


def test_a_checkpoint_exchanged_meanwhile_is_not_recorded_with_these_figures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(REPOSITORY / name, name)
    for name in ("train", "test"):
        dataset.save(f"data/{name}.npz", split_of(8))
    write_checkpoint(CHECKPOINT)
    monkeypatch.setattr("sys.argv", ["evaluate.py", "net1", "reference", "0"])

    def meanwhile(*arguments):
        write_checkpoint(CHECKPOINT, untrained_net(seed=1))
        return predict(*arguments)

    predict = evaluate.predict
    monkeypatch.setattr(evaluate, "predict", meanwhile)
    with pytest.raises(SystemExit, match=f"^error: {CHECKPOINT} changed"):
        evaluate.main()
    assert not Path("metrics").exists()
    monkeypatch.setattr(evaluate, "predict", predict)
    evaluate.main()
    assert Path(DESCRIPTION.run.file("metrics/runs")).exists()
