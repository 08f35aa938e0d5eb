import json
from pathlib import Path

import numpy as np
import pytest

from magic_viewer.progress import drain
from magic_viewer.training.report import render, write_report
from magic_viewer.training.statistics import (
    RESAMPLES,
    Predictions,
    all_figures,
    confusion,
    figures,
    patients_resampled,
    reliability,
    shuffled_accuracy,
)

DIMENSIONS = 64


def predictions(right: float = 0.8, patients: int = 10, each: int = 20) -> Predictions:
    """Three classes; a share is right, at a confidence of 0.8."""
    rng = np.random.default_rng(0)
    count = patients * each
    labels = np.arange(count) % 3
    predicted = np.where(rng.random(count) < right, labels, (labels + 1) % 3)
    probabilities = np.full((count, 3), 0.1)
    probabilities[np.arange(count), predicted] = 0.8
    log_likelihoods = np.full((count, 3), -300.0)
    log_likelihoods[np.arange(count), labels] = -290.0
    groups = [f"patient {n // each}" for n in range(count)]
    return Predictions(probabilities, labels, log_likelihoods, groups)


def test_that_figures_are_what_they_are_called() -> None:
    perfect = predictions(right=1.0)
    found = figures(perfect, DIMENSIONS)
    for name in ("accuracy", "balanced_accuracy", "precision", "f1", "kappa", "auc"):
        assert found[name] == pytest.approx(1), name
    assert found["ece"] == pytest.approx(0.2, abs=1e-5)
    assert found["brier"] == pytest.approx(0.2**2 + 2 * 0.1**2)
    assert found["nll"] == pytest.approx(-np.log(0.8))
    assert found["bits_per_dim"] == pytest.approx(290 / 64 / np.log(2))
    assert found["label_gap"] == pytest.approx(10)


def test_that_chance_gives_chance() -> None:
    assert shuffled_accuracy(predictions()) == pytest.approx(1 / 3, abs=0.05)
    assert figures(predictions(right=0.0), DIMENSIONS)["kappa"] < 0


def test_that_patients_are_drawn_whole() -> None:
    some = predictions()
    for rows in patients_resampled(some.groups, seed=1)[:20]:
        drawn = [some.groups[row] for row in rows]
        assert all(drawn.count(name) % 20 == 0 for name in set(drawn))
        assert len(rows) == len(some.labels)


def test_that_intervals_hold_the_value_and_shrink_with_more_patients() -> None:
    few, many = (all_figures(predictions(patients=n), DIMENSIONS)["accuracy"] for n in (5, 50))
    assert few.low <= few.value <= few.high
    assert many.low <= many.value <= many.high
    assert many.high - many.low < few.high - few.low


def test_that_confusion_and_reliability_count_every_image() -> None:
    some = predictions()
    counts = confusion(some.probabilities, some.labels)
    assert counts.sum() == len(some.labels)
    assert counts.trace() == (some.probabilities.argmax(1) == some.labels).sum()
    ((confidence, right, count),) = reliability(some.probabilities, some.labels)
    assert (confidence, count) == (pytest.approx(0.8), len(some.labels))
    assert right == pytest.approx(counts.trace() / counts.sum())


def test_that_a_report_is_written_and_complete_in_itself(side_model: Path, folders: Path) -> None:
    out = folders.parent / "report"
    summary = drain(write_report(side_model, folders, out, split="test"))
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert written["figures"]["accuracy"]["value"] == pytest.approx(summary["accuracy"])
    assert written["resamples"] == RESAMPLES
    assert {row["class"] for row in written["by_class"]} == {"left", "right"}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<section>") == 4


def test_that_names_on_the_page_are_text(side_model: Path, folders: Path) -> None:
    out = folders.parent / "report"
    drain(write_report(side_model, folders, out, split="test"))
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    report["classes"] = ["<b>left</b>", "right"]
    assert "<b>" not in render(report, out)


def test_that_images_of_one_class_have_figures_but_no_auc() -> None:
    whole = predictions()
    one = np.flatnonzero(whole.labels == 1)
    groups = [whole.groups[n] for n in one]
    some = Predictions(
        whole.probabilities[one], whole.labels[one], whole.log_likelihoods[one], groups
    )
    found = all_figures(some, DIMENSIONS)
    assert found["balanced_accuracy"].value == pytest.approx(found["accuracy"].value)
    assert np.isnan(found["auc"].value)
