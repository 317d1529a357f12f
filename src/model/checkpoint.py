"""A trained net in a file: its weights, and how it came about."""

import io
import json
import zipfile
from pathlib import Path

import torch
import torch.nn as nn

from errors import UserError, reading
from files import write_bytes
from model.build import build
from model.records import Description
from schema import validate


def save(path: str | Path, net: nn.Module, description: Description) -> None:
    """Write the weights of `net` and `description` to `path`; equal values give equal bytes on every device."""
    # The bytes that torch.save writes depend on memory format, and on whether equal objects are one object. So weights
    # are plain tensors, and the description is one string.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    content = io.BytesIO()  # into memory first: torch.save writes the file's name into the bytes
    torch.save(
        {"weights": weights, "description": json.dumps(description.model_dump(exclude_none=True), sort_keys=True)},
        content,
    )
    write_bytes(path, content.getvalue())


def load(path: str | Path) -> tuple[nn.Module, Description]:
    """The net in evaluation mode on the CPU, and its description.

    Loading runs nothing that the file says. Raises `UserError` for a file that is missing, damaged or no checkpoint of
    this project, and for one that no longer fits the net's file in `src/nets/`.
    """
    if not Path(path).is_file():
        raise UserError(f"there is no file {path}: `dvc repro` or `dvc pull` brings the checkpoints in models/")
    with reading(path, "checkpoint of this project", "`dvc checkout` brings back the checkpoints in models/"):
        # torch.load does not check the zip's CRCs, and a flipped bit would go unnoticed into the weights.
        with zipfile.ZipFile(path) as file:
            if damaged := file.testzip():
                raise ValueError(f"its part {damaged}")
        content = torch.load(path, map_location="cpu", weights_only=True)
        weights, text = content["weights"], json.loads(content["description"])
    description = validate(Description, text, f"{path}: its description")
    net = build(description.net, len(description.class_names))
    with reading(path, f"checkpoint of src/nets/{description.net}.py as it is now", "`dvc repro` trains it again"):
        net.load_state_dict(weights)
    if not all(tensor.isfinite().all() for tensor in net.state_dict().values()):
        raise UserError(f"{path} has weights that are no finite numbers: try a smaller learning_rate in params.yaml")
    return net.eval(), description
