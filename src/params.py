"""`params.yaml`, checked. Values are passed on as the file has them, because DVC tracks them there."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dataset import ClassName
from run import Run
from schema import Name, StrictModel, read_yaml, validate
from training.recipe import Recipe

NETS = sorted(path.stem for path in (Path(__file__).parent / "nets").glob("[!_]*.py"))

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
    sha256: str
    class_names: Annotated[dict[str, ClassName], Field(min_length=2, max_length=256), Distinct]  # labels: uint8
    urls: Annotated[list[str], Field(default_factory=list)]


class Data(StrictModel):
    source: str
    evaluate_on: Literal["test", "validation"]
    validation_per_class: Annotated[int, Field(gt=0)]
    sources: dict[Name, Source]


class Compare(StrictModel):
    """The runs: each of `nets` is trained by each of `recipes` from each of `seeds`."""

    nets: Annotated[list[Name], Field(min_length=1), Distinct]
    recipes: Annotated[list[Name], Field(min_length=1), Distinct]
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]

    @property
    def runs(self) -> list[Run]:
        """Seed by seed, so that an interruption leaves a comparison that is complete so far."""
        return [Run(net, recipe, seed) for seed in self.seeds for recipe in self.recipes for net in self.nets]


class Params(StrictModel):
    compare: Compare
    recipes: dict[Name, Recipe]
    data: Data

    @model_validator(mode="after")
    def _what_is_chosen_is_there(self) -> "Params":
        hint = "in src/nets; a queued or temporary experiment has only files that git knows: `git add` a new one"
        for key, chosen, there, where in (
            ("compare.nets", self.compare.nets, NETS, hint),
            ("compare.recipes", self.compare.recipes, self.recipes, "in recipes"),
            ("data.source", [self.data.source], self.data.sources, "in data.sources"),
        ):
            if missing := [name for name in chosen if name not in there]:
                raise ValueError(f"{key}: there is no {missing[0]}; there are {', '.join(there)} ({where})")
        return self


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check `path`; raises `UserError` naming the key, its value and what is allowed."""
    return validate(Params, read_yaml(path), str(path))
