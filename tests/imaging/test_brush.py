"""The brush edits a copy, under itself only, and the same way every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic_viewer.imaging import edit
from magic_viewer.imaging.brush import KINDS, Brush, Stroke
from magic_viewer.imaging.study import Slice

AXIAL = np.diag([1.0, 1.0, 5.0, 1.0])
SAGITTAL = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])


def anatomy(rows=40, columns=50, spacing=(1.0, 1.0), **facts):
    values = np.random.default_rng(3).normal(100, 20, (rows, columns)).astype(np.float32)
    return replace(Slice(values, affine=AXIAL, spacing=spacing), **facts)


def painted(image, brush, *points, seed=0):
    stroke = Stroke(image, brush, seed)
    for point in points:
        stroke.extend(point)
    return stroke


kinds = st.sampled_from(KINDS)
places = st.tuples(st.floats(-20, 70), st.floats(-20, 60))
brushes = st.builds(Brush, kinds, st.floats(0.1, 30), st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(brushes, st.lists(places, min_size=1, max_size=4), st.floats(0.3, 3))
def test_that_outside_of_the_brush_every_bit_stays_and_the_slice_is_never_touched(
    brush, points, row_size
):
    image = anatomy(spacing=(row_size, 1.0))
    before = image.modality_values.copy()
    stroke = painted(image, brush, *points)
    after = stroke.image().modality_values
    untouched = stroke.weights == 0
    assert np.array_equal(image.modality_values, before)
    assert after[untouched].tobytes() == before[untouched].tobytes()
    assert np.isfinite(after).all()


@settings(max_examples=40, deadline=None)
@given(kinds, st.integers(0, 5))
def test_that_the_same_stroke_gives_the_same_pixels(kind, seed):
    brush = Brush(kind, 6, 0.8)
    one, two = (painted(anatomy(), brush, (9, 9), (20, 15), seed=seed) for _ in range(2))
    assert np.array_equal(one.image().modality_values, two.image().modality_values)


@pytest.mark.parametrize("kind", KINDS)
def test_that_every_kind_changes_what_is_under_it(kind):
    after = painted(anatomy(), Brush(kind, 6), (12, 20)).image()
    assert (after.modality_values != anatomy().modality_values)[18:23, 10:15].any()


def test_that_a_brush_beside_the_slice_gives_back_the_slice_itself():
    image = anatomy()
    assert painted(image, Brush("blur", 3), (200, 200)).image() is image


def test_that_the_brush_is_round_in_millimetres():
    stroke = painted(anatomy(spacing=(4.0, 1.0)), Brush("blur", 8), (25, 20))
    rows, columns = np.nonzero(stroke.weights)
    assert (rows.min(), rows.max()) == (19, 21)
    assert (columns.min(), columns.max()) == (18, 32)


def test_that_a_stroke_is_as_long_as_the_way_of_the_mouse():
    jump = painted(anatomy(), Brush("blur", 3), (10, 10), (40, 30)).weights
    walk = [(10 + 3 * step, 10 + 2 * step) for step in range(11)]
    assert np.allclose(jump, painted(anatomy(), Brush("blur", 3), *walk).weights, atol=1e-5)


def test_that_a_stroke_over_itself_counts_once():
    once = painted(anatomy(), Brush("noise", 5), (10, 10), (30, 10))
    twice = painted(anatomy(), Brush("noise", 5), (10, 10), (30, 10), (10, 10))
    assert np.array_equal(once.image().modality_values, twice.image().modality_values)


def test_that_strength_zero_changes_nothing_and_blur_evens_out():
    image = anatomy()
    still = painted(image, Brush("blur", 8, 0), (25, 20)).image().modality_values
    assert np.array_equal(still, image.modality_values)
    after = painted(image, Brush("blur", 8), (25, 20)).image().modality_values
    middle = np.s_[17:24, 22:29]
    assert after[middle].std() < 0.3 * image.modality_values[middle].std()


def test_that_a_region_is_replaced_by_what_lies_around_it():
    rows, columns = np.mgrid[:40, :50].astype(np.float32)
    slope = 3 * rows + columns
    lesion = slope + 500 * (np.hypot(rows - 20, columns - 25) < 4)
    image = replace(anatomy(), modality_values=lesion)
    after = painted(image, Brush("fill", 9), (25, 20)).image().modality_values
    assert np.abs(after - slope)[14:27, 19:32].max() < 3


def test_that_the_other_side_is_mirrored_at_the_patients_midline():
    values = anatomy(40, 50).modality_values
    whole = np.zeros((40, 70), np.float32)
    whole[:, 11:61] = (values + values[:, ::-1]) / 2
    healthy = whole.copy()
    whole[18:22, 18:22] += 300
    image = replace(anatomy(), modality_values=whole)
    after = painted(image, Brush("mirror", 6), (19.5, 19.5)).image().modality_values
    assert edit.midline(whole, np.isfinite(whole), 1) == 71
    assert np.allclose(after[18:22, 18:22], healthy[18:22, 18:22], atol=1e-3)


@pytest.mark.parametrize(
    ("affine", "axis"),
    [(AXIAL, 1), (AXIAL[:, [1, 0, 2, 3]], 0), (SAGITTAL, None), (None, 1)],
)
def test_that_left_and_right_come_from_the_affine(affine, axis):
    assert edit.left_right_axis(anatomy(affine=affine)) == axis


def test_that_pixels_without_a_measurement_are_neither_painted_nor_read():
    values = anatomy().modality_values.copy()
    values[:, :25] = -2000
    values[0, 30] = np.nan
    image = anatomy(modality_values=values, padding_value=-2000)
    for kind in KINDS:
        after = painted(image, Brush(kind, 12), (25, 5)).image().modality_values
        assert (after[:, :25] == -2000).all()
        assert np.isnan(after[0, 30])
        assert after[1:, 25:].min() > -200


def test_that_noise_at_full_strength_has_half_the_deviation_of_the_slice():
    image = anatomy(200, 200)
    stroke = painted(image, Brush("noise", 90), (100, 100))
    inside = stroke.weights == 1
    added = (stroke.image().modality_values - image.modality_values)[inside]
    assert added.std() == pytest.approx(image.modality_values.std() / 2, rel=0.05)
