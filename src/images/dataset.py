"""Labelled images in memory and as the pipeline's `.npz` files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from foundation.atomic import replacing
from foundation.errors import UserError, is_of_the_system, reason
from foundation.validation import StrictModel, validate

if TYPE_CHECKING:
    import torch  # takes seconds, and `fetch` and `compare` need no tensors

IMAGE_SHAPE = (32, 32, 3)
OfOneKind = Annotated[int, Field(ge=0, exclude_if=lambda images: images == 0)]  # files name the kind there is


class Dataset(StrictModel):
    """What is known of the images beside themselves; `data/dataset.json` says it of those in `data/`."""

    source: str  # its name in `data.sources` of params.yaml
    content: str  # the pinned checksum, `md5:…` or `sha256:…`
    lossless: bool
    train_images: int
    test_images: OfOneKind = 0  # what nets are evaluated on: either these, or
    validation_images: OfOneKind = 0  # these, which are then held out of the source's training images

    @model_validator(mode="after")
    def _is_evaluated_on_one_kind(self) -> Dataset:
        if bool(self.test_images) == bool(self.validation_images):
            raise PydanticCustomError("one_kind", "expected either test_images or validation_images")
        return self

    @property
    def evaluated_on(self) -> Literal["test", "validation"]:
        return "validation" if self.validation_images else "test"

    @property
    def evaluated_images(self) -> int:
        return self.validation_images or self.test_images

    @property
    def title(self) -> str:
        """What titles call it, so that nobody takes figures of validation images for those of test images."""
        if self.validation_images:
            return f"{self.source} with {self.validation_images:,} validation images"
        return self.source


@dataclass(frozen=True)
class Split:
    """The training images of a dataset, or those that nets are evaluated on.

    images: (N, 32, 32, 3) uint8, RGB; labels: (N,) uint8, indices into `class_names`. Raises `UserError` for others.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    dataset: Dataset

    def __post_init__(self) -> None:
        if self.labels.ndim != 1 or self.labels.dtype != np.uint8:
            raise UserError(f"labels: expected (N,) uint8, found {self.labels.shape} {self.labels.dtype}")
        shape = (len(self.labels), *IMAGE_SHAPE)
        if self.images.shape != shape or self.images.dtype != np.uint8:
            raise UserError(f"images: expected {shape} uint8, found {self.images.shape} {self.images.dtype}")
        if not len(self.labels):
            raise UserError("there are no images")
        if self.labels.max() >= len(self.class_names):
            raise UserError(f"labels: expected 0 to {len(self.class_names) - 1}, found {self.labels.max()}")

    def __len__(self) -> int:
        return len(self.labels)

    def tensors(self, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 32, 32, 3) uint8 and targets (N,) int64 on `device`."""
        import torch

        return torch.from_numpy(self.images).to(device), torch.from_numpy(self.labels).to(device).long()


def save(path: str | Path, split: Split) -> None:
    """Write `split` to `path`; the same split gives the same bytes."""
    with replacing(path) as file:
        np.savez(
            file,
            images=split.images,
            labels=split.labels,
            class_names=np.array(split.class_names),
            source=np.array(json.dumps(split.dataset.model_dump(), sort_keys=True)),
        )


def load(path: str | Path) -> Split:
    """Read what `save` wrote; raises `UserError` when `path` is missing or something else.

    Where the system refuses to open or to read it, its `OSError` says so.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise UserError(f"{path} is not a file: remove it, then `dvc repro fetch` makes it")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if arrays["class_names"].ndim != 1 or arrays["class_names"].dtype.kind != "U":
                raise UserError("class_names: expected a list of texts")
            return Split(
                images=arrays["images"],
                labels=arrays["labels"],
                class_names=arrays["class_names"].tolist(),
                dataset=validate(Dataset, json.loads(str(arrays["source"])), "source"),
            )
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro fetch` makes it") from None
    except MemoryError as error:
        raise UserError(f"{path} does not fit into memory ({reason(error)})") from None
    except Exception as error:
        if is_of_the_system(error):
            raise
        raise UserError(
            f"{path} is damaged ({reason(error)}): delete it, then `dvc repro fetch` makes it again"
        ) from None


def scale(images: torch.Tensor, mean: float, std: float) -> torch.Tensor:
    """Images (N, 32, 32, 3) uint8 to a net's input (N, 3, 32, 32) float32, (x/255 − mean)/std.

    The result has the channels-last memory format, which is how the bytes already lie.
    """
    return images.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)
