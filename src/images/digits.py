"""The 1,797 handwritten digits inside scikit-learn: real images without a download."""

import hashlib

import numpy as np
from sklearn.datasets import load_digits

from errors import UserError
from images import Splits
from params import Source

TEST_EVERY = 5  # every fifth image of each class goes to the test split


def read(source: Source) -> Splits:
    """The digits, 8×8 grey images of 0…16, scaled to 32×32 RGB of 0…255; `images` says what is returned."""
    digits = load_digits()
    pixels, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    found = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if found != source.sha256:
        raise UserError(f"scikit-learn's digits: expected sha256 {source.sha256}, found {found}")

    grey = np.round(pixels * (255 / 16)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    images = np.repeat(grey[..., None], 3, axis=3)
    in_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        in_test[np.flatnonzero(labels == label)[::TEST_EVERY]] = True
    return {"train": (images[~in_test], labels[~in_test]), "test": (images[in_test], labels[in_test])}
