"""Build a net by its name. Each has a file of its own in `src/nets/`, and no list imports them all."""

import importlib
import inspect

import torch.nn as nn
from pydantic import create_model
from pydantic.errors import PydanticUserError

from foundation.errors import UserError
from foundation.validation import StrictModel, validate


def build(name: str, settings: dict[str, object], num_classes: int) -> nn.Module:
    """The class `Net` of `src/nets/<name>.py`, called with `settings`; weights from torch's random state.

    Raises `UserError` when there is no such class, or `settings` are not what it takes. What goes wrong in the file's
    own code keeps its traceback.
    """
    net_class = getattr(importlib.import_module(f"nets.{name}"), "Net", None)
    settings_model = _settings_model(net_class, f"src/nets/{name}.py")
    validate(settings_model, settings, f"settings of {name}")
    return net_class(num_classes=num_classes, **settings)


def _settings_model(net_class: object, file: str) -> type[StrictModel]:
    """What `net_class` takes beside `num_classes`, by the names, types and defaults in its signature."""
    if not (inspect.isclass(net_class) and issubclass(net_class, nn.Module)):
        raise UserError(f"{file}: there is no class Net in it that is a torch.nn.Module")
    fields = {}
    try:
        parameters = inspect.signature(net_class, eval_str=True).parameters
        if "num_classes" not in parameters:
            raise UserError(f"{file}: Net must take num_classes, the number of logits for an image")
        for name, parameter in parameters.items():
            has_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
            if not has_name or (parameter.annotation is parameter.empty and name != "num_classes"):
                raise UserError(f"{file}: Net takes `{parameter}`; give each setting a name and a type: `width: int`")
            fields[name] = (parameter.annotation, ... if parameter.default is parameter.empty else parameter.default)
        del fields["num_classes"]
        model = create_model("Settings", __base__=StrictModel, **fields)
        model.model_rebuild()  # which looks up the types that are named in quotes
    except (PydanticUserError, NameError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0]
        raise UserError(f"{file}: Net takes a setting of a type that params.yaml cannot hold: {reason}") from None
    return model
