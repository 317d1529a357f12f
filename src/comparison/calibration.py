"""Whether probabilities say how often a net is right, from its logits."""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import brier_score_loss

BINS = 15


class Bin(NamedTuple):
    """The images whose confidence is in one bin. number: 1 to `BINS`; confidence, accuracy: means, 0 to 1."""

    number: int
    confidence: float
    accuracy: float
    images: int


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[Bin]:
    """The bins of equal width that are not empty, from probabilities (N, classes). A bin holds its upper limit.

    Confidence is the probability of the predicted class.
    """
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    numbers = 1 + np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    bins = [(int(number), numbers == number) for number in np.unique(numbers)]
    return [Bin(i, float(confidence[mask].mean()), float(is_right[mask].mean()), int(mask.sum())) for i, mask in bins]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean distance from confidence to accuracy of the bins, by their images; 0 to 1.

    C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    bins = reliability(probabilities, labels)
    return sum(one.images * abs(one.accuracy - one.confidence) for one in bins) / len(labels)


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean over images of Σ (probability − 1 for the true class, or 0)², from 0 to 2 for any number of classes."""
    return float(brier_score_loss(labels, probabilities, labels=range(probabilities.shape[1]), scale_by_half=False))


def losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy (nats) of each image, (seeds, images), from logits (seeds, images, classes)."""
    return -log_softmax(logits.astype(np.float64), axis=2)[:, np.arange(len(labels)), labels]
