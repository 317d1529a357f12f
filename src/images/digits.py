"""The 1,797 handwritten digits that scikit-learn carries inside its package: real images, no network."""

import hashlib
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits

from foundation.errors import UserError
from params import Digits

TEST_EVERY = 5  # of each class, every fifth image goes to the test split


def read(source: Digits) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}`: 8×8 grey images of 0…16, scaled to 32×32 RGB of 0…255."""
    digits = load_digits()
    pixels, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    found = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if found != source.sha256:
        raise UserError(
            f"scikit-learn's digits are not the pinned ones: expected sha256 {source.sha256}, found {found}"
        )

    grey = np.round(pixels * (255 / 16)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    images = np.repeat(grey[..., None], 3, axis=3)
    in_test = np.zeros(len(labels), dtype=bool)
    for indices in _indices_by_class(labels):
        in_test[indices[::TEST_EVERY]] = True
    return {"train": (images[~in_test], labels[~in_test]), "test": (images[in_test], labels[in_test])}


def _indices_by_class(labels: np.ndarray) -> Iterator[np.ndarray]:
    for label in np.unique(labels):
        yield np.flatnonzero(labels == label)
