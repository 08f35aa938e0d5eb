"""Inputs of several tiles, from the engine to the picture."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.flow.attribution import join_tiles
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.map_file import save_attribution
from magic_viewer.pipeline.results import EVERYTHING, Examination
from magic_viewer.ui.map_painter import choose, paint
from magic_viewer.ui.overlay_panel import OverlaySettings
from tests.training.conftest import draw


@pytest.fixture
def tiled(side_model: Path, tmp_path: Path) -> Engine:
    """The small model of 32×32 images, made to see tiles, and less sure of itself."""
    folder = shutil.copytree(side_model, tmp_path / "tiled")
    config = json.loads((folder / "config.json").read_text())
    config["preprocess"] |= {"fit": "native", "spacing": 1.0}
    temperatures = config["calibration"]["likelihood_temperatures"]
    config["calibration"]["likelihood_temperatures"] = [1e4] * len(temperatures)
    (folder / "config.json").write_text(json.dumps(config))
    return Engine.load(folder, torch.device("cpu"))


def image(rows: int, columns: int) -> Slice:
    """Tiles of "left" images, 3 pixels of nothing around them."""
    rng = np.random.default_rng(1)
    grid = np.block([[draw("left", rng) for _ in range(columns)] for _ in range(rows)])
    return Slice(np.pad(grid, 3).astype(np.float32))


@pytest.fixture
def examination(tiled: Engine) -> Examination:
    return tiled.examine(image(2, 3))


def test_that_maps_of_all_tiles_sum_to_the_log_likelihood(examination: Examination) -> None:
    assert examination.model_input.shape == (64, 96)
    assert examination.box == (3, 3, 67, 99)
    for label, nats in examination.classification.log_likelihoods.items():
        attribution = examination.attribution(label)
        assert attribution.values.shape == (64, 96)
        assert attribution.values.sum() == pytest.approx(nats, rel=1e-6)
        bits = -nats / (64 * 96 * np.log(2))
        assert examination.classification.bits_per_dim[label] == pytest.approx(bits)
    evidence = examination.attribution("left", EVERYTHING, scale=0)
    assert evidence.values.sum() == pytest.approx(evidence.total)


def test_that_each_tiles_part_of_the_map_is_its_own(tiled: Engine) -> None:
    dark = image(2, 3)
    dark.modality_values[35:67, 67:99] = 0
    maps = [tiled.examine(i).attribution("left").values for i in (image(2, 3), dark)]
    changed = np.abs(maps[1] - maps[0]) > 0.5
    assert changed[36:, 68:].mean() > 0.5
    assert not changed[:28, :60].any()


def test_that_probabilities_do_not_sharpen_with_the_number_of_tiles(tiled: Engine) -> None:
    one, many = (tiled.examine(image(n, n)).classification for n in (1, 4))
    assert one.label == many.label == "left"
    assert many.log_likelihoods["left"] == pytest.approx(16 * one.log_likelihoods["left"], rel=0.2)
    odds = [np.log(c.probabilities["left"] / c.probabilities["right"]) for c in (one, many)]
    assert odds[1] == pytest.approx(odds[0], rel=0.5)


def test_that_tiles_are_joined_row_by_row() -> None:
    tiles = torch.arange(6.0)[:, None, None, None].expand(6, 2, 1, 1)
    assert join_tiles(tiles, 2)[0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_that_the_map_lies_on_the_slice_where_the_tiles_were(examination: Examination) -> None:
    values = overlay.on_slice(examination.attribution("left"), (70, 102))
    assert np.isfinite(values[3:67, 3:99]).all()
    assert np.isnan(values[:3]).all()
    np.testing.assert_allclose(
        values[3:67, 3:99], examination.attribution("left").values, rtol=1e-5
    )


def test_that_the_window_paints_the_map_of_all_tiles(examination: Examination) -> None:
    settings = OverlaySettings(target="left")
    painted = paint(choose(examination, settings), (70, 102), settings)
    assert painted.colors.shape == (70, 102, 4)
    assert painted.map_sum == pytest.approx(examination.classification.log_likelihoods["left"])


def test_that_the_map_of_all_tiles_is_written(examination: Examination, tmp_path: Path) -> None:
    for name in ("map.png", "map.npy"):
        save_attribution(image(2, 3), examination.attribution("left"), tmp_path / name)
    assert np.load(tmp_path / "map.npy").shape == (64, 96)
