"""Validation images: training images that are held out, for choices that must not be made on the test images."""

import numpy as np

from foundation.errors import UserError


def hold_out(
    images: np.ndarray, labels: np.ndarray, class_names: list[str], per_class: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "validation": …}`: `per_class` images of each class, and the others.

    Those of a class are evenly spread over it in the source's order, which may be one of writers or of time, so that
    both parts have some of all. Nothing else decides: no seed, no random generator whose numbers another version of a
    library could change, and no pixels, which another decoder of JPEG could round otherwise.
    Raises `UserError` where a class would have no image left to train on.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    fewest = int(counts.min())
    if per_class >= fewest:
        raise UserError(
            f"params.yaml: data.held_out.validation = {per_class}: there are {fewest} training images of "
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
