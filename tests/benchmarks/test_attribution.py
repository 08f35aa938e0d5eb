from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.errors import DataError
from magic_viewer.flow.config import CompactConfig
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.preprocess import PreprocessConfig
from tests.training.conftest import TINY, write_arrays, write_folders

pytest.importorskip("captum", reason="needs the extra `evidence`")

from benchmarks.attribution.__main__ import (
    LEVELS,
    measure,
    read_parts,
    show,
    shuffled,
    two_scanners,
)
from benchmarks.attribution.artefacts import ARTEFACTS, spoil
from benchmarks.attribution.maps import every_map, log_odds, make_maps, score
from benchmarks.attribution.measures import (
    auroc,
    exchange_area,
    pixel_auroc,
    pointing,
    randomised,
    rank_correlation,
)
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import model_inputs

SIZE = 32
CONFIG = replace(
    TINY, preprocess=PreprocessConfig(size=SIZE), ema=0.5, patience=99, contrast_labels=2
)


def disc() -> np.ndarray:
    rows, columns = np.mgrid[-1:1:64j, -1:1:64j]
    rng = np.random.default_rng(1)
    head = 120 + 60 * np.sin(9 * rows) * np.cos(7 * columns) + rng.normal(0, 5, rows.shape)
    return np.rint(np.where(rows**2 + columns**2 < 0.7, head, 0)).astype(np.float32)


@pytest.fixture(scope="module")
def flow() -> ConditionalFlow:
    torch.manual_seed(0)
    made = ConditionalFlow(
        CompactConfig(("a", "b"), size=SIZE, width=16, guide_width=16, coarse_width=16)
    )
    x = 255 * torch.rand(32, 1, SIZE, SIZE)
    made.initialise(x, torch.arange(32) % 2)
    return made.eval()


