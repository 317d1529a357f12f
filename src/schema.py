"""Read a YAML file; check the values of a file and say in one line what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from errors import UserError

Model = TypeVar("Model", bound=BaseModel)

# PyYAML reads 1e-3 as a text; DVC and people read a number.
Number = Annotated[float, Field(strict=False)]
# Names become parts of file and stage names. Without a hyphen, `train@net1-reference-0` can be read in one way only.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]
LONGEST = 60  # characters shown of a key or value


class StrictModel(BaseModel):
    """A mapping with known keys. Values keep the type they have in the file; nothing is converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_allowed(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and cls.model_config["extra"] == "forbid":
            for key in values:
                if key not in cls.model_fields:
                    details = {"key": key, "allowed": ", ".join(cls.model_fields) or "none"}
                    raise PydanticCustomError("bad_entry", "unknown key; allowed are {allowed}", details)
        return values


def read_yaml(path: str | Path) -> Any:
    """What YAML file `path` holds, which lies at the top of the repository."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {path} here: run this from the top of the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from None


def validate(model: type[Model], values: object, where: str) -> Model:
    """`values` as `model`; raises `UserError` with one line that starts with `where`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{where}: {_one_line(error, values)}") from None


def _one_line(error: ValidationError, values: object) -> str:
    first, *others = error.errors(include_url=False)
    location, message, value = list(first["loc"]), first["msg"], first["input"]
    if first["type"] == "bad_entry":
        location.append(first["ctx"]["key"])
        value = value[first["ctx"]["key"]]
    elif first["type"] == "union_tag_invalid":
        location.append(first["ctx"]["discriminator"].strip("'"))
        message, value = f"allowed are {first['ctx']['expected_tags']}", first["ctx"]["tag"]
    path = _path_in(values, location)
    line = (
        path if first["type"] in ("missing", "union_tag_not_found") else f"{path} = {_short(value)}".removeprefix(" = ")
    )
    line = f"{line}: {message[0].lower()}{message[1:]}"
    return f"{line} (and {len(others)} more)" if others else line


def _path_in(values: object, location: list) -> str:
    """The dotted keys of `location`, less what pydantic adds to them: the kind of union entry, a mark for keys."""
    path = []
    for part in location:
        if isinstance(values, Mapping | list) and (part in values or isinstance(part, int)):
            values = values[part]
        elif part is not location[-1] or part == "[key]":
            continue
        readable = isinstance(part, str) and part.isprintable() and len(part) <= LONGEST
        path.append(part if readable else _short(part))
    return ".".join(path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
