"""The 1,797 handwritten digits inside scikit-learn: real images without a download."""

import numpy as np
from sklearn.datasets import load_digits

from images import Splits

TEST_EVERY = 5  # every fifth image of each class goes to the test split


def read() -> Splits:
    """The digits, 8×8 grey images of 0…16, scaled to 32×32 RGB of 0…255; `images` says what is returned."""
    digits = load_digits()
    grey = np.round(digits.images * (255 / 16)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    images, labels = np.repeat(grey[..., None], 3, axis=3), digits.target.astype(np.uint8)
    in_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        in_test[np.flatnonzero(labels == label)[::TEST_EVERY]] = True
    return {"train": (images[~in_test], labels[~in_test]), "test": (images[in_test], labels[in_test])}
