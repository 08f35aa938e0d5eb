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

    Attributes:
        likelihood_temperature: divides log-posteriors.
        log_prior: nats, one for each class.
        scale_medians: (scales,) median bits/dim of each scale over validation images.
        scale_spreads: (scales,) half the range from the 16th to the 84th percentile.
        atypicality_quantiles: atypicality of validation images, evenly spaced quantiles from
            0 to 1.
    """

    likelihood_temperature: float
    log_prior: tuple[float, ...]
    scale_medians: tuple[float, ...]
    scale_spreads: tuple[float, ...]
    atypicality_quantiles: tuple[float, ...]

    def posterior(self, log_likelihoods: FloatArray) -> FloatArray:
        """(B, classes) nats -> calibrated probabilities."""
        scores = log_likelihoods / self.likelihood_temperature + np.asarray(self.log_prior)
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
        log_likelihoods: (B, classes) nats.
        scale_bits: (B, classes, scales) bits/dim of each scale.
        labels: (B,) true classes.
        quantiles: how finely the distribution of atypicality is stored.

    Returns:
        The calibration, with a uniform prior.
    """
    truth = np.asarray(labels)
    classes = log_likelihoods.shape[1]
    prior = (float(-np.log(classes)),) * classes
    predicted = scale_bits[np.arange(len(truth)), log_likelihoods.argmax(1)]
    low, middle, high = np.percentile(predicted, [16, 50, 84], axis=0)
    spreads = np.maximum((high - low) / 2, 1e-3)
    draft = Calibration(
        fit_temperature(log_likelihoods, truth),
        prior,
        tuple(middle.tolist()),
        tuple(spreads.tolist()),
        (0.0, 1.0),
    )
    levels = np.quantile(draft.atypicality(predicted), np.linspace(0, 1, quantiles))
    return Calibration(
        draft.likelihood_temperature,
        draft.log_prior,
        draft.scale_medians,
        draft.scale_spreads,
        tuple(levels.tolist()),
    )


def fit_temperature(log_likelihoods: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """The likelihood temperature of least cross-entropy, each class weighing the same.

    Found on a grid fine enough (1 %) that no more is to be gained on some hundred images.
    """
    candidates = np.geomspace(1.0, 1e4, 926)
    losses = [cross_entropy(log_likelihoods / t, labels) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def cross_entropy(scores: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """Mean over classes of the mean -log softmax(scores)[label], nats."""
    scores = scores - scores.max(1, keepdims=True)
    log_posterior = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    of_truth = -log_posterior[np.arange(len(labels)), labels]
    return float(np.mean([of_truth[labels == label].mean() for label in np.unique(labels)]))
