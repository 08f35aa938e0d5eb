from pathlib import Path

import numpy as np
import pytest

from magic_viewer.errors import DataError
from magic_viewer.pipeline.calibration import Calibration
from magic_viewer.pipeline.gate import Gate
from magic_viewer.pipeline.library import CARD, read_bundle
from magic_viewer.pipeline.texture import WORDS
from magic_viewer.progress import drain
from magic_viewer.training.build import build_model
from magic_viewer.training.evaluate import (
    Scores,
    by_group,
    choose_examples,
    evaluation,
    metrics,
)
from magic_viewer.training.examples import Example
from magic_viewer.training.statistics import voted
from tests.training.conftest import TINY

STATISTICS = 2 + 2 + len(WORDS) + 1
WIDE = Gate(
    scales=2,
    templates=((0.0,) * 64,) * 2,
    centers=((0.0,) * STATISTICS,) * 2,
    spreads=((1e9,) * STATISTICS,) * 2,
    precision=tuple(map(tuple, np.eye(STATISTICS).tolist())),
    directions=(),
    means=(0.0, 0.0),
    deviations=(1e9, 1e9),
)
"""Lets everything pass."""
EVEN = Calibration((1.0, 1.0), (0.0, 0.0), 0.5, WIDE)


def made(scales: np.ndarray, labels: list[int]) -> Scores:
    """Scores of flat images, two draws that agree."""
    count = len(labels)
    draws = np.repeat(scales[:, None], 2, axis=1)
    pixels = np.zeros((count, 8, 8), np.float32)
    return Scores(draws, np.zeros((count, 2, 2)), pixels, np.array(labels))


def example(patient: str | None) -> Example:
    return Example(np.zeros((4, 4), np.float32), "a", patient, "0")


def test_that_a_built_model_gives_its_cards_figures_again(folders: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "side"
    figures = drain(build_model(folders, out, tmp_path / "run", TINY))
    assert drain(evaluation(out, folders, split="test")).figures == pytest.approx(figures)
    assert figures["n"] == 16
    assert figures["balanced_accuracy"] >= 0.9
    bundle = read_bundle(out)
    assert bundle.training["held_back"] == figures
    assert bundle.info.title == "Side of the light"
    assert f"| balanced accuracy | {figures['balanced_accuracy']:.4f} |" in (out / CARD).read_text()


def test_that_metrics_are_what_they_say() -> None:
    scales = np.zeros((5, 2, 2))
    scales[:, 0, 0] = [2.0, 2.0, -2.0, -2.0, -2.0]
    scores = made(scales, [0, 0, 0, 1, 1])
    people = [example(p) for p in ("A", "A", "B", "A", "B")]
    figures = metrics(scores, people, EVEN, dimensions=100)
    sure = 1 / (1 + np.exp(-2))
    assert figures["n"] == 5
    assert figures["accuracy"] == pytest.approx(4 / 5)
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["patient_balanced_accuracy"] == pytest.approx((1 / 2 + 1) / 2)
    assert figures["ece"] == pytest.approx(abs(sure - 4 / 5), abs=1e-6)
    assert figures["bits_per_dim"] == pytest.approx(-(2 + 2 - 2) / 5 / (100 * np.log(2)))


def test_that_without_patients_there_is_no_figure_by_patient() -> None:
    scores = made(np.zeros((2, 2, 2)), [0, 1])
    assert "patient_balanced_accuracy" not in metrics(scores, [example(None)] * 2, EVEN, 10)


def test_that_a_patients_slices_make_one_posterior_without_the_foreign_ones() -> None:
    scales = np.zeros((4, 2, 2))
    scales[:, 0, 0] = [3.0, -1.5, 50.0, -2.0]
    scores = made(scales, [0, 0, 0, 1])
    known = np.array([True, True, False, False])
    votes, truth, answered = by_group(scores, known, ["A", "A", "A", "A"], EVEN)
    together = 1 / (1 + np.exp(-(3.0 - 1.5) / 1.5))
    np.testing.assert_allclose(votes, [[together, 1 - together], [0.5, 0.5]])
    assert truth.tolist() == [0, 1]
    assert answered.tolist() == [True, False]


def test_that_images_whose_draws_disagree_are_counted_apart() -> None:
    scales = np.zeros((4, 2, 2))
    scales[:, 0, 0] = [2.0, 2.0, 1.0, -2.0]
    scores = made(scales, [0, 0, 1, 1])
    scores.draws[2, :, 0, 0] = [-1.0, 3.0]
    figures = metrics(scores, [example(None)] * 4, EVEN, 64)
    assert figures["abstained_share"] == 1 / 4
    assert figures["accuracy"] == 3 / 4
    assert figures["accuracy_where_answered"] == 1


def test_that_a_split_which_is_not_there_names_those_that_are() -> None:
    with pytest.raises(DataError, match="the data has: 0"):
        choose_examples([example("A")], fold=3)
    assert len(choose_examples([example("A")])) == 1


def test_that_labels_the_model_does_not_know_are_named(folders: Path, tmp_path: Path) -> None:
    out = tmp_path / "side"
    drain(build_model(folders, out, tmp_path / "run", TINY))
    (folders / "test" / "left").rename(folders / "test" / "above")
    with pytest.raises(DataError, match="above"):
        drain(evaluation(out, folders, split="test"))


def test_that_no_answer_counts_as_wrong() -> None:
    predicted, labels = np.array([0, 1, 2]), np.array([0, 1, 2])
    answered = np.array([True, False, False])
    assert voted(predicted, labels, answered, 3).tolist() == [0, 2, 0]
