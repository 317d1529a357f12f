"""Build a net by its name. Each has a file of its own in `src/nets/`."""

import copy
import importlib.util

import torch
import torch.nn as nn

from dataset import IMAGE_SHAPE
from errors import UserError


def build(name: str, num_classes: int) -> nn.Module:
    """The class `Net` of `src/nets/<name>.py`, with weights drawn from torch's random state.

    Raises `UserError` when there is no such file or class. An error in the file's own code keeps its traceback.
    """
    if not (name.isidentifier() and importlib.util.find_spec(f"nets.{name}")):
        raise UserError(f"there is no src/nets/{name}.py")
    module = importlib.import_module(f"nets.{name}")
    if not hasattr(module, "Net"):
        raise UserError(f"src/nets/{name}.py has no class Net")
    return module.Net(num_classes=num_classes)


def check_training(net: nn.Module, name: str, batch: int, num_classes: int) -> None:
    """Raise `UserError` unless a copy of `net`, on the CPU, takes a training batch of this size.

    Batch normalisation fails on a batch of one, which otherwise shows at the end of the first epoch.
    """
    height, width, channels = IMAGE_SHAPE
    try:
        logits = copy.deepcopy(net).train()(torch.zeros(batch, channels, height, width))
    except ValueError as error:
        if batch > 1:  # an error in the net's own code keeps its traceback
            raise
        raise UserError(
            f"{name} cannot train on the last batch of an epoch, which has {batch} images ({error}): "
            "change batch_size in params.yaml"
        ) from None
    if logits.shape != (batch, num_classes):
        found = tuple(logits.shape)
        raise UserError(f"src/nets/{name}.py: expected logits of shape {(batch, num_classes)}, found {found}")
