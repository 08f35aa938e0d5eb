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
from magic_viewer.pipeline.gate import Look, look
from magic_viewer.pipeline.library import read_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.pipeline.scoring import scale_bits, score_input
from magic_viewer.pipeline.series import by_patient_and_class
from magic_viewer.progress import Progress
from magic_viewer.training.data import read_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.statistics import balanced_accuracy, calibration_error, log_loss, voted

CHUNK = 24


@dataclass(frozen=True, eq=False)
class Scores:
    """What a flow says of B images.

    Attributes:
        draws: (B, draws, classes, scales) nats, for each draw of the dequantization noise.
        latents: (B, classes, statistics) of `scoring.latent_statistics`.
        pixels: (B, size, size) the model's inputs.
        labels: (B,) true classes.
    """

    draws: npt.NDArray[np.float64]
    latents: npt.NDArray[np.float64]
    pixels: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        """(B, classes, scales) nats, mean over the draws."""
        return np.asarray(self.draws.mean(1))

    def look(self, predicted: npt.NDArray[np.int64]) -> Look:
        """What the gate sees under the predicted classes (B,)."""
        bits = scale_bits(self.scales, self.pixels[0].size)
        return look(self.pixels, bits, self.latents, predicted)


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
    pixels = [e.prepared(preprocess).pixels for e in examples]
    labels = np.asarray([names.index(e.label) for e in examples], np.int64)
    return (yield from score_inputs(flow, pixels, labels))


def score_inputs(
    flow: ConditionalFlow,
    pixels: Sequence[npt.NDArray[np.float32]],
    labels: npt.NDArray[np.int64],
) -> Generator[Progress, None, Scores]:
    """Scores model inputs (size, size) with labels (B,) under every class."""
    found = []
    for number, image in enumerate(pixels):
        if number % CHUNK == 0:
            yield Progress(number, len(pixels), "Scoring images")
        found.append(score_input(flow, image))
    return Scores(
        np.stack([score.draws for score in found]),
        np.stack([score.latents for score in found]),
        np.stack(pixels),
        labels,
    )


@dataclass(frozen=True, eq=False)
class Answers:
    """What the program would say of B images.

    Attributes:
        probabilities: (B, classes), calibrated.
        typicality: (B,).
        abstains: (B,) whether draws of the noise disagree about the class.
    """

    probabilities: npt.NDArray[np.float64]
    typicality: npt.NDArray[np.float64]
    abstains: npt.NDArray[np.bool_]


def answers(scores: Scores, calibration: Calibration) -> Answers:
    """The program's answers, the same as the engine's."""
    probabilities = calibration.posterior(scores.scales)
    predicted = probabilities.argmax(1)
    drawn = calibration.posterior(scores.draws).argmax(2)
    return Answers(
        probabilities,
        calibration.typicality(scores.look(predicted)),
        (drawn != predicted[:, None]).any(1),
    )


def metrics(
    scores: Scores, examples: Sequence[Example], calibration: Calibration, dimensions: int
) -> dict[str, float | int]:
    """Figures for people: accuracy, balanced accuracy, bits/dim, calibration error, ...

    `accuracy_where_answered` leaves out the images where the program abstains. Figures by
    patient take all slices of one patient and one true class as a series, as
    `Engine.classify_series` does.
    """
    labels, classes = scores.labels, scores.scales.shape[1]
    said = answers(scores, calibration)
    own = scores.scales.sum(2)[np.arange(len(labels)), labels]
    right = said.probabilities.argmax(1) == labels
    figures: dict[str, float | int] = {
        "n": len(labels),
        "accuracy": float(right.mean()),
        "balanced_accuracy": balanced_accuracy(said.probabilities.argmax(1), labels, classes),
        "abstained_share": float(said.abstains.mean()),
        "bits_per_dim": float(scale_bits(own, dimensions).mean()),
        "ece": calibration_error(said.probabilities, labels),
        "out_of_distribution_share": float((said.typicality < UNLIKE).mean()),
    }
    if not said.abstains.all():
        figures["accuracy_where_answered"] = float(right[~said.abstains].mean())
    known = said.typicality >= UNLIKE
    patients, series = [e.patient for e in examples], [e.series for e in examples]
    if any(patients):
        votes, truth, answered = by_group(scores, known, patients, calibration)
        chosen = voted(votes.argmax(1), truth, answered, classes)
        figures["patients"] = len(set(patients))
        figures["patient_balanced_accuracy"] = balanced_accuracy(chosen, truth, classes)
        figures["patient_ece"] = calibration_error(votes, truth)
        figures["patient_nll"] = log_loss(votes, truth)
    if any(series):
        votes, truth, answered = by_group(scores, known, series, calibration)
        chosen = voted(votes.argmax(1), truth, answered, classes)
        figures["series"] = len(set(series))
        figures["series_balanced_accuracy"] = balanced_accuracy(chosen, truth, classes)
    return figures


def by_group(
    scores: Scores,
    known: npt.NDArray[np.bool_],
    names: Sequence[str | None],
    calibration: Calibration,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Of each name and class: series posteriors (groups, classes), labels and answered (groups,).

    Without a known slice there is no answer.

    Args:
        scores: of B slices.
        known: (B,) those that the gate lets pass; the others are left out.
        names: (B,) patient or series of each slice.
        calibration: of the model.
    """
    groups, truth = by_patient_and_class(names, scores.labels)
    series = [calibration.series_posterior(scores.scales[rows[known[rows]]]) for rows in groups]
    return np.stack(series), truth, np.asarray([known[rows].any() for rows in groups])


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's answers on labelled images.

    Attributes:
        examples: the images.
        scores: what the flow says of them.
        answers: what the program says of them.
        dimensions: pixels of a model input.
        figures: of `metrics`.
    """

    examples: list[Example]
    scores: Scores
    answers: Answers
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
    figures = metrics(scores, examples, calibration, flow.dimensions)
    said = answers(scores, calibration)
    return Evaluation(examples, scores, said, flow.dimensions, figures)
