import numpy as np
import pytest

from magic_viewer.pipeline.series import by_patient_and_class, combine, fit_correlation


def series(own: float, shared: float, slices: int = 20, count: int = 400):
    """Scores of `count` series: the truth's lead, noise of each slice and of the whole series.

    Each slice alone is calibrated: the log-odds are normal with a variance of twice the mean.
    """
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    lead = (own + shared) / 2
    noise = rng.normal(0, own**0.5, (count, slices)) + rng.normal(0, shared**0.5, (count, 1))
    odds = (2 * labels - 1)[:, None] * (lead + noise)
    scores = np.stack([-odds / 2, odds / 2], 2).reshape(-1, 2)
    return scores, labels, list(np.arange(count * slices).reshape(count, slices))


def test_that_independent_slices_are_added_and_repeated_ones_averaged() -> None:
    assert fit_correlation(*series(own=0.2, shared=0.0)) < 0.05
    assert fit_correlation(*series(own=0.0, shared=1.0)) == pytest.approx(1, abs=0.15)
    between = fit_correlation(*series(own=0.7, shared=0.3))
    assert 0.15 < between < 0.6


def test_that_slices_are_combined_as_the_design_effect_says() -> None:
    scores = np.array([[1.0, 3.0], [3.0, 5.0], [2.0, 4.0]])
    assert combine(scores, 0.0).tolist() == [6, 12]
    assert combine(scores, 1.0).tolist() == [2, 4]
    assert combine(scores, 0.5).tolist() == [3, 6]
    assert combine(scores[:0], 0.5).tolist() == [0, 0]


def test_that_without_series_slices_are_taken_as_repeats() -> None:
    scores, labels, _ = series(1.0, 0.0, slices=1)
    assert fit_correlation(scores, labels, [np.array([n]) for n in range(len(labels))]) == 1


def test_that_a_series_is_of_one_patient_and_class() -> None:
    rows, labels = by_patient_and_class(
        ["A", "A", "B", "A", None, None], np.array([0, 0, 0, 1, 0, 0])
    )
    assert [r.tolist() for r in rows] == [[0, 1], [2], [3], [4], [5]]
    assert labels.tolist() == [0, 0, 1, 0, 0]
