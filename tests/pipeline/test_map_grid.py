"""Smoothing keeps sums; regions hold what lies in them."""

import numpy as np
import pytest

from magic_viewer.pipeline.map_grid import (
    covered,
    pixel_area,
    pixel_at,
    share_inside,
    smoothed,
)
from magic_viewer.pipeline.results import Attribution

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 4.0, 30.0])
@pytest.mark.parametrize("shape", [(64, 64), (5, 9), (1, 7)])
def test_that_smoothing_keeps_the_sum(shape, sigma):
    values = RNG.normal(-2, 5, shape)
    assert smoothed(values, sigma).sum() == pytest.approx(values.sum(), rel=1e-9)


def test_that_smoothing_spreads_a_point_alike_in_all_directions_and_leaves_a_plain_alone():
    point = np.zeros((21, 21))
    point[10, 10] = 1
    spread = smoothed(point, 2.0)
    assert spread[10, 10] < 0.1
    np.testing.assert_allclose(spread, spread.T)
    np.testing.assert_allclose(spread, spread[::-1])
    assert spread[10, 12] / spread[10, 10] == pytest.approx(np.exp(-0.5), rel=1e-6)
    np.testing.assert_allclose(smoothed(np.full((8, 8), -3.0), 2.0), -3.0)


def test_that_without_smoothing_the_map_is_raw():
    values = RNG.normal(size=(6, 6))
    assert smoothed(values, 0.0) is values


def test_that_a_pixels_area_is_of_the_patient_or_unknown():
    assert pixel_area((0, 0, 128, 64), (64, 64), (0.5, 2.0)) == pytest.approx(1.0 * 2.0)
    assert pixel_area((0, 0, 128, 64), (64, 64), None) is None


def test_that_the_pixel_under_a_place_is_found_and_none_beside_the_input():
    box = (10, 20, 30, 60)
    assert pixel_at(box, (2, 4), 10.5, 20.5) == (0, 0)
    assert pixel_at(box, (2, 4), 29.9, 59.9) == (1, 3)
    assert pixel_at(box, (2, 4), 30.0, 40.0) is None
    assert pixel_at(box, (2, 4), 9.9, 40.0) is None


def test_that_a_region_of_the_whole_slice_holds_all_of_the_map():
    values = RNG.normal(size=(8, 8))
    one = Attribution(values, "A", "B", values.sum(), (0, 0, 30, 50))
    share = share_inside(one, np.ones((30, 50), bool))
    assert share.nats == pytest.approx(values.sum())
    assert (share.area, share.part) == (pytest.approx(1), pytest.approx(1))


def test_that_regions_side_by_side_add_up_whatever_the_grids():
    values = RNG.normal(size=(7, 7))
    one = Attribution(values, "A", "B", values.sum(), (1.3, 2.7, 28.1, 44.4))
    mask = RNG.random((30, 50)) < 0.3
    inside, outside = share_inside(one, mask), share_inside(one, ~mask)
    assert inside.nats + outside.nats == pytest.approx(values.sum())
    assert inside.area + outside.area == pytest.approx(1)


def test_that_a_pixel_half_covered_counts_half():
    mask = np.zeros((4, 4), bool)
    mask[:, 1] = True
    np.testing.assert_allclose(covered(mask, (0, 0, 4, 4), (2, 2)), [[0.5, 0], [0.5, 0]])


def test_that_a_difference_of_nothing_has_no_share():
    one = Attribution(np.array([[1.0, -1.0]]), "A", "B", 0.0, (0, 0, 1, 2))
    assert share_inside(one, np.array([[True, False]])).part is None
