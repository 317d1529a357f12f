"""Labelled images in memory and as the pipeline's `.npz` files."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import StringConstraints

from errors import reading
from files import write_bytes
from schema import StrictModel

if TYPE_CHECKING:
    import torch

IMAGE_SHAPE = (32, 32, 3)
# Letters of any language, but no character that is markup in the report or in the page of `dvc plots show`.
ClassName = Annotated[str, StringConstraints(pattern=r"^\w[\w .,'()/+-]{0,59}$")]


class Dataset(StrictModel):
    """What the images are; `data/dataset.json` describes those in `data/`.

    source: its name in `data.sources` of params.yaml; content: the sha256 that pins it there.
    With `evaluated_on: validation` the evaluated images are held out of the source's training images.
    """

    source: str
    content: str
    train_images: int
    evaluated_on: Literal["test", "validation"]
    evaluated_images: int


@dataclass(frozen=True)
class Split:
    """The training images of a dataset, or those that nets are evaluated on.

    images: (N, 32, 32, 3) uint8, RGB; labels: (N,) uint8, indices into `class_names`.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    dataset: Dataset

    def __len__(self) -> int:
        return len(self.labels)


def save(path: str | Path, split: Split) -> None:
    """Write `split` to `path`; the same split gives the same bytes."""
    dataset = json.dumps(split.dataset.model_dump(), sort_keys=True)
    write_npz(path, images=split.images, labels=split.labels, class_names=split.class_names, dataset=dataset)


def write_npz(path: str | Path, **arrays: np.ndarray | list[str] | str) -> None:
    """Write `arrays` to `path`. All versions of Python give the same bytes; `np.savez` does not."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.save(member, array)
    write_bytes(path, content.getvalue())


def load(path: str | Path) -> Split:
    """Read what `save` wrote; raises `UserError` when `path` is missing or something else."""
    with reading(path, "data set of this project", "`dvc repro fetch` makes it"), np.load(path) as arrays:
        return Split(
            images=arrays["images"],
            labels=arrays["labels"],
            class_names=arrays["class_names"].tolist(),
            dataset=Dataset.model_validate_json(str(arrays["dataset"])),
        )


def scale(images: torch.Tensor, mean: float, std: float) -> torch.Tensor:
    """Images (N, 32, 32, 3) uint8 to a net's input (N, 3, 32, 32) float32, (x/255 − mean)/std.

    The result has the channels-last memory format, which is how the bytes already lie.
    """
    return images.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)
