"""Evaluate one trained net on the test images, or on the validation images if these were held out.

reads   models/NET/RECIPE/SEED.pt; data/train.npz; data/test.npz or data/validation.npz
writes  metrics/logits/NET/RECIPE/SEED.npz     logits (N, classes) float16 and labels (N,) uint8 of all evaluated images
        metrics/runs/NET/RECIPE/SEED.json      the DVC metric: accuracy (%) and mean cross-entropy, by these logits
        metrics/evaluate/NET/RECIPE/SEED.json  what was evaluated, size and cost of the net, and accuracy and loss on
                                               10,000 training images
run     python src/evaluate.py net1 reference 0
"""

from stage import stage

import numpy as np
import torch
import torch.nn as nn
from scipy.special import log_softmax
from torch.utils.flop_counter import FlopCounterMode

import dataset
from command_line import read_arguments
from dataset import IMAGE_SHAPE, Split, scale, write_npz
from errors import UserError
from files import write_json
from model import checkpoint
from model.device import make_deterministic, select_device
from model.records import Description, EvaluationRecord, Normalisation
from params import load_params
from run import Run

BATCH_SIZE = 250
TRAINING_IMAGES = 10_000  # the same number of each class; they show overfitting as well as all 50,000


def main() -> None:
    run = Run(**vars(read_arguments(__doc__, net="net1", recipe="reference", seed=0)))
    with stage("evaluate", **vars(run)) as inputs:
        make_deterministic()
        device = select_device()
        net, description = checkpoint.load(run.file("models"))
        evaluated_path = f"data/{load_params().data.evaluate_on}.npz"
        evaluated, training = dataset.load(evaluated_path), dataset.load("data/train.npz")
        check_fits(description, run, evaluated, evaluated_path)
        check_fits(description, run, training, "data/train.npz")
        size_and_cost = measure(net)
        net.to(device)
        logits = predict(net, evaluated, description.normalisation, device)
        sample = stratified_sample(training, TRAINING_IMAGES)
        training_accuracy, training_loss = score(predict(net, sample, description.normalisation, device), sample.labels)
        accuracy, loss = score(logits, evaluated.labels)
        record = EvaluationRecord(
            description=description,
            **size_and_cost,
            training_images=len(sample),
            training_accuracy=training_accuracy,
            training_loss=training_loss,
        )

        inputs.check_unchanged()
        write_npz(run.file("metrics/logits"), logits=logits, labels=evaluated.labels)
        write_json(run.file("metrics/runs"), {"accuracy": accuracy, "loss": loss})
        write_json(run.file("metrics/evaluate"), record.model_dump(exclude_none=True))
        print(f"{run}: accuracy {accuracy:.2f} % on the {len(evaluated):,} images in {evaluated_path}")


def check_fits(description: Description, run: Run, split: Split, path: str) -> None:
    """Raise `UserError` unless the checkpoint is of `run`, and trained on the dataset that `split` is from."""
    if (description.run, description.dataset, description.class_names) != (run, split.dataset, split.class_names):
        trained = f"{description.run} on {description.dataset.source} ({description.dataset.content[:12]}…)"
        asked = f"{run}, and {path} is from {split.dataset.source} ({split.dataset.content[:12]}…)"
        raise UserError(f"{run.file('models')} is {trained}, not {asked}: `dvc repro` trains it again")


def stratified_sample(split: Split, images: int) -> Split:
    """At most `images` images of `split`: the same share of each class, evenly spread over its order."""
    by_class, images = np.argsort(split.labels, kind="stable"), min(images, len(split))
    chosen = np.sort(by_class[np.arange(images) * len(split) // images])
    return Split(split.images[chosen], split.labels[chosen], split.class_names, split.dataset)


def measure(net: nn.Module) -> dict[str, int]:
    """The number of convolutions and linear layers, their multiply-adds for one image, and all parameters."""
    height, width, channels = IMAGE_SHAPE
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        net(torch.zeros(1, channels, height, width))
    return {
        "layers": sum(isinstance(module, nn.Conv2d | nn.Linear) for module in net.modules()),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "multiply_adds": counter.get_total_flops() // 2,  # PyTorch counts each as two operations
    }


@torch.inference_mode()
def predict(net: nn.Module, split: Split, normalisation: Normalisation, device: torch.device) -> np.ndarray:
    """Logits (N, classes) float16 of all images. The net is on `device`."""
    images = torch.from_numpy(split.images).to(device)
    batches = [net(scale(batch, normalisation.mean, normalisation.std)) for batch in images.split(BATCH_SIZE)]
    logits = torch.cat(batches).cpu().half().numpy()
    if not np.isfinite(logits).all():
        raise UserError("the net gives no finite logits for some images: try a smaller learning_rate")
    return logits


def score(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy (%) and mean cross-entropy (nats)."""
    accuracy = 100 * (logits.argmax(axis=1) == labels).mean()
    loss = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean()
    return round(float(accuracy), 4), round(float(loss), 6)


if __name__ == "__main__":
    main()
