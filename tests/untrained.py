"""An untrained checkpoint, and images of noise, for tests that need no trained net."""

from pathlib import Path

import numpy as np
import torch

from dataset import Dataset, Split
from model import checkpoint
from model.build import build
from model.records import Description, Normalisation
from training.recipe import Recipe

NAMES = ["ant", "bee", "cow", "dog"]
DATASET = Dataset(source="animals", content="0" * 64, train_images=8, evaluated_on="test", evaluated_images=4)
DESCRIPTION = Description(
    net="net1",
    recipe_name="reference",
    recipe=Recipe(
        optimizer={"name": "sgd"}, learning_rate=0.001, schedule={"name": "constant"}, label_smoothing=0.0,
        augmentation={}, allow_bfloat16=False, batch_size=5, epochs=1, log_every=1000,
    ),
    seed=0,
    class_names=NAMES,
    normalisation=Normalisation(mean=0.5, std=0.5),
    dataset=DATASET,
)  # fmt: skip


def untrained_net(name: str = "net1", seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build(name, len(NAMES)).eval()


def write_checkpoint(path: Path, net: torch.nn.Module | None = None, /, **changes: object) -> None:
    """First weights by the description's seed, or `net`; `changes` are to the description."""
    description = DESCRIPTION.model_copy(update=changes)
    checkpoint.save(path, net or untrained_net(seed=description.seed), description)


def split_of(images: int) -> Split:
    """So many images of noise, of each class alike."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)
    return Split(pixels, (np.arange(images) % len(NAMES)).astype(np.uint8), NAMES, DATASET)
