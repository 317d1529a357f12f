"""A trained net in a file: its weights, and how it came about."""

import io
import json
from pathlib import Path

import torch
import torch.nn as nn

import architecture
from atomic import replacing
from errors import UserError


def save(path: str | Path, net: nn.Module, description: dict) -> None:
    """Write the weights of `net` and `description` to `path`; equal values give equal bytes on every device.

    `description` has at least `architecture`, `settings` and `class_names`, from which `load` builds the net again.
    """
    # torch.save's bytes depend on memory format and on which equal objects are one: hence plain tensors, one string.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    content = io.BytesIO()  # into memory first: torch.save turns a full disk into an error of its own
    torch.save({"weights": weights, "description": json.dumps(description, sort_keys=True)}, content)
    with replacing(path) as file:
        file.write(content.getbuffer())


def load(path: str | Path) -> tuple[nn.Module, dict]:
    """The net in evaluation mode on the CPU, and its description; raises `UserError` when `path` does not hold them."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        description = json.loads(content["description"])
        net = architecture.build(description["architecture"], description["settings"], len(description["class_names"]))
        net.load_state_dict(content["weights"])
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` trains it, `dvc pull` gets it from your remote") from None
    except UserError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{path} is not a checkpoint of this project: {reason}") from None
    return net.eval(), description
