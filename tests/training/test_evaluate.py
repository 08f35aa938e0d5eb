from pathlib import Path

import numpy as np
import pytest

from magic_viewer.errors import DataError
from magic_viewer.pipeline.calibration import Calibration
from magic_viewer.pipeline.library import CARD, read_bundle
from magic_viewer.progress import drain
from magic_viewer.training.build import build_model
from magic_viewer.training.evaluate import Scores, by_group, choose_examples, evaluation, metrics
from magic_viewer.training.examples import Example
from tests.training.conftest import TINY

EVEN = Calibration((1.0, 1.0), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 1e9))


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
    scores = Scores(scales, np.array([0, 0, 0, 1, 1]))
    people = [example(p) for p in ("A", "A", "B", "A", "B")]
    figures = metrics(scores, people, EVEN, dimensions=100)
    sure = 1 / (1 + np.exp(-2))
    assert figures["n"] == 5
    assert figures["accuracy"] == pytest.approx(4 / 5)
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["patient_balanced_accuracy"] == pytest.approx((1 / 2 + 1) / 2)
    assert figures["ece"] == pytest.approx(abs(sure - 4 / 5), abs=1e-6)
    assert figures["bits_per_dim"] == pytest.approx(-(2 + 2 - 2) / 5 / (100 * np.log(2)))


def test_that_without_patients_there_is_no_figure_by_group() -> None:
    scores = Scores(np.zeros((2, 2, 2)), np.array([0, 1]))
    assert "patient_balanced_accuracy" not in metrics(scores, [example(None)] * 2, EVEN, 10)


def test_that_a_patients_slices_vote_with_their_mean_probability() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    names, votes, truth = by_group(probabilities, np.array([0, 0, 1]), ["A", "A", "A"])
    np.testing.assert_allclose(votes, [[0.65, 0.35], [0.4, 0.6]])
    assert truth.tolist() == [0, 1]
    assert names == ["A", "A"]


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
