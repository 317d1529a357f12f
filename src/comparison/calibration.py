"""Whether probabilities say how often a net is right, from its logits."""

import numpy as np
import pandas as pd
from scipy.special import log_softmax

BINS = 15


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """The bins of equal width that are not empty, from probabilities (N, classes). A border belongs to the lower bin.

    Columns: bin, 1 to `BINS`; confidence, which is the probability of the predicted class, and accuracy: means over the
    bin's images, 0 to 1; images.
    """
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = 1 + np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    grouped = pd.DataFrame({"bin": bins, "confidence": confidence, "accuracy": is_right}).groupby("bin")
    return grouped.mean().assign(images=grouped.size()).reset_index()


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean distance from confidence to accuracy of the bins, by their images; 0 to 1.

    C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    bins = reliability(probabilities, labels)
    return float((bins["images"] * (bins["accuracy"] - bins["confidence"]).abs()).sum() / len(labels))


def losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy (nats) of each image, (seeds, images), from logits (seeds, images, classes)."""
    return -log_softmax(logits.astype(np.float64), axis=2)[:, np.arange(len(labels)), labels]
