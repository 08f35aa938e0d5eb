"""How good a model is on labelled slices that it was not trained on."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from magic_viewer.errors import DataError, ModelError
from magic_viewer.flow.checkpoint import config_from_json, load_weights
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.calibration import UNLIKE, Calibration
from magic_viewer.pipeline.engine import DEQUANTIZATION_DRAWS, scale_bits
from magic_viewer.pipeline.library import read_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig, prepare_grey
from magic_viewer.progress import Progress
from magic_viewer.training.data import Example, read_examples
from magic_viewer.training.score import scale_scores
from magic_viewer.training.statistics import balanced_accuracy, calibration_error

CHUNK = 96


@dataclass(frozen=True, eq=False)
class Scores:
    """Log-likelihoods of examples.

    Attributes:
        scales: (B, classes, scales) nats.
        labels: (B,) true classes.
    """

    scales: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]


def choose_examples(
    examples: Sequence[Example], split: str | None = None, fold: int | None = None
) -> list[Example]:
    """Those of a split or a fold; all without either.

    Raises:
        DataError: if there are none.
    """
    wanted = split if split is not None else None if fold is None else str(fold)
    chosen = [e for e in examples if wanted is None or e.split == wanted]
    if not chosen:
        there = ", ".join(sorted({e.split for e in examples})) or "none"
        raise DataError(f"No images in '{wanted}'; the data has: {there}.")
    return chosen


def score_examples(
    flow: ConditionalFlow, preprocess: PreprocessConfig, examples: Sequence[Example]
) -> Generator[Progress, None, Scores]:
    """Scores examples under every label, in chunks.

    Raises:
        DataError: if an example has a label that the model doesn't know.
    """
    names = flow.config.labels
    if unknown := sorted({e.label for e in examples} - set(names)):
        raise DataError(
            f"The data has classes that the model doesn't know: {', '.join(unknown)}; "
            f"it knows {', '.join(names)}."
        )
    parts = []
    for start in range(0, len(examples), CHUNK):
        yield Progress(start, len(examples), "Scoring images")
        chunk = examples[start : start + CHUNK]
        pixels = np.stack([prepare_grey(e.grey, preprocess, limits=e.limits).pixels for e in chunk])
        parts.append(scale_scores(flow, pixels, seed=start, draws=DEQUANTIZATION_DRAWS))
    labels = np.asarray([names.index(e.label) for e in examples], np.int64)
    return Scores(np.concatenate(parts), labels)


def answers(
    scores: Scores, calibration: Calibration, dimensions: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities (B, classes), and typicality (B,) under the predicted class."""
    probabilities = calibration.posterior(scores.scales)
    bits = scale_bits(scores.scales, dimensions)
    predicted = bits[np.arange(len(bits)), probabilities.argmax(1)]
    return probabilities, calibration.typicality(predicted)


def metrics(
    scores: Scores, examples: Sequence[Example], calibration: Calibration, dimensions: int
) -> dict[str, float | int]:
    """Figures for people: accuracy, balanced accuracy, bits/dim, calibration error, ...

    `patient_balanced_accuracy` takes the mean probability over all slices of one patient and
    one true class.
    """
    labels, classes = scores.labels, scores.scales.shape[1]
    probabilities, typicality = answers(scores, calibration, dimensions)
    own = scores.scales.sum(2)[np.arange(len(labels)), labels]
    figures: dict[str, float | int] = {
        "n": len(labels),
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "balanced_accuracy": balanced_accuracy(probabilities.argmax(1), labels, classes),
        "bits_per_dim": float(scale_bits(own, dimensions).mean()),
        "ece": calibration_error(probabilities, labels),
        "out_of_distribution_share": float((typicality < UNLIKE).mean()),
    }
    if any(e.patient is not None for e in examples):
        votes, truth = by_patient(probabilities, labels, [e.patient for e in examples])
        figures["patients"] = len({e.patient for e in examples})
        figures["patient_balanced_accuracy"] = balanced_accuracy(votes.argmax(1), truth, classes)
    return figures


def by_patient(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    patients: Sequence[str | None],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Mean probabilities (groups, classes) and labels (groups,) of each patient and class."""
    groups = list(zip(patients, labels.tolist(), strict=True))
    kinds = sorted(set(groups), key=str)
    members = [np.array([g == kind for g in groups]) for kind in kinds]
    means = np.stack([probabilities[m].mean(0) for m in members])
    return means, np.asarray([label for _, label in kinds], np.int64)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's answers on labelled images.

    Attributes:
        examples: the images.
        scores: their log-likelihoods and labels.
        probabilities: (B, classes), calibrated.
        typicality: (B,) under the predicted class.
        dimensions: pixels of a model input.
        figures: of `metrics`.
    """

    examples: list[Example]
    scores: Scores
    probabilities: npt.NDArray[np.float64]
    typicality: npt.NDArray[np.float64]
    dimensions: int
    figures: dict[str, float | int]


def evaluation(
    folder: Path, data: Path, split: str | None = None, fold: int | None = None
) -> Generator[Progress, None, Evaluation]:
    """Evaluates a model folder on a data folder.

    Args:
        folder: of the model.
        data: in one of the forms of `training.data`.
        split: "train", "val" or "test".
        fold: of array data.

    Raises:
        ModelError: if the model can't be read or isn't calibrated.
    """
    bundle = read_bundle(folder)
    calibration = bundle.calibration
    if calibration is None:
        raise ModelError(f"Model {bundle.info.name} isn't calibrated: see `models calibrate`.")
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    examples = choose_examples(read_examples(data, bundle.task), split, fold)
    scores = yield from score_examples(flow, bundle.preprocess, examples)
    probabilities, typicality = answers(scores, calibration, flow.dimensions)
    figures = metrics(scores, examples, calibration, flow.dimensions)
    return Evaluation(examples, scores, probabilities, typicality, flow.dimensions, figures)
