from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.progress import drain
from magic_viewer.training import features
from magic_viewer.training.config import PRESETS
from magic_viewer.training.features import FeatureSpace, ResNet
from magic_viewer.training.generation import make_reference
from tests.training.conftest import TINY, write_folders

pytest.importorskip("monai", reason="needs the extra `rivals`")
pytest.importorskip("prdc", reason="needs the extra `rivals`")

from benchmarks.rivals.__main__ import RIVALS, compare_all, options
from benchmarks.rivals.base import Classifier, Generator, Run, rate
from benchmarks.rivals.judge import (
    MEAN,
    Parts,
    judge_classes,
    judge_images,
    judge_real,
    network_scores,
    read_parts,
    rival_drawing,
)
from benchmarks.rivals.ours import trained_flow

CONFIG = replace(TINY, preprocess=PreprocessConfig(size=32))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    root = tmp_path_factory.mktemp("rivals") / "data"
    return read_parts(write_folders(root, {"train": 12, "val": 8, "test": 8}), CONFIG, 0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", RIVALS)
def test_that_a_rival_trains_goes_on_and_is_judged(
    name: str, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RIVALS[name], "batch", 4)
    rival = RIVALS[name](32, 2)
    before = [p.clone() for p in rival.network.parameters()]
    said: list[str] = []
    run = Run(rival, tmp_path, CONFIG, minutes=1e-6)
    run.train(parts.by_class, said.append)
    assert run.step == 1
    assert len(said) == 1
    changed = [(a != b).any() for a, b in zip(before, rival.network.parameters(), strict=True)]
    assert np.mean(changed) > 0.5

    again = RIVALS[name](32, 2)
    resumed = Run(again, tmp_path, CONFIG, minutes=1e-6)
    assert (resumed.step, resumed.seconds) == (run.step, run.seconds)
    for key, value in again.average.state_dict().items():
        torch.testing.assert_close(value, rival.average.state_dict()[key], msg=key)

    if isinstance(again, Classifier):
        figures = judge_classes(parts, network_scores(again, parts))
        assert 0 <= figures["balanced_accuracy"] <= 1
        assert "by_patient" not in figures
    else:
        assert isinstance(again, Generator)
        drawn = again.draw(1, 5, seed=3)
        assert drawn.shape == (5, 32, 32)
        assert drawn.dtype == np.uint8
        assert (drawn == again.draw(1, 5, seed=3)).all()
        assert (drawn != again.draw(1, 5, seed=4)).any()


def test_that_all_generators_are_compared_with_the_same_images(parts: Parts) -> None:
    space = FeatureSpace("untaught", ResNet(1, 4, (1, 1), pool=False).eval())
    reference = drain(
        make_reference(parts.training, parts.held_back, parts.names, CONFIG, 8, space)
    )
    rows, seconds = judge_images(reference, rival_drawing(RIVALS["vae"](32, 2)))
    real = judge_real(reference)
    assert [row["class"] for row in rows] == ["left", "right", MEAN]
    assert [row["images"] for row in rows] == [row["images"] for row in real] == [8, 8, 16]
    assert rows[2]["fid"] == pytest.approx((rows[0]["fid"] + rows[1]["fid"]) / 2)
    assert rows[2]["fid"] > real[2]["fid"]
    assert seconds > 0


def test_that_our_flow_trains_within_the_steps_a_budget_holds(parts: Parts, tmp_path: Path) -> None:
    flow, minutes, steps = trained_flow(parts, tmp_path, 1e-3, lambda text: None)
    assert steps == 4
    assert minutes > 0
    again, same, _ = trained_flow(parts, tmp_path, 1e-3, lambda text: None)
    assert same == minutes
    for a, b in zip(flow.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_that_a_comparison_is_whole_and_kept(
    parts: Parts, side_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "STEPS", 2)
    monkeypatch.setattr(features, "BATCH", 4)
    monkeypatch.setitem(PRESETS, "tiny", CONFIG)
    data = write_folders(tmp_path / "data", {"train": 12, "val": 8, "test": 8})
    words = [str(data), "--preset", "tiny", "--minutes", "1e-6", "--count", "8"]
    words += ["--run", str(tmp_path / "run"), "--only", "cnn", "vae", "--ours", str(side_model)]
    report = compare_all(options(words))
    assert [row["name"] for row in report["classification"]] == [
        RIVALS["cnn"].name,
        "ours, bundled side (wall minutes)",
    ]
    drawn = [row["name"] for row in report["generation"] if row["class"] == MEAN]
    assert drawn == [
        RIVALS["vae"].name,
        "ours, bundled side (wall minutes), T 0.7",
        "ours, bundled side (wall minutes), T 1.0",
        "real training images",
    ]
    assert {"commit", "seed", "date", "split", "features"} <= set(report)
    monkeypatch.setitem(RIVALS, "vae", None)
    again = compare_all(options(words))
    assert again["generation"] == report["generation"]


def test_that_the_learning_rate_rises_then_falls() -> None:
    assert rate(0.0) < 0.1 < rate(0.5) < 0.99 < rate(0.05)
    assert rate(1.0) == pytest.approx(0.01)
