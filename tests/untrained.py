"""A checkpoint for the tests that only need one: first weights, never trained."""

from pathlib import Path

import torch

import nets
from images.dataset import Dataset
from model import checkpoint
from params import NamedRecipe
from results.trained import Description, Normalisation

DESCRIPTION = Description(
    net="net1",
    settings={},
    recipe=NamedRecipe(name="none", learning_rate=0.001, weight_decay=0.0, batch_size=5, epochs=1, log_every=1000),
    seed=0,
    class_names=["ant", "bee", "cow", "dog"],
    normalisation=Normalisation(mean=0.5, std=0.5),
    dataset=Dataset(source="animals", content="sha256:0", lossless=True, train_images=20, test_images=10),
)


def net1(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return nets.build("net1", {}, len(DESCRIPTION.class_names)).eval()


def write_checkpoint(path: Path, seed: int = 0) -> None:
    checkpoint.save(path, net1(seed), DESCRIPTION.model_copy(update={"seed": seed}))
