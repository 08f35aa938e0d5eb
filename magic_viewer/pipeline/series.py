"""From the slices of one series to one calibrated posterior.

Slices of a series resemble each other, so n of them are not n independent looks. Their tempered
log-likelihoods are added and divided by the design effect 1 + (n - 1) ρ (Kish 1965), ρ being
the slices' correlation: 0 takes them as independent, 1 takes their mean.
"""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.temperature import cross_entropy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CORRELATIONS = np.concatenate([[0.0], np.geomspace(0.001, 1.0, 121)])


def combine(scores: FloatArray, correlation: float) -> FloatArray:
    """Tempered log-likelihoods (n, classes) of a series' slices, n from 0, to one (classes,)."""
    return np.asarray(scores.sum(0) / (1 + max(0, len(scores) - 1) * correlation))


def combine_groups(
    scores: FloatArray, groups: Sequence[IntArray], correlation: float
) -> FloatArray:
    """`combine` for each group of rows: (B, classes) to (groups, classes)."""
    return np.stack([combine(scores[rows], correlation) for rows in groups])


def fit_correlation(scores: FloatArray, labels: IntArray, groups: Sequence[IntArray]) -> float:
    """The correlation of least cross-entropy, each class weighing the same.

    A few series that are all right would ask for endless confidence, so each counts a little as
    wrong, by 1 / (series + 2), as Platt (1999) smooths his targets.

    Args:
        scores: (B, classes) tempered log-likelihoods.
        labels: (groups,) true classes.
        groups: rows of each series; without one of several slices, slices can't be told to
            differ, and the correlation is 1.

    Returns:
        From 0 to 1.
    """
    if all(len(rows) < 2 for rows in groups):
        return 1.0
    doubt = 1 / (len(groups) + 2)
    classes = scores.shape[1]
    losses = []
    for correlation in CORRELATIONS:
        series = combine_groups(scores, groups, correlation)
        right, *wrong = (cross_entropy(series, (labels + n) % classes) for n in range(classes))
        losses.append((1 - doubt) * right + doubt * float(np.mean(wrong)))
    return float(CORRELATIONS[int(np.argmin(losses))])


def by_patient_and_class(
    patients: Sequence[Hashable | None], labels: IntArray
) -> tuple[list[IntArray], IntArray]:
    """Rows of all slices of one patient and class, and the class of each such series.

    A slice of nobody known is a series of its own.
    """
    members: dict[tuple[Hashable, int], list[int]] = {}
    for row, (patient, label) in enumerate(zip(patients, labels.tolist(), strict=True)):
        name = ("slice", row) if patient is None else ("patient", patient)
        members.setdefault((name, label), []).append(row)
    rows = [np.asarray(group, np.int64) for group in members.values()]
    return rows, np.asarray([label for _, label in members], np.int64)
