"""`params.yaml`, checked. Values are passed on as the file has them, because DVC tracks them there."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from dataset import ClassName
from run import Run
from schema import Name, StrictModel, read_yaml, validate
from training.recipe import Recipe

NETS = sorted(path.stem for path in (Path(__file__).parent / "nets").glob("[!_]*.py"))

SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FolderName = Annotated[str, StringConstraints(pattern=r"^[^./\\\p{Cc}][^/\\\p{Cc}]*$")]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


def _are_distinct(values: list | dict) -> list | dict:
    listed = list(values.values()) if isinstance(values, dict) else values
    if repeated := sorted({str(value) for value in listed if listed.count(value) > 1}):
        raise ValueError(f"{', '.join(repeated)} is listed twice")
    return values


Distinct = AfterValidator(_are_distinct)


class Source(StrictModel):
    """CIFAR-10 in any of its forms, images in folders `train/<class>/` and `test/<class>/`, or scikit-learn's digits.

    urls: where an archive of it can be downloaded; the digits have none.
    """

    format: Literal["cifar10", "image-folders", "sklearn-digits"]
    sha256: Sha256
    class_names: Annotated[dict[FolderName, ClassName], Field(min_length=2, max_length=256), Distinct]  # labels: uint8
    urls: Annotated[list[Url], Field(default_factory=list)]


class Data(StrictModel):
    source: str
    evaluate_on: Literal["test", "validation"]
    validation_per_class: Annotated[int, Field(gt=0)]
    sources: dict[SourceName, Source]

    @model_validator(mode="after")
    def _source_is_listed(self) -> "Data":
        if self.source not in self.sources:
            raise ValueError(f"there is no source {self.source}; there are {', '.join(self.sources)}")
        return self


class Compare(StrictModel):
    """The runs: each of `nets` is trained by each of `recipes` from each of `seeds`."""

    nets: Annotated[list[Name], Field(min_length=1), Distinct]
    recipes: Annotated[list[Name], Field(min_length=1), Distinct]
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]

    @field_validator("nets")
    @classmethod
    def _each_net_has_a_file(cls, nets: list[str]) -> list[str]:
        if missing := [net for net in nets if net not in NETS]:
            hint = "a queued or temporary experiment has only files that git knows: `git add` a new one"
            raise ValueError(f"there is no src/nets/{missing[0]}.py; there are {', '.join(NETS)} ({hint})")
        return nets

    @property
    def runs(self) -> list[Run]:
        """Seed by seed, so that an interruption leaves a comparison that is complete so far."""
        return [Run(net, recipe, seed) for seed in self.seeds for recipe in self.recipes for net in self.nets]


class Params(StrictModel):
    compare: Compare
    recipes: dict[Name, Recipe]
    data: Data

    @model_validator(mode="after")
    def _recipes_are_listed(self) -> "Params":
        if missing := [recipe for recipe in self.compare.recipes if recipe not in self.recipes]:
            raise ValueError(f"compare.recipes: there is no recipe {missing[0]}; there are {', '.join(self.recipes)}")
        return self


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check `path`; raises `UserError` naming the key, its value and what is allowed."""
    return validate(Params, read_yaml(path), str(path))
