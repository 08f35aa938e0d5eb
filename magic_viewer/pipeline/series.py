"""From the slices of one series to one calibrated posterior.

Slices of a series resemble each other, so n of them are not n independent looks. Their tempered
log-likelihoods are added and divided by the design effect 1 + (n - 1) ρ (Kish 1965), ρ being
the slices' correlation: 0 takes them as independent, 1 takes their mean.
"""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def combine(scores: FloatArray, correlation: float) -> FloatArray:
    """Tempered log-likelihoods (n, classes) of a series' slices, n from 0, to one (classes,)."""
    return np.asarray(scores.sum(0) / (1 + max(0, len(scores) - 1) * correlation))


def fit_correlation(scores: FloatArray, labels: IntArray, groups: Sequence[IntArray]) -> float:
    """The intraclass correlation of slices' evidence (one-way analysis of variance, Fisher 1925).

    The evidence is the true class's tempered log-likelihood less that of all others together,
    and less its mean over the class. It is measured, not fitted by cross-entropy: the series of
    few validation patients are easily all right, which would ask for endless confidence.

    Args:
        scores: (B, classes) tempered log-likelihoods.
        labels: (groups,) true classes.
        groups: rows of each series. Without one of several slices, slices can't be told to
            differ, and the correlation is 1.

    Returns:
        From 0 to 1.
    """
    sizes = np.array([len(rows) for rows in groups])
    between_freedom = len(groups) - len(np.unique(labels))
    within_freedom = sizes.sum() - len(groups)
    if within_freedom < 1 or between_freedom < 1:
        return 1.0
    evidence = [_evidence(scores[rows], label) for rows, label in zip(groups, labels, strict=True)]
    means = np.array([e.mean() for e in evidence])
    class_means = np.zeros_like(means)
    for label in np.unique(labels):
        chosen = labels == label
        class_means[chosen] = np.average(means[chosen], weights=sizes[chosen])
    between = (sizes * (means - class_means) ** 2).sum() / between_freedom
    within = sum(((e - e.mean()) ** 2).sum() for e in evidence) / within_freedom
    size = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(groups) - 1)
    correlation = (between - within) / max(between + (size - 1) * within, 1e-12)
    return float(np.clip(correlation, 0, 1))


def _evidence(scores: FloatArray, label: int) -> FloatArray:
    """Score of the label less the log of the summed exponentials of the others', nats."""
    others = np.delete(scores, label, 1)
    top = others.max(1)
    return np.asarray(scores[:, label] - top - np.log(np.exp(others - top[:, None]).sum(1)))


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
