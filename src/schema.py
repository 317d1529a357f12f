"""Read a YAML file; check the values of a file and say in one line what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from ruamel.yaml import YAML, YAMLError

from errors import UserError, printable, reason

Model = TypeVar("Model", bound=BaseModel)

# Names become parts of file and stage names. Without a hyphen, `train@net1-reference-0` can be read in one way only.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class StrictModel(BaseModel):
    """A mapping with known keys. Values keep the type they have in the file; nothing is converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_allowed(cls, values: Any) -> Any:
        unknown = [key for key in values if key not in cls.model_fields] if isinstance(values, Mapping) else []
        if unknown:
            raise ValueError(f"unknown key {unknown[0]}; allowed are {', '.join(cls.model_fields)}")
        return values


def read_yaml(path: str | Path) -> dict[str, Any]:
    """The mapping in the YAML file `path`, which lies at the top of the repository."""
    try:
        values = YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {path} here: run this from the top of the repository") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: it holds no keys and values")
    return values


def validate(model: type[Model], values: object, where: str) -> Model:
    """`values` as `model`; raises `UserError` with one line that starts with `where`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{where}: {_one_line(error)}") from None


def _one_line(error: ValidationError) -> str:
    """The first mistake: its key, its value (but no mapping), what is wrong; and how many more mistakes there are."""
    first, *others = error.errors(include_url=False)
    key, value = ".".join(map(str, first["loc"])), first["input"]
    if key and not isinstance(value, Mapping):
        key += f" = {reason(repr(value))}"
    message = first["msg"].removeprefix("Value error, ")
    line = f"{key}: {message[0].lower()}{message[1:]}".removeprefix(": ")
    return printable(f"{line} (and {len(others)} more)" if others else line)
