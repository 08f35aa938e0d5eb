"""One way to judge all: the same held-back images, features, counts and code."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.rivals.base import Classifier, Generator
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.series import by_patient_and_class
from magic_viewer.pipeline.temperature import fit_temperatures, tempered
from magic_viewer.progress import drain
from magic_viewer.training.build import split_examples
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.evaluate import score_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.features import ByteImages, as_input
from magic_viewer.training.generation import Reference, assess, compare, draw, mean_figures
from magic_viewer.training.loop import class_names, model_inputs
from magic_viewer.training.statistics import balanced_accuracy, calibration_error, class_figures

FloatArray = npt.NDArray[np.float64]
FIRST_SEED = 1
MEAN = "mean of classes"


@dataclass(frozen=True, eq=False)
class Parts:
    """Images to train on, to choose and calibrate by, and to judge by.

    Attributes:
        names: of the classes.
        config: of preprocessing, changes and seed.
        training: images.
        validation: images of other patients.
        held_back: images of yet others.
        split: the three in words.
    """

    names: tuple[str, ...]
    config: TrainConfig
    training: list[Example]
    validation: list[Example]
    held_back: list[Example]
    split: str

    @property
    def by_class(self) -> list[list[Example]]:
        """The training images of each class."""
        return [[e for e in self.training if e.label == name] for name in self.names]


def read_parts(data: Path, config: TrainConfig, fold: int) -> Parts:
    """Splits a data folder as `magic-viewer train` does."""
    training, validation, held_back, split = split_examples(
        read_examples(data, config.task), config, fold
    )
    return Parts(class_names(training), config, training, validation, held_back, split)


def judge_classes(parts: Parts, scores: Callable[[list[Example]], FloatArray]) -> dict[str, float]:
    """Figures of a classifier on the held-back images.

    Args:
        parts: temperatures are fitted on the validation images.
        scores: gives logits or log-likelihoods (B, classes, scales) of images.
    """
    truth = [_labels(examples, parts.names) for examples in (parts.validation, parts.held_back)]
    temperatures = fit_temperatures(scores(parts.validation), truth[0])
    found = tempered(scores(parts.held_back), temperatures)
    probabilities = np.exp(found - found.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    labels, classes = truth[1], len(parts.names)
    figures = {
        "balanced_accuracy": balanced_accuracy(probabilities.argmax(1), labels, classes),
        "ece": calibration_error(probabilities, labels),
        "auc": float(class_figures(probabilities, labels)["auc"].mean()),
    }
    if all(e.patient is not None for e in parts.held_back):
        people = [e.patient for e in parts.held_back]
        groups, of_patients = by_patient_and_class(people, labels)
        votes = np.stack([probabilities[rows].mean(0) for rows in groups])
        figures["by_patient"] = balanced_accuracy(votes.argmax(1), of_patients, classes)
    return figures


def _labels(examples: Sequence[Example], names: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.asarray([names.index(e.label) for e in examples], np.int64)


def flow_scores(flow: ConditionalFlow, parts: Parts) -> Callable[[list[Example]], FloatArray]:
    """Log-likelihoods (B, classes, scales) of images under our flow."""
    return lambda examples: drain(score_examples(flow, parts.config.preprocess, examples)).scales


def network_scores(rival: Classifier, parts: Parts) -> Callable[[list[Example]], FloatArray]:
    """Logits (B, classes, 1) of images."""

    @torch.no_grad()
    def scores(examples: list[Example]) -> FloatArray:
        inputs, _ = model_inputs(examples, parts.names, parts.config)
        batches = as_input(torch.from_numpy(inputs)[:, None]).split(rival.batch)
        logits = torch.cat([rival.logits(rival.averaged, x) for x in batches])
        return logits.double().numpy()[..., None]

    return scores


def judge_images(
    reference: Reference, drawing: Callable[[int, int], ByteImages]
) -> tuple[list[dict[str, Any]], float]:
    """Figures of drawn images of each class and their mean, and CPU seconds for each image.

    Args:
        reference: the real images.
        drawing: gives so many images of a class: (label, count).
    """
    rows, seconds, drawn = [], 0.0, 0
    for label, (name, real) in enumerate(reference.classes.items()):
        began = time.process_time()
        images = drawing(label, len(real.held_back))
        seconds, drawn = seconds + time.process_time() - began, drawn + len(images)
        rows.append({"class": name, "images": len(images)} | assess(reference, name, images)[0])
    return [*rows, _mean(rows)], seconds / drawn


def judge_real(reference: Reference) -> list[dict[str, Any]]:
    """The same figures of training images in place of drawn ones."""
    rows = [
        {"class": name, "images": len(real.training)}
        | compare(real.held_features, real.training_features)
        for name, real in reference.classes.items()
    ]
    return [*rows, _mean(rows)]


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    figures = [{k: v for k, v in row.items() if k not in ("class", "images")} for row in rows]
    return {"class": MEAN, "images": sum(row["images"] for row in rows)} | mean_figures(figures)


def flow_drawing(flow: ConditionalFlow, temperature: float) -> Callable[[int, int], ByteImages]:
    """Draws from our flow."""
    return lambda label, count: draw(flow, label, temperature, count)


def rival_drawing(rival: Generator) -> Callable[[int, int], ByteImages]:
    """Draws from a rival."""
    return lambda label, count: rival.draw(label, count, FIRST_SEED + label)
