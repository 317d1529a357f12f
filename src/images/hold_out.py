"""Validation images: training images that are held out, for choices that must not be made on the test images."""

import numpy as np

from errors import UserError
from images import Splits


def hold_out(images: np.ndarray, labels: np.ndarray, class_names: list[str], per_class: int) -> Splits:
    """`{"train": (images, labels), "validation": (images, labels)}` with `per_class` validation images of each class.

    The validation images are evenly spread over each class in the source's order. A source may be ordered by writer or
    by time; then both parts have images of each. There is no random choice, so every machine makes the same one.
    Raises `UserError` where a class would have no image left to train on.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    fewest = int(counts.min())
    if per_class >= fewest:
        raise UserError(
            f"params.yaml: data.validation_per_class = {per_class}: there are {fewest} training images of "
            f"{class_names[counts.argmin()]}, so at most {fewest - 1} of each class can be held out"
        )
    is_held_out = np.zeros(len(labels), dtype=bool)
    for label in range(len(class_names)):
        members = np.flatnonzero(labels == label)
        is_held_out[members[np.arange(per_class) * len(members) // per_class]] = True
    return {
        "train": (images[~is_held_out], labels[~is_held_out]),
        "validation": (images[is_held_out], labels[is_held_out]),
    }
