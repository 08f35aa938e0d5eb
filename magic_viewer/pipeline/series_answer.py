"""From the answers for a series' slices to the answer for the series. No torch."""

from collections.abc import Sequence

import numpy as np

from magic_viewer.errors import ModelError
from magic_viewer.pipeline.calibration import Calibration, verdict
from magic_viewer.pipeline.results import Classification, ModelInfo, SeriesClassification


def calibrated(info: ModelInfo, calibration: Calibration | None) -> Calibration:
    """A model's calibration.

    Raises:
        ModelError: it has none.
    """
    if calibration is None:
        raise ModelError(
            f"Model {info.name} isn't calibrated, so its probabilities would mean "
            f"nothing. First: magic-viewer models calibrate {info.name} DATA"
        )
    return calibration


def series_answer(
    answers: Sequence[Classification],
    count: int,
    labels: tuple[str, ...],
    calibration: Calibration,
) -> SeriesClassification:
    """The answer for a series.

    Args:
        answers: of one model. Those of slices that are not of its kind are left out.
        count: slices in the series, also those without an answer.
        labels: of the model.
        calibration: of the model.
    """
    used = [a.scale_log_likelihoods for a in answers if a.in_distribution]
    nats = [[each[label] for label in labels] for each in used]
    shape = (len(used), len(labels), len(calibration.likelihood_temperatures))
    probabilities = calibration.series_posterior(np.reshape(nats, shape))
    words = f"From {len(used)} of {count} slices."
    if not used:
        words = verdict(0.0, "has no slice like those it was validated on")
    return SeriesClassification(
        labels[int(probabilities.argmax())],
        dict(zip(labels, probabilities.tolist(), strict=True)),
        len(used),
        count - len(used),
        words,
    )
