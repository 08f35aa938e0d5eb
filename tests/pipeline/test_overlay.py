import numpy as np
import pytest

from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.results import Attribution


def attribution(values, box, against=None):
    values = np.asarray(values, dtype=float)
    return Attribution(values, "FLAIR", against, float(values.sum()), box)


def test_that_a_map_of_the_slices_own_grid_comes_back_unchanged():
    values = np.arange(12.0).reshape(3, 4)
    result = overlay.on_slice(attribution(values, (0, 0, 3, 4)), (3, 4))
    np.testing.assert_array_equal(result, values)
    assert result.dtype == np.float32


def test_that_a_linear_ramp_stays_linear_between_the_centres_of_the_model_pixels():
    ramp = np.tile(np.arange(4.0), (4, 1))
    result = overlay.on_slice(attribution(ramp, (0, 0, 16, 16)), (16, 16))
    centers = (np.arange(16) + 0.5) / 4 - 0.5
    expected = np.clip(centers, 0, 3)
    np.testing.assert_allclose(result, np.tile(expected, (16, 1)), atol=1e-6)


def test_that_rows_and_columns_are_not_swapped():
    values = np.zeros((2, 2))
    values[1, 0] = 5
    result = overlay.on_slice(attribution(values, (0, 0, 20, 40)), (20, 40))
    assert np.unravel_index(result.argmax(), result.shape) >= (14, 0)
    assert result[19, 0] == 5
    assert result[0, 39] == 0


def test_that_outside_the_models_input_there_is_no_value():
    result = overlay.on_slice(attribution(np.ones((4, 4)), (2, 3, 6, 7)), (10, 12))
    inside = np.zeros((10, 12), dtype=bool)
    inside[2:6, 3:7] = True
    np.testing.assert_array_equal(np.isfinite(result), inside)


def test_that_a_box_beyond_the_slice_fills_it_and_keeps_its_place():
    columns = np.tile(np.arange(8.0), (8, 1))
    result = overlay.on_slice(attribution(columns, (-2, -2, 6, 6)), (4, 4))
    np.testing.assert_allclose(result[0], [2, 3, 4, 5])


def test_that_limits_leave_out_five_percent_at_each_end():
    assert overlay.limits(np.arange(101.0), contrast=False) == (5, 95)


def test_that_limits_of_a_contrast_are_symmetric_around_zero():
    low, high = overlay.limits(np.linspace(-1, 9, 1001), contrast=True)
    assert low == -high
    assert high == pytest.approx(8.5)


@pytest.mark.parametrize("contrast", [True, False])
@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.full((2, 2), np.nan), np.full(3, -7.0)])
def test_that_limits_are_never_empty(values, contrast):
    low, high = overlay.limits(values, contrast)
    assert low < high


@pytest.mark.parametrize("color_map", [*overlay.SEQUENTIAL_MAPS, overlay.DIVERGING_MAP])
def test_that_no_value_is_transparent_and_the_ends_hold(color_map):
    values = np.array([[np.nan, -10, 0, 1, 10]], dtype=np.float32)
    colors = overlay.colorize(values, (0, 1), color_map)
    assert colors[0, 0, 3] == 0
    assert (colors[0, 1:, 3] == 255).all()
    np.testing.assert_array_equal(colors[0, 1], colors[0, 2])
    np.testing.assert_array_equal(colors[0, 3], colors[0, 4])
    assert (colors[0, 2] != colors[0, 3]).any()


@pytest.mark.parametrize("color_map", overlay.SEQUENTIAL_MAPS)
def test_that_a_sequential_map_grows_lighter_with_the_value(color_map):
    values = np.linspace(0, 1, 64, dtype=np.float32)[np.newaxis]
    rgb = overlay.colorize(values, (0, 1), color_map)[0, :, :3].astype(float)
    lightness = rgb @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > -0.5).all()


def test_that_zero_is_neutral_in_the_diverging_map_and_its_sides_differ():
    values = np.array([[-1, 0, 1]], dtype=np.float32)
    negative, zero, positive = overlay.colorize(values, (-1, 1), overlay.DIVERGING_MAP)[0].astype(
        int
    )
    assert np.ptp(zero[:3]) < 16
    assert negative[2] > negative[0]
    assert positive[0] > positive[2]


def test_that_the_color_bar_has_the_highest_value_on_top():
    bar = overlay.color_bar("cividis", 50, 8)
    assert bar.shape == (50, 8, 4)
    highest = overlay.colorize(np.ones((1, 1), np.float32), (0, 1), "cividis")[0, 0]
    np.testing.assert_array_equal(bar[0, 0], highest)


def unpack(packed):
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1)


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 3)])
@pytest.mark.parametrize("opacity", [0.0, 0.37, 1.0])
def test_that_blending_is_the_weighted_mean_of_slice_and_map(shape, opacity):
    rng = np.random.default_rng(1)
    display = rng.integers(0, 256, shape, dtype=np.uint8)
    heat = rng.integers(0, 256, (16, 16, 4), dtype=np.uint8)
    heat[..., 3] = np.where(heat[..., 3] > 99, 255, 0)
    packed = overlay.blend(display, overlay.veil(heat, opacity))
    share = heat[..., 3:] / 255 * opacity
    rgb = display if display.ndim == 3 else display[..., np.newaxis]
    expected = rgb * (1 - share) + heat[..., :3] * share
    np.testing.assert_allclose(unpack(packed), expected, atol=3)
    assert (packed >> 24 == 255).all()


def test_that_without_a_map_the_slice_is_shown_exactly():
    display = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(unpack(overlay.blend(display))[..., 1], display)


def test_that_pixels_without_a_map_value_show_the_slice_exactly():
    display = np.arange(256, dtype=np.uint8).reshape(16, 16)
    clear = np.zeros((16, 16, 4), dtype=np.uint8)
    blended = overlay.blend(display, overlay.veil(clear, 1.0))
    np.testing.assert_array_equal(blended, overlay.blend(display))


def test_that_a_small_changed_part_sets_the_range_when_the_tails_are_short() -> None:
    values = np.zeros((50, 50))
    values[:5, :10] = 3.0
    assert overlay.limits(values, True) == (-1.0, 1.0)
    assert overlay.limits(values, True, tail=0.5) == (-3.0, 3.0)
