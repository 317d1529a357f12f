"""Build a net by the name of its file in `src/nets/`. No list imports them all: a net depends on its own file alone."""

import importlib
import inspect

import torch.nn as nn
from pydantic import create_model

from foundation.validation import StrictModel, validate


def build(architecture: str, settings: dict[str, object], num_classes: int) -> nn.Module:
    """The class `Net` of `src/nets/<architecture>.py`, called with `settings`; weights from torch's random state.

    Raises `UserError` when `settings` are not what the class takes.
    """
    net_class = importlib.import_module(f"nets.{architecture}").Net
    signature = inspect.signature(net_class)
    fields = {p.name: (p.annotation, p.default) for p in signature.parameters.values() if p.name != "num_classes"}
    model = create_model("Settings", __base__=StrictModel, **fields)
    validate(model, settings, f"settings of architecture {architecture}")
    return net_class(num_classes, **settings)
