"""A trained net in a file: its weights, and how it came about."""

import io
import json
import pickle
import stat
import zipfile
from pathlib import Path

import torch
import torch.nn as nn

import nets
from foundation.atomic import write_bytes
from foundation.errors import UserError, is_of_the_system, reason
from foundation.validation import validate
from results.trained import Description

NOT_OURS = "not a checkpoint of this project"
ANEW = "`dvc repro` trains it anew"


def save(path: str | Path, net: nn.Module, description: Description) -> None:
    """Write the weights of `net` and `description` to `path`; equal values give equal bytes on every device."""
    # torch.save's bytes depend on memory format and on which equal objects are one: hence plain tensors, one string.
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    content = io.BytesIO()  # into memory first: torch.save turns a full disk into an error of its own
    torch.save({"weights": weights, "description": json.dumps(description.model_dump(), sort_keys=True)}, content)
    write_bytes(path, content.getbuffer())


def load(path: str | Path) -> tuple[nn.Module, Description]:
    """The net in evaluation mode on the CPU, and its description.

    Loading runs nothing that the file says, and notices every change to what `save` wrote. Raises `UserError` for a
    file that is missing, damaged, or no checkpoint of this project, and for one that the net's file in `src/nets/` no
    longer fits. An error in that file itself is its author's, and keeps its traceback.
    """
    content = _read(Path(path))
    try:
        weights, text = dict(content)["weights"], json.loads(content["description"])
    except (KeyError, TypeError, ValueError, RuntimeError):  # be it a list, a tensor, or a dictionary of others'
        raise UserError(f"{path} is {NOT_OURS}, because it has no weights and description: {ANEW}") from None
    description = validate(Description, text, f"{path} is {NOT_OURS}: its description")
    net = nets.build(description.net, description.settings, len(description.class_names))
    try:
        net.load_state_dict(weights)
    except (RuntimeError, AttributeError, TypeError) as error:
        file = f"src/nets/{description.net}.py"
        lines = " ".join(str(error).split())
        raise UserError(f"{path} does not fit {file} as it is now ({reason(lines)}): {ANEW}") from None
    return net.eval(), description


def _read(path: Path) -> object:
    """What `torch.save` wrote to `path`, of tensors, numbers and texts."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait forever
            raise UserError(f"{path} is no file")
        _check_zip(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` trains it, `dvc pull` gets it from your remote") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        if is_of_the_system(error):
            raise
        raise UserError(f"{path} is damaged ({reason(error)}): `dvc checkout` puts it back, or {ANEW}") from None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's own text tells the user how to open it all the same
        raise UserError(f"{path} is {NOT_OURS}, because it holds more than weights and text: {ANEW}") from None
    except Exception as error:  # torch's reader raises whatever the file leads it to
        if is_of_the_system(error):
            raise
        raise UserError(f"{path} is {NOT_OURS} ({reason(error)}): {ANEW}") from None


def _check_zip(path: Path) -> None:
    """Check the zip's CRCs, which torch.load passes over, so that a flipped bit would go unnoticed into the weights.

    About 30 ms for Net3's 86 MB, where loading takes 145 ms (one core of an AMD EPYC, torch 2.14.1).
    """
    with zipfile.ZipFile(path) as file:
        if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
            raise ValueError("torch.save compresses nothing, and this may unpack to any size")
        if damaged := file.testzip():
            raise ValueError(f"its part {damaged}")