def pixels(count: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.integers(0, 256, (count, SIZE, SIZE)).astype(np.float32)


@pytest.mark.parametrize("kind", ["noise", "stripe", "blur"])
def test_that_nothing_changes_outside_the_place(kind: str) -> None:
    made = spoil(kind, disc(), np.random.default_rng(0))
    assert (made.pixels == made.clean)[~made.mask].all()
    assert np.abs(made.pixels - made.clean)[made.mask].mean() > 3


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_that_an_artefact_is_strongest_in_its_place_which_moves(kind: str) -> None:
    rng = np.random.default_rng(0)
    made = [spoil(kind, disc(), rng) for _ in range(4)]
    for one in made:
        change = np.abs(one.pixels - one.clean)
        assert change[one.mask].mean() > 3 * change[~one.mask].mean()
        assert np.array_equal(one.pixels, np.clip(np.rint(one.pixels), 0, 255))
        assert 0.01 < one.mask.mean() < 0.1
    assert any(not np.array_equal(one.mask, made[0].mask) for one in made[1:])


def test_that_training_sees_the_pixels_as_they_are() -> None:
    example = Example(disc() / 2 + 20, "scanner A", "P", "0", limits=LEVELS)
    seen, _ = model_inputs(
        [replace(example, grey=np.rint(example.grey))],
        ["scanner A"],
        replace(CONFIG, preprocess=PreprocessConfig(size=64)),
    )
    assert np.array_equal(seen[0], np.rint(example.grey))


def test_that_a_map_of_the_place_scores_one_and_its_negative_zero() -> None:
    masks = np.zeros((2, 8, 8), bool)
    masks[:, 2:4, 5:7] = True
    maps = masks * 1e4 + np.random.default_rng(0).random((2, 8, 8))
    assert pixel_auroc(maps, masks).tolist() == [1, 1]
    assert pixel_auroc(-maps, masks).tolist() == [0, 0]
    assert pointing(maps, masks).tolist() == [1, 1]
    assert pointing(-maps, masks).tolist() == [0, 0]
    assert auroc(np.ones(6), np.arange(6) < 3) == 0.5


def test_that_good_deletion_is_low_and_good_insertion_high() -> None:
    clean = np.zeros((3, 8, 8), np.float32)
    spoiled = clean.copy()
    spoiled[:, 2:4, 5:7] = 50

    def score(x: np.ndarray) -> np.ndarray:
        return x.sum((1, 2)) - 70

    rows, columns = np.indices((8, 8))
    good = spoiled + (rows + columns) / 1000
    areas = {
        (name, insert): exchange_area(score, maps, spoiled, clean, insert)
        for name, maps in (("good", good), ("bad", -good))
        for insert in (False, True)
    }
    assert areas["good", False] < 0.1 < 0.8 < areas["bad", False]
    assert areas["bad", True] < 0.2 < 0.9 < areas["good", True]


def test_that_the_contrast_map_sums_to_the_log_odds(flow: ConditionalFlow) -> None:
    images = pixels(3)
    maps = make_maps("contrast map", flow, images)
    assert np.allclose(maps.sum((1, 2)), score(flow, images), rtol=1e-4, atol=1e-2)


def test_that_integrated_gradients_come_near_the_difference_to_black(
    flow: ConditionalFlow,
) -> None:
    images = pixels(2)
    maps = every_map(flow, images)
    with torch.no_grad():
        black = log_odds(flow, torch.zeros(1, 1, SIZE, SIZE)).item()
    summed = maps["integrated gradients"].sum((1, 2))
    assert np.allclose(summed, score(flow, images) - black, rtol=0.2)
    assert (maps["saliency"] >= 0).all()
    assert np.array_equal(maps["|input × gradient|"], np.abs(maps["input × gradient"]))


def test_that_shuffled_weights_change_the_map_and_not_the_flow(flow: ConditionalFlow) -> None:
    images = pixels(2)
    before = make_maps("contrast map", flow, images)
    correlations = [
        rank_correlation(before, make_maps("contrast map", other, images))
        for _, other in randomised(flow, 0)
    ]
    assert len(correlations) == 3
    assert abs(correlations[-1]) < 0.3
    assert np.array_equal(make_maps("contrast map", flow, images), before)
    assert rank_correlation(before, before) == pytest.approx(1)


def test_that_both_scanners_see_every_slice_and_shuffling_keeps_the_counts() -> None:
    examples = [Example(disc(), "FLAIR", f"P{n}", "0", limits=LEVELS) for n in range(8)]
    made = two_scanners("noise", examples, np.random.default_rng(0), copies=2)
    labels = [e.label for e in made]
    assert labels.count("scanner A") == 8
    assert labels.count("scanner B") == 16
    dealt = [e.label for e in shuffled(made, np.random.default_rng(0))]
    assert sorted(dealt) == sorted(labels)
    assert dealt != labels


@pytest.mark.slow
def test_that_an_artefact_is_measured_from_data_to_table(tmp_path: Path, capsys) -> None:
    (tmp_path / "data").mkdir()
    parts = read_parts(write_arrays(tmp_path / "data"), CONFIG, fold=0)
    patients = [{e.patient for e in group} for group in (parts.training, parts.held_back)]
    assert not patients[0] & patients[1]
    result = measure("noise", parts, CONFIG, 1e-4, tmp_path / "run", images=4)
    assert result["steps"] == 3
    for figures in [*result["methods"].values(), result["shuffled_labels"]]:
        assert 0 <= figures["auroc"]["low"] <= figures["auroc"]["value"] <= 1
    assert [len(w) for w in result["shuffled_weights"]] == [3, 3, 3]
    show(result)
    assert "contrast map, shuffled labels" in capsys.readouterr().out


def test_that_data_without_the_sequence_is_refused(tmp_path: Path) -> None:
    folders = write_folders(tmp_path, {"train": 2})
    with pytest.raises(DataError, match="FLAIR"):
        read_parts(folders, CONFIG, 0)
