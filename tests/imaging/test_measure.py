"""What markings measure, against values worked out by hand."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic_viewer.imaging.marking import (
    KINDS,
    Marking,
    handles,
    inside,
    moved,
    outline,
    with_handle_at,
)
from magic_viewer.imaging.measure import angle, length, measure, region_mask, statistics
from magic_viewer.imaging.study import Slice

RAMP = np.arange(48, dtype=np.float32).reshape(6, 8)
FLAT = Slice(RAMP, spacing=(3.0, 0.5), unit="HU")
SQUARE = Marking("rectangle", ((0.5, 0.5), (2.5, 3.5)))


def test_that_a_distance_counts_each_axis_by_its_own_spacing():
    # 6 columns of 0.5 mm and 4/3 rows of 3 mm: sides of 3 and 4.
    found = length(Marking("distance", ((1, 0), (7, 4 / 3))), FLAT)
    assert (found.value, found.unit) == (pytest.approx(5.0), "mm")


def test_that_without_the_patients_spacing_a_distance_is_in_pixels():
    found = length(Marking("distance", ((1, 0), (4, 4))), Slice(RAMP, pixel_aspect=2.0))
    assert (found.value, found.unit) == (5.0, "px")


def test_that_a_distance_in_a_sheared_volume_is_that_of_the_world():
    affine = np.eye(4)
    affine[:3, 1] = (1.0, 1.0, 0.0)
    image = Slice(RAMP, affine=affine, spacing=(2**0.5, 1.0))
    assert length(Marking("distance", ((0, 0), (1, 1))), image).value == pytest.approx(5**0.5)


@pytest.mark.parametrize(
    ("spacing", "aspect", "degrees"),
    [((1.0, 1.0), 1.0, 45.0), ((3.0**0.5, 1.0), 1.0, 60.0), (None, 3.0**0.5, 60.0)],
)
def test_that_an_angle_is_the_patients_and_not_that_of_the_pixels(spacing, aspect, degrees):
    image = Slice(RAMP, spacing=spacing, pixel_aspect=aspect)
    arms = Marking("angle", ((5, 0), (0, 0), (4, 4)))
    assert angle(arms, image).value == pytest.approx(degrees)
    assert angle(replace(arms, points_index=arms.points_index[::-1]), image).value == (
        pytest.approx(degrees)
    )


def test_that_an_arm_without_length_gives_no_error():
    assert angle(Marking("angle", ((0, 0), (0, 0), (1, 1))), FLAT).value == 0.0


def test_that_a_rectangle_holds_the_pixels_whose_centres_it_encloses():
    found = statistics(SQUARE, FLAT)
    values = [9, 10, 17, 18, 25, 26]
    assert found.count == 6
    assert found.mean == np.mean(values)
    assert found.sd == pytest.approx(np.std(values))
    assert (found.minimum, found.maximum, found.unit) == (9, 26, "HU")
    assert (found.area, found.area_unit) == (6 * 1.5, "mm²")
    assert sum(found.histogram) == 6
    assert found.histogram[0] == found.histogram[-1] == 1


def test_that_regions_side_by_side_share_no_pixel():
    left, right = (Marking("rectangle", ((x, 1), (x + 2, 4))) for x in (1, 3))
    masks = [region_mask(one, (6, 8)) for one in (left, right)]
    assert not (masks[0] & masks[1]).any()
    assert [mask.sum() for mask in masks] == [6, 6]


def test_that_an_ellipse_has_the_area_of_its_formula_and_about_as_many_pixels():
    image = Slice(np.ones((200, 300), np.float32), spacing=(2.0, 0.5))
    found = statistics(Marking("ellipse", ((20.2, 30.1), (240.2, 130.1))), image)
    assert found.area == pytest.approx(np.pi * 110 * 50)
    assert found.count == pytest.approx(np.pi * 110 * 50, rel=2e-3)


def test_that_a_triangle_drawn_by_hand_has_half_the_area_of_its_box():
    found = statistics(Marking("freehand", ((0, 0), (4, 0), (0, 4))), Slice(RAMP))
    assert (found.area, found.area_unit) == (pytest.approx(8.0), "px²")
    assert region_mask(Marking("freehand", ((0, 0), (4, 0), (0, 4))), (6, 8)).sum() == 10


def test_that_a_line_which_crosses_itself_encloses_both_its_loops():
    eight = Marking("freehand", ((0, 0), (4, 4), (4, 0), (0, 4)))
    assert statistics(eight, Slice(RAMP)).area == pytest.approx(8.0)


def test_that_padding_and_what_is_no_number_do_not_count():
    values = RAMP.copy()
    values[1, 1], values[1, 2], values[2, 1] = np.nan, np.inf, -2000
    found = statistics(SQUARE, replace(FLAT, modality_values=values, padding_value=-2000.0))
    assert found.count == 3
    assert found.mean == pytest.approx((18 + 25 + 26) / 3)
    assert found.area == 9.0


@pytest.mark.parametrize(
    "values", [np.full((6, 8), np.nan, np.float32), np.zeros((6, 8, 3), np.uint8)]
)
def test_that_nothing_to_count_still_has_an_area(values):
    found = statistics(SQUARE, replace(FLAT, modality_values=values))
    assert (found.count, found.histogram, found.area) == (0, (), 9.0)
    assert np.isnan(found.mean)


@pytest.mark.parametrize("value", [0.0, 3e38, -3e38])
def test_that_a_region_of_one_value_has_a_histogram(value):
    found = statistics(SQUARE, Slice(np.full((6, 8), value, np.float32)))
    assert found.histogram[0] == 6
    assert found.sd == 0


def test_that_extreme_values_leave_no_warning():
    values = np.where(RAMP % 2, np.float32(3e38), np.float32(-3e38))
    assert sum(statistics(SQUARE, Slice(values)).histogram) == 6


@given(st.tuples(st.floats(-0.5, 7.5), st.floats(-0.5, 5.5)), st.floats(0, 4), st.floats(0, 4))
def test_that_the_pixels_counted_are_those_of_the_mask(corner, width, height):
    first = Marking("ellipse", (corner, inside((corner[0] + width, corner[1] + height), (6, 8))))
    assert statistics(first, FLAT).count == region_mask(first, (6, 8)).sum()


def test_that_an_arrow_measures_nothing():
    assert measure(Marking("arrow", ((0, 0), (1, 1))), FLAT) is None


points = st.tuples(st.floats(-0.5, 30), st.floats(-0.5, 20))


@given(st.lists(points, min_size=3, max_size=12))
def test_that_a_mask_is_the_even_odd_rule_at_every_centre(corners):
    found = region_mask(Marking("freehand", tuple(corners)), (20, 30))
    for row, column in ((3, 5), (10, 10), (19, 29)):
        assert found[row, column] == _is_inside(corners, column, row)


def _is_inside(corners, x, y):
    flips = 0
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 <= y) != (y1 <= y):
            (x0, y0), (x1, y1) = ((x0, y0), (x1, y1)) if y0 <= y1 else ((x1, y1), (x0, y0))
            flips += x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x
    return bool(flips % 2)


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_handle_goes_where_it_is_taken_and_the_opposite_one_stays(kind):
    marking = Marking(kind, ((1, 2), (5, 4), (3, 5))[: 3 if kind in ("angle", "freehand") else 2])
    before = handles(marking)
    for number in range(len(before)):
        after = handles(with_handle_at(marking, number, (6.0, 0.5)))
        if kind == "ellipse":
            axis = 0 if number % 2 else 1
            assert after[number][axis] == (6.0, 0.5)[axis]
        else:
            assert after[number] == (6.0, 0.5)
        if marking.is_region:
            opposite = (number + 2) % 4
            moved_axes = [a for a in (0, 1) if kind == "rectangle" or a == (0 if number % 2 else 1)]
            assert all(after[opposite][a] == before[opposite][a] for a in moved_axes)


def test_that_a_marking_keeps_its_shape_and_stays_on_the_slice_when_moved():
    far = moved(SQUARE, (100.0, -100.0), (6, 8))
    assert far.points_index == ((5.5, -0.5), (7.5, 2.5))
    assert np.ptp(outline(far), axis=0) == pytest.approx(np.ptp(outline(SQUARE), axis=0))


def test_that_a_point_beside_the_slice_is_taken_to_its_edge():
    assert inside((-3.0, 9.0), (6, 8)) == (-0.5, 5.5)


def test_that_a_region_over_a_whole_slice_does_not_hold_up_a_drag():
    values = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    region, times = Marking("ellipse", ((0, 0), (511, 511))), []
    for _ in range(10):
        start = perf_counter()
        measure(region, Slice(values))
        times.append(perf_counter() - start)
    # A few ms; what is asked for here is only that no loop over pixels creeps in.
    assert min(times) < 0.03
