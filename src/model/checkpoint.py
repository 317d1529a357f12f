"""A trained net in a file: its weights, and how it came about."""

import io
import json
import pickle
import textwrap
import zipfile
from pathlib import Path

import torch
import torch.nn as nn
from pydantic import ConfigDict

import nets
from foundation.atomic import write_bytes
from foundation.errors import UserError
from foundation.validation import StrictModel, validate


class Part(StrictModel):
    model_config = ConfigDict(extra="allow")


class Normalisation(Part):
    mean: float
    std: float


class Recipe(Part):
    name: str


class Dataset(Part):
    source: str
    content: str


class Description(Part):
    """What `load` and `evaluate` read of a checkpoint's description; it says more."""

    net: str
    architecture: str
    settings: dict[str, object]
    class_names: list[str]
    normalisation: Normalisation
    recipe: Recipe
    dataset: Dataset


def save(path: str | Path, net: nn.Module, description: dict) -> None:
    """Write the weights of `net` and `description` to `path`; equal values give equal bytes on every device.

    `description` has at least the keys of `Description`; from some of them `load` builds the net again.
    """
    # torch.save's bytes depend on memory format and on which equal objects are one: hence plain tensors, one string.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    content = io.BytesIO()  # into memory first: torch.save turns a full disk into an error of its own
    torch.save({"weights": weights, "description": json.dumps(description, sort_keys=True)}, content)
    write_bytes(path, content.getbuffer())


def load(path: str | Path) -> tuple[nn.Module, dict]:
    """The net in evaluation mode on the CPU, and its description; raises `UserError` when `path` does not hold them.

    Loading runs nothing that the file says, and notices every change to what `save` wrote.
    """
    try:
        _check_zip(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
        description = json.loads(content["description"])
        validate(Description, description, "its description")
        net = nets.build(description["architecture"], description["settings"], len(description["class_names"]))
        net.load_state_dict(content["weights"])
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` trains it, `dvc pull` gets it from your remote") from None
    except Exception as error:  # torch's reader raises whatever a damaged or hostile file leads it to
        raise UserError(f"{path} is not a checkpoint of this project: {_reason(error)}") from None
    return net.eval(), description


def _check_zip(path: str | Path) -> None:
    """Check the zip's CRCs, which torch.load passes over, so that a flipped bit would go unnoticed into the weights.

    About 30 ms for Net3's 86 MB, where loading takes 145 ms (one core of an AMD EPYC, torch 2.14.1).
    """
    with zipfile.ZipFile(path) as file:
        if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
            raise UserError("torch.save compresses nothing, and this may unpack to any size")
        if damaged := file.testzip():
            raise UserError(f"{damaged} is damaged")


def _reason(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):  # torch's own text tells the user how to open it all the same
        return "it holds more than weights and text, or is damaged"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return textwrap.shorten(str(error) or type(error).__name__, 200, placeholder=" …")
