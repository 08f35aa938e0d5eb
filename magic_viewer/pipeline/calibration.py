"""What validation images taught about a model's own numbers.

They are images that the weights were not trained on. Four things are fitted on them and stored
with the model: likelihood temperatures (`temperature`), the gate that tells foreign images
(`gate`), and how much the slices of a series resemble each other (`series`).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.gate import Gate, Look, fit_gate
from magic_viewer.pipeline.series import by_patient_and_class, combine, fit_correlation
from magic_viewer.pipeline.temperature import softmax, tempered

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

UNLIKE = 0.01
"""Typicality below this is said to be unlike anything the model has seen."""
UNUSUAL = 0.05


@dataclass(frozen=True)
class Calibration:
    """What validation images taught about a model's own numbers.

    Attributes:
        likelihood_temperatures: (scales,) each divides its scale's log-likelihood, finest first.
            A scale that is surer of itself than it is right gets a higher one.
        log_prior: nats, one for each class.
        series_correlation: of the slices of a series, 0..1; see `series`.
        gate: what tells foreign images.
    """

    likelihood_temperatures: tuple[float, ...]
    log_prior: tuple[float, ...]
    series_correlation: float
    gate: Gate

    def scores(self, log_likelihoods: FloatArray) -> FloatArray:
        """(..., classes, scales) nats -> tempered log-likelihoods (..., classes)."""
        return tempered(log_likelihoods, self.likelihood_temperatures)

    def posterior(self, log_likelihoods: FloatArray) -> FloatArray:
        """(..., classes, scales) nats -> calibrated probabilities (..., classes)."""
        return softmax(self.scores(log_likelihoods) + np.asarray(self.log_prior))

    def series_posterior(self, log_likelihoods: FloatArray) -> FloatArray:
        """(slices, classes, scales) nats of a series -> its probabilities (classes,).

        Without a slice, the prior.
        """
        scores = combine(self.scores(log_likelihoods), self.series_correlation)
        return softmax(scores + np.asarray(self.log_prior))

    def typicality(self, images: Look) -> FloatArray:
        """Share of images of the model's kind that are at least as atypical, (B,)."""
        return self.gate.typicality(images)


def verdict(typicality: float, reason: str = "") -> str:
    """The typicality in words.

    Args:
        typicality: 0..1.
        reason: what stands out, words that follow "it".
    """
    because = f" (it {reason})" if reason else ""
    if typicality < UNLIKE:
        return f"Unlike anything this model has seen{because}."
    if typicality < UNUSUAL:
        return f"Unusual for this model{because}: take the class with caution."
    return "Typical of the images this model was validated on."


def too_close(contenders: Sequence[str]) -> str:
    """That the program abstains, in words."""
    return (
        f"Too close to call: {' or '.join(contenders)}. The answer changes with the noise that "
        "stands for the rounding of grey levels."
    )


def calibrate(
    log_likelihoods: FloatArray,
    labels: Sequence[int] | IntArray,
    patients: Sequence[Hashable | None],
    temperatures: tuple[float, ...],
    images: Look,
    synthetic: Sequence[Look] = (),
) -> Calibration:
    """Fits a calibration on validation images, every class counting the same.

    Args:
        log_likelihoods: (B, classes, scales) nats.
        labels: (B,) true classes.
        patients: (B,) of each image, None where nobody knows.
        temperatures: (scales,) of `temperature.fit_temperatures`; the predicted classes rest
            on them.
        images: what the gate sees of the images, under the predicted classes.
        synthetic: the same of kinds of images that the model drew itself.

    Returns:
        The calibration, with a uniform prior.
    """
    truth = np.asarray(labels)
    _, classes, scales = log_likelihoods.shape
    scores = tempered(log_likelihoods, temperatures)
    series, series_labels = by_patient_and_class(patients, truth)
    return Calibration(
        temperatures,
        (float(-np.log(classes)),) * classes,
        fit_correlation(scores, series_labels, series),
        fit_gate(images, patients, synthetic, scales, classes),
    )
