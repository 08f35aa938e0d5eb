"""The grey pipeline."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic_viewer.imaging.display import (
    CT_PRESETS,
    apply_window,
    default_window,
    full_range,
    to_display,
)
from magic_viewer.imaging.study import Slice, VoiLut, Window, WindowFunction


def grey(*values: float, **facts: object) -> Slice:
    """A slice of one row."""
    return replace(Slice(np.array([values], np.float32)), **facts)  # type: ignore[arg-type]


def by_the_standard(value: float, window: Window) -> float:
    """The pseudo-code of PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 for 0..255."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        return float(127.5 * (1 + np.tanh(2 * (value - center) / width)))  # no overflow
    if window.function == "LINEAR":
        if value <= center - 0.5 - (width - 1) / 2:
            return 0
        if value > center - 0.5 + (width - 1) / 2:
            return 255
        return ((value - (center - 0.5)) / (width - 1) + 0.5) * 255
    if value <= center - width / 2:
        return 0
    if value > center + width / 2:
        return 255
    return ((value - center) / width + 0.5) * 255


@given(
    st.floats(-3000, 3000, width=32),
    st.floats(-1000, 1000, width=32),
    st.floats(1.5, 4000, width=32),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_that_windows_follow_the_standard(
    value: float, center: float, width: float, function: WindowFunction
) -> None:
    window = Window(center, width, function)
    shown = apply_window(np.array([[value]], np.float32), window)[0, 0]
    assert abs(float(shown) - by_the_standard(value, window)) <= 0.52


def test_that_the_linear_function_has_its_half_pixel() -> None:
    shown = to_display(grey(-0.5, 0, 127.5, 128, 255), Window(128, 256, "LINEAR"))
    np.testing.assert_array_equal(shown, [[0, 0, 128, 128, 255]])


def test_that_a_linear_window_of_width_one_is_a_step() -> None:
    shown = to_display(grey(9, 9.5, 9.6, 10), Window(10, 1))
    np.testing.assert_array_equal(shown, [[0, 0, 255, 255]])


def test_that_what_is_not_a_number_is_black_and_counts_for_nothing() -> None:
    image = grey(np.nan, 0, 10, np.inf, -np.inf)
    window = full_range(image)
    assert window == Window(5, 10, "LINEAR_EXACT")
    np.testing.assert_array_equal(to_display(image, window), [[0, 0, 255, 255, 0]])
    for function in ("LINEAR", "SIGMOID"):
        assert to_display(image, Window(5, 10, function))[0, 0] == 0


def test_that_monochrome1_is_inverted_last_and_the_user_may_invert_again() -> None:
    image = grey(0, 255, inverted=True)
    window = Window(127.5, 255, "LINEAR_EXACT")
    np.testing.assert_array_equal(to_display(image, window), [[255, 0]])
    np.testing.assert_array_equal(to_display(image, window, invert=True), [[0, 255]])


def test_that_a_voi_lut_replaces_the_window_until_the_user_takes_one() -> None:
    table = VoiLut(first=10, table=np.array([1, 0.5, 0], np.float32))
    image = grey(0, 10, 11, 12, 99, voi_lut=table, windows=(Window(1, 1),))
    np.testing.assert_array_equal(to_display(image), [[255, 255, 128, 0, 0]])
    np.testing.assert_array_equal(to_display(image, Window(11, 1)), [[0, 0, 255, 255, 255]])


def test_that_a_voi_lut_holds_its_ends_for_the_largest_numbers() -> None:
    table = np.linspace(0, 1, 5, dtype=np.float32)
    image = grey(-np.inf, -1e30, 1e30, np.inf, voi_lut=VoiLut(0.0, table))
    np.testing.assert_array_equal(to_display(image), [[0, 0, 255, 255]])


def test_that_the_files_first_window_is_the_default() -> None:
    windows = (Window(40, 80), Window(400, 2000))
    assert default_window(grey(0, 1, windows=windows)) == windows[0]


def test_that_the_default_window_drops_a_thousandth_at_each_end() -> None:
    values = np.arange(100_000, dtype=np.float32).reshape(100, 1000)
    values[0, 0], values[-1, -1] = -1e6, 1e6
    window = default_window(Slice(values))
    assert window is not None
    np.testing.assert_allclose((window.center, window.width), (49_999.5, 99_799), rtol=0, atol=1.5)
    whole = full_range(Slice(values))
    assert whole is not None
    assert whole.width == 2e6


def test_that_padding_does_not_count_for_the_default_window() -> None:
    image = grey(-2000, -2000, 0, 100, padding_value=-2000.0)
    window = full_range(image)
    assert window == Window(50, 100, "LINEAR_EXACT")


def test_that_few_bright_pixels_on_nothing_are_seen() -> None:
    values = np.zeros((100, 100), np.float32)
    values[5, 5] = 7
    assert to_display(Slice(values))[5, 5] == 255


@pytest.mark.parametrize("value", [0, -1000, 3.5, np.nan])
def test_that_a_flat_picture_is_shown_black(value: float) -> None:
    assert not to_display(Slice(np.full((4, 4), value, np.float32))).any()


def test_that_colour_passes_through_and_has_no_window() -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    image = Slice(values)
    assert default_window(image) is None
    assert full_range(image) is None
    np.testing.assert_array_equal(to_display(image, Window(40, 400)), values)
    np.testing.assert_array_equal(to_display(image, invert=True), 255 - values)


def test_that_showing_leaves_the_values_alone() -> None:
    image = grey(0, 1, 2)
    to_display(image, Window(1, 2))
    np.testing.assert_array_equal(image.modality_values, [[0, 1, 2]])


def test_that_the_ct_presets_are_those_of_the_viewer_conventions() -> None:
    assert [(window.center, window.width) for window in CT_PRESETS] == [
        (40, 400),
        (-600, 1500),
        (480, 2500),
        (40, 80),
        (90, 150),
    ]


def test_that_values_beyond_any_picture_are_shown_without_a_warning() -> None:
    values = np.array([[-3e38, 0, 3e38, np.inf]], np.float32)
    assert to_display(Slice(values), Window(0, 1e300, "LINEAR_EXACT")).shape == (1, 4)
    assert to_display(Slice(values), Window(1e300, 1, "LINEAR_EXACT")).max() == 0
