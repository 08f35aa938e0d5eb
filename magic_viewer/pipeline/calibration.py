"""From log-likelihoods to calibrated probabilities, and how typical an image is.

Both are fitted on validation images that the weights were not trained on, and stored with the
model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

UNLIKE = 0.01
"""Typicality below this is said to be unlike anything the model has seen."""
UNUSUAL = 0.05


@dataclass(frozen=True)
class Calibration:
    """What validation images taught about a model's own numbers.

    Where an input has several tiles (`preprocess`), the log-likelihoods given here are means
    over its tiles: neighbouring tiles tell much the same, and one set of temperatures then holds
    for images of any number of tiles. bits/dim are per pixel of all tiles in any case.

    Attributes:
        likelihood_temperatures: (scales,) each divides its scale's log-likelihood, finest first.
            A scale that is surer of itself than it is right gets a higher one.
        log_prior: nats, one for each class.
        scale_medians: (scales,) median bits/dim of each scale over validation images.
        scale_spreads: (scales,) half the range from the 16th to the 84th percentile.
        atypicality_quantiles: atypicality of validation images, evenly spaced quantiles from
            0 to 1.
    """

    likelihood_temperatures: tuple[float, ...]
    log_prior: tuple[float, ...]
    scale_medians: tuple[float, ...]
    scale_spreads: tuple[float, ...]
    atypicality_quantiles: tuple[float, ...]

    def posterior(self, log_likelihoods: FloatArray) -> FloatArray:
        """(B, classes, scales) nats -> calibrated probabilities (B, classes)."""
        scores = tempered(log_likelihoods, self.likelihood_temperatures)
        scores = scores + np.asarray(self.log_prior)
        scores = scores - scores.max(1, keepdims=True)
        weights = np.exp(scores)
        return np.asarray(weights / weights.sum(1, keepdims=True))

    def atypicality(self, scale_bits: FloatArray) -> FloatArray:
        """(B, scales) bits/dim under the predicted class -> largest deviation over scales.

        Two-sided: an image that is too easy (blank, smooth) is as unlike a scan as one that
        is too hard.
        """
        deviation = (scale_bits - np.asarray(self.scale_medians)) / np.asarray(self.scale_spreads)
        return np.asarray(np.abs(deviation).max(1))

    def typicality(self, scale_bits: FloatArray) -> FloatArray:
        """Share of validation images at least as atypical, (B,)."""
        quantiles = np.asarray(self.atypicality_quantiles)
        rank = np.interp(self.atypicality(scale_bits), quantiles, np.linspace(0, 1, len(quantiles)))
        beyond = self.atypicality(scale_bits) > quantiles[-1]
        return np.asarray(np.where(beyond, 0.0, 1 - rank))


def verdict(typicality: float) -> str:
    """The typicality in words."""
    if typicality < UNLIKE:
        return "Unlike anything this model has seen: don't rely on the class."
    if typicality < UNUSUAL:
        return "Unusual for this model: take the class with caution."
    return "Typical of the images this model was validated on."


def calibrate(
    log_likelihoods: FloatArray,
    scale_bits: FloatArray,
    labels: Sequence[int] | npt.NDArray[np.int64],
    quantiles: int = 201,
) -> Calibration:
    """Fits a calibration on validation images, every class counting the same.

    Args:
        log_likelihoods: (B, classes, scales) nats.
        scale_bits: the same in bits/dim.
        labels: (B,) true classes.
        quantiles: how finely the distribution of atypicality is stored.

    Returns:
        The calibration, with a uniform prior.
    """
    truth = np.asarray(labels)
    classes = log_likelihoods.shape[1]
    prior = (float(-np.log(classes)),) * classes
    temperatures = fit_temperatures(log_likelihoods, truth)
    best = tempered(log_likelihoods, temperatures).argmax(1)
    predicted = scale_bits[np.arange(len(truth)), best]
    low, middle, high = np.percentile(predicted, [16, 50, 84], axis=0)
    spreads = np.maximum((high - low) / 2, 1e-3)
    draft = Calibration(
        temperatures,
        prior,
        tuple(middle.tolist()),
        tuple(spreads.tolist()),
        (0.0, 1.0),
    )
    levels = np.quantile(draft.atypicality(predicted), np.linspace(0, 1, quantiles))
    return Calibration(
        draft.likelihood_temperatures,
        draft.log_prior,
        draft.scale_medians,
        draft.scale_spreads,
        tuple(levels.tolist()),
    )


def tempered(log_likelihoods: FloatArray, temperatures: Sequence[float]) -> FloatArray:
    """(B, classes, scales) nats over their temperatures, summed: (B, classes)."""
    return np.asarray((log_likelihoods / np.asarray(temperatures)).sum(2))


def fit_temperatures(
    log_likelihoods: FloatArray, labels: npt.NDArray[np.int64]
) -> tuple[float, ...]:
    """The likelihood temperatures of least cross-entropy, each class weighing the same.

    First one for all scales, then one after the other in ever smaller steps; the cross-entropy
    is convex in their inverses.

    Args:
        log_likelihoods: (B, classes, scales) nats.
        labels: (B,) true classes.

    Returns:
        One for each scale, between 1 and 10,000.
    """

    def loss(logs: FloatArray) -> float:
        return cross_entropy(tempered(log_likelihoods, np.exp(logs).tolist()), labels)

    low, high = 0.0, np.log(1e4)
    scales = np.eye(log_likelihoods.shape[2])
    logs = min((np.full(len(scales), t) for t in np.linspace(low, high, 93)), key=loss)
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
