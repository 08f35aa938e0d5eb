"""Figures of a classifier, each with an interval from resampling patients."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torchmetrics.functional import classification as tm

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ECE_BINS = 15
RESAMPLES = 500
SHUFFLES = 20


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval.

    Attributes:
        value: on all images.
        low: 2.5th percentile over resampled patients.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Predictions:
    """What is known of each of B images.

    Attributes:
        probabilities: (B, classes), calibrated.
        labels: (B,) true classes.
        log_likelihoods: (B, classes) nats.
        groups: (B,) patient of each image, or its own number where patients aren't known.
    """

    probabilities: FloatArray
    labels: IntArray
    log_likelihoods: FloatArray
    groups: Sequence[str]


def all_figures(predictions: Predictions, dimensions: int, seed: int = 0) -> dict[str, Figure]:
    """Every figure of `figures`, with intervals.

    Args:
        predictions: of held-back images.
        dimensions: pixels of a model input.
        seed: of the resampling.
    """
    index = patients_resampled(predictions.groups, seed)
    whole = figures(predictions, dimensions)
    drawn = [figures(_take(predictions, chosen), dimensions) for chosen in index]
    result = {}
    for name, value in whole.items():
        values = np.array([d[name] for d in drawn if np.isfinite(d[name])])
        low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (np.nan, np.nan)
        result[name] = Figure(value, float(low), float(high))
    return result


def with_interval(
    figure: Callable[[IntArray], float], groups: Sequence[str], seed: int = 0
) -> Figure:
    """A figure of rows, on all of them and on resampled groups."""
    values = [figure(rows) for rows in patients_resampled(groups, seed)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Figure(figure(np.arange(len(groups))), float(low), float(high))


def patients_resampled(groups: Sequence[str], seed: int) -> list[IntArray]:
    """Rows of RESAMPLES sets of patients, drawn with replacement, as many as there are."""
    rng = np.random.default_rng(seed)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(member == n) for n in range(len(names))]
    return [
        np.concatenate([rows[n] for n in rng.integers(len(names), size=len(names))])
        for _ in range(RESAMPLES)
    ]


def _take(predictions: Predictions, index: IntArray) -> Predictions:
    return Predictions(
        predictions.probabilities[index],
        predictions.labels[index],
        predictions.log_likelihoods[index],
        [],
    )


def figures(predictions: Predictions, dimensions: int) -> dict[str, float]:
    """Figures over all classes that occur.

    Returns:
        accuracy, balanced_accuracy, precision, f1 (means over classes), kappa, auc (one class
        against the rest, mean), ece, brier (summed over classes, 0..2), nll (nats), bits_per_dim
        under the true label, and label_gap: nats by which the true label's log-likelihood is
        above the mean of the others'.
    """
    probabilities, labels = predictions.probabilities, predictions.labels
    rows = np.arange(len(labels))
    by_class = class_figures(probabilities, labels)
    there = np.unique(labels)
    own = predictions.log_likelihoods[rows, labels]
    p, y, classes = _tensors(probabilities, labels)
    others = (predictions.log_likelihoods.sum(1) - own) / (classes - 1)
    truth = np.eye(classes)[labels]
    return {
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "balanced_accuracy": balanced_accuracy(probabilities.argmax(1), labels, classes),
        "precision": float(by_class["precision"][there].mean()),
        "f1": float(by_class["f1"][there].mean()),
        "kappa": float(tm.multiclass_cohen_kappa(p, y, classes, validate_args=False)),
        "auc": float(np.nanmean(by_class["auc"])) if len(there) > 1 else math.nan,
        "ece": calibration_error(probabilities, labels),
        "brier": float(((probabilities - truth) ** 2).sum(1).mean()),
        "nll": log_loss(probabilities, labels),
        "bits_per_dim": float(-own.mean() / (dimensions * np.log(2))),
        "label_gap": float((own - others).mean()),
    }


def balanced_accuracy(predicted: IntArray, labels: IntArray, classes: int) -> float:
    """Mean recall of the classes that occur."""
    p, y = torch.from_numpy(predicted), torch.from_numpy(labels)
    recalls = tm.multiclass_recall(p, y, classes, average="none", validate_args=False)
    return float(recalls[torch.from_numpy(np.unique(labels))].mean())


def voted(
    predicted: IntArray, labels: IntArray, answered: npt.NDArray[np.bool_], classes: int
) -> IntArray:
    """Predicted classes (B,), a wrong one where there was no answer: none counts as wrong."""
    return np.asarray(np.where(answered, predicted, (labels + 1) % classes), np.int64)


def log_loss(probabilities: FloatArray, labels: IntArray) -> float:
    """Mean negative log-probability of the true class, nats."""
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def calibration_error(probabilities: FloatArray, labels: IntArray) -> float:
    """Expected calibration error, ECE_BINS bins."""
    p, y, classes = _tensors(probabilities, labels)
    return float(tm.multiclass_calibration_error(p, y, classes, ECE_BINS, validate_args=False))


def _tensors(probabilities: FloatArray, labels: IntArray) -> tuple[torch.Tensor, torch.Tensor, int]:
    return torch.from_numpy(probabilities), torch.from_numpy(labels), probabilities.shape[1]


def class_figures(probabilities: FloatArray, labels: IntArray) -> dict[str, FloatArray]:
    """Recall, precision, F1 and AUC of each class (classes,); AUC is NaN where there is none."""
    p, y, classes = _tensors(probabilities, labels)
    named: dict[str, Callable[..., torch.Tensor]] = {
        "recall": tm.multiclass_recall,
        "precision": tm.multiclass_precision,
        "f1": tm.multiclass_f1_score,
        "auc": tm.multiclass_auroc,
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No (positive|negative) samples", UserWarning)
        found: dict[str, FloatArray] = {
            name: of(p, y, classes, average="none", validate_args=False).double().numpy()
            for name, of in named.items()
        }
    counts = np.bincount(labels, minlength=classes)
    found["auc"] = np.where((counts == 0) | (counts == len(labels)), np.nan, found["auc"])
    return found


def confusion(probabilities: FloatArray, labels: IntArray) -> IntArray:
    """(classes, classes) counts: rows the true class, columns the predicted one."""
    counts = tm.multiclass_confusion_matrix(*_tensors(probabilities, labels))
    return np.asarray(counts.numpy(), np.int64)


def reliability(probabilities: FloatArray, labels: IntArray) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, images) of each of ECE_BINS bins that isn't empty."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    return [
        (
            float(confidence[bins == b].mean()),
            float(right[bins == b].mean()),
            int((bins == b).sum()),
        )
        for b in np.unique(bins)
    ]


def shuffled_accuracy(predictions: Predictions, seed: int = 0) -> float:
    """Accuracy against labels dealt out anew, mean over SHUFFLES: what chance alone gives."""
    rng = np.random.default_rng(seed)
    predicted = predictions.probabilities.argmax(1)
    dealt = [rng.permutation(predictions.labels) for _ in range(SHUFFLES)]
    return float(np.mean([(predicted == labels).mean() for labels in dealt]))
