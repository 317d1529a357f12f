"""`params.yaml`, checked.

Values are passed on exactly as they stand in the file, so that DVC, which tracks them there, sees every change. The
defaults are a net's one thread and oneDNN for all its batches and, for what a recipe leaves out, those that do nothing:
to change one would change results that DVC takes for current.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from foundation import yaml12
from foundation.errors import UserError
from foundation.validation import StrictModel, validate

PARAMS = Path("params.yaml")
NETS = sorted(path.stem for path in (Path(__file__).parent / "nets").glob("[!_]*.py"))

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]  # goes into file and stage names
Url = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$")]
Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FolderName = Annotated[str, StringConstraints(pattern=r"^[^./\\\p{Cc}][^/\\\p{Cc}]*$")]
# In any language, and without what could become markup in Markdown, in the report or in the page of `dvc plots show`.
ClassName = Annotated[str, StringConstraints(pattern=r"^\w[\w .,'()/+-]{0,59}$")]


def _are_distinct(class_names: dict[str, str]) -> dict[str, str]:
    folders = {}
    for folder, name in class_names.items():
        if name in folders:
            details = {"key": folder, "other": folders[name]}
            message = "so is {other}; to merge them, put the images of both into one folder"
            raise PydanticCustomError("bad_entry", message, details)
        folders[name] = folder
    return class_names


ClassNames = Annotated[
    dict[FolderName, ClassName],
    Field(min_length=2, max_length=256),  # labels are uint8
    AfterValidator(_are_distinct),
]
Pixels = Annotated[int, Field(ge=0, lt=32)]  # images have 32 × 32


class Cifar10Python(StrictModel):
    """The official archive of pickled batches."""

    format: Literal["cifar10-python"]
    md5: Md5
    bytes: Annotated[int, Field(gt=0)]
    lossless: bool
    class_names: ClassNames
    urls: list[Url]


class ImageFolders(StrictModel):
    """An archive or folder with `train/<class>/*` and `test/<class>/*`."""

    format: Literal["image-folders"]
    sha256: Sha256
    lossless: bool
    class_names: ClassNames
    urls: list[Url]


class Digits(StrictModel):
    """The handwritten digits inside scikit-learn."""

    format: Literal["sklearn-digits"]
    sha256: Sha256
    lossless: bool
    class_names: ClassNames


Source = Cifar10Python | ImageFolders | Digits


class HeldOut(StrictModel):
    """How many training images of each class are held out to be evaluated on, by what is evaluated on."""

    test: Literal[0]
    validation: Annotated[int, Field(gt=0)]


class Data(StrictModel):
    source: str
    evaluate_on: Literal["test", "validation"]
    held_out: HeldOut
    sources: dict[Name, Annotated[Source, Field(discriminator="format")]]

    @model_validator(mode="after")
    def _source_is_listed(self) -> "Data":
        _one_of(self.source, self.sources, "source")
        return self


class Recipe(StrictModel):
    """How a net is trained; `params.yaml` says what each key means."""

    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    warm_up: Annotated[float, Field(ge=0, le=1)] = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    flip: bool = False
    shift: Pixels = 0
    border: Literal["reflect", "zero"] = "reflect"
    cutout: Pixels = 0
    allow_bfloat16: bool = False
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0)]
    log_every: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _every_key_does_something(self) -> "Recipe":
        needs = {
            "momentum": (self.optimizer == "sgd", "optimizer: sgd"),
            "nesterov": (self.optimizer == "sgd" and self.momentum > 0, "optimizer: sgd with a momentum above 0"),
            "warm_up": (self.schedule == "one-cycle", "schedule: one-cycle"),
            "border": (self.shift > 0, "a shift above 0"),
        }
        for key, (is_there, need) in needs.items():
            value = getattr(self, key)
            if value != type(self).model_fields[key].default and not is_there:
                details = {"key": key, "value": value, "need": need}
                raise PydanticCustomError("bad_entry", "needs {need}; without it, leave {key} out", details)
        return self

    @model_serializer(mode="wrap")
    def _as_it_stands(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without the keys that were left out: results of before such a key was thought of keep their bytes."""
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}


class NamedRecipe(Recipe):
    """A recipe with its name in `recipes`."""

    name: str


class NetParams(StrictModel):
    """How a CPU trains a net, and the settings of its class as further keys."""

    model_config = ConfigDict(extra="allow")

    threads: Annotated[int, Field(gt=0, le=64)] = 1
    onednn_from: Annotated[int, Field(gt=0)] = 1

    @property
    def settings(self) -> dict[str, object]:
        return dict(self.model_extra or {})


class Params(StrictModel):
    recipe: str
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(min_length=1)]
    recipes: dict[Name, Recipe]
    nets: Annotated[dict[Name, NetParams], Field(min_length=1)]
    data: Data

    @property
    def chosen_recipe(self) -> NamedRecipe:
        return NamedRecipe(name=self.recipe, **self.recipes[self.recipe].model_dump())

    @field_validator("nets")
    @classmethod
    def _each_net_has_a_file(cls, nets: dict[str, NetParams]) -> dict[str, NetParams]:
        for name in nets:
            if name not in NETS:
                details = {"key": name, "name": name, "files": ", ".join(NETS)}
                raise PydanticCustomError("bad_entry", "there is no src/nets/{name}.py; there are {files}", details)
        return nets

    @field_validator("seeds")
    @classmethod
    def _seeds_are_distinct(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds):
            raise PydanticCustomError("distinct", "each seed can stand there only once")
        return seeds

    @model_validator(mode="after")
    def _recipe_is_listed(self) -> "Params":
        _one_of(self.recipe, self.recipes, "recipe")
        return self


def load_params(path: Path = PARAMS) -> Params:
    """Read and check `path`; raises `UserError` naming the key, its value and what is allowed."""
    try:
        values = yaml12.read(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file here; run this from the top of the repository") from None
    if values is None:
        raise UserError(f"{path}: nothing in it; `git checkout {path}` puts back what is committed")
    return validate(Params, values, str(path))


def _one_of(value: str, allowed: dict, key: str) -> None:
    if value not in allowed:
        details = {"key": key, "allowed": ", ".join(allowed)}
        raise PydanticCustomError("bad_entry", "no such entry; allowed are {allowed}", details)
