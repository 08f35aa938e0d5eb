"""Likelihood temperatures: from log-likelihoods to calibrated probabilities."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def softmax(scores: FloatArray) -> FloatArray:
    """(..., classes) nats -> probabilities."""
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def tempered(log_likelihoods: FloatArray, temperatures: Sequence[float]) -> FloatArray:
    """(..., classes, scales) nats over their temperatures, summed: (..., classes)."""
    return np.asarray((log_likelihoods / np.asarray(temperatures)).sum(-1))


def fit_temperatures(
    log_likelihoods: FloatArray, labels: npt.NDArray[np.int64], few: bool = False
) -> tuple[float, ...]:
    """The likelihood temperatures of least cross-entropy, each class weighing the same.

    First one for all scales, then one after the other in ever smaller steps; the cross-entropy
    is convex in their inverses.

    Args:
        log_likelihoods: (B, classes, scales) nats.
        labels: (B,) true classes.
        few: whether they are of few patients, who can't tell the scales' merits apart and are
            easily all right: then one for all scales, the highest that costs no more than
            1 / (B + 2) nats of cross-entropy.

    Returns:
        One for each scale, between 1 and 10,000.
    """

    def loss(logs: FloatArray) -> float:
        return cross_entropy(tempered(log_likelihoods, np.exp(logs).tolist()), labels)

    low, high = 0.0, np.log(1e4)
    scales = np.eye(log_likelihoods.shape[2])
    same = [np.full(len(scales), t) for t in np.linspace(low, high, 93)]
    losses = [loss(logs) for logs in same]
    least = min(losses)
    if few:
        allowed = least + 1 / (len(labels) + 2)
        careful = max(n for n, value in enumerate(losses) if value <= allowed)
        return tuple(np.exp(same[careful]).tolist())
    logs = same[losses.index(least)]
    for step in np.geomspace(1.0, 0.01, 30):
        for scale in scales:
            moves = [logs + step * part * scale for part in np.linspace(-1, 1, 21)]
            logs = min((np.clip(move, low, high) for move in moves), key=loss)
    return tuple(np.exp(logs).tolist())


def cross_entropy(scores: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """Mean over classes of the mean -log softmax(scores)[label], nats."""
    scores = scores - scores.max(1, keepdims=True)
    log_posterior = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    of_truth = -log_posterior[np.arange(len(labels)), labels]
    return float(np.mean([of_truth[labels == label].mean() for label in np.unique(labels)]))
