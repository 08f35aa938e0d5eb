import numpy as np
import pytest

from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.preprocess import Jitter, PreprocessConfig, prepare, prepare_grey

FOREGROUND = PreprocessConfig(size=32, fit="foreground", margin=0.0)


def disc(rows: int, columns: int, row: float, column: float, radius: float) -> np.ndarray:
    """A bright disc on black, float32."""
    y, x = np.mgrid[:rows, :columns]
    return (100.0 * ((y - row) ** 2 + (x - column) ** 2 <= radius**2)).astype(np.float32)


def test_that_a_square_image_of_the_models_size_passes_unchanged() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.float32)
    grey[0, 0], grey[0, 1] = 0, 255
    made = prepare_grey(grey, PreprocessConfig(size=64))
    assert np.array_equal(made.pixels, grey)
    assert made.box == (0, 0, 64, 64)


def test_that_the_foregrounds_box_surrounds_it_wherever_it_lies() -> None:
    for row, column in [(40, 50), (60, 80)]:
        box = prepare_grey(disc(120, 160, row, column, 20), FOREGROUND).box
        assert box == pytest.approx((row - 20, column - 20, row + 21, column + 21), abs=4)


def test_that_the_same_head_nearer_or_farther_gives_nearly_the_same_input() -> None:
    near = prepare_grey(disc(200, 200, 100, 100, 80), FOREGROUND).pixels
    far = prepare_grey(disc(200, 200, 70, 120, 40), FOREGROUND).pixels
    assert np.abs(near - far).mean() < 12


def test_that_pixels_which_are_not_square_are_fitted_in_millimetres() -> None:
    wide = np.repeat(disc(100, 100, 50, 50, 30), 2, axis=1)
    made = prepare_grey(wide, FOREGROUND, spacing=(2.0, 1.0))
    plain = prepare_grey(disc(100, 100, 50, 50, 30), FOREGROUND)
    assert np.abs(made.pixels - plain.pixels).mean() < 8
    top, left, bottom, right = made.box
    assert (right - left) == pytest.approx(2 * (bottom - top))


def test_that_a_box_beyond_the_image_is_filled_with_the_background() -> None:
    grey = np.full((20, 60), 7.0, np.float32)
    grey[:, 5:55] = 90.0
    grey[0], grey[-1] = 7.0, 7.0
    made = prepare_grey(grey, FOREGROUND)
    assert made.box[0] < 0
    assert made.box[2] > 20
    assert (made.pixels[:5] == 0).all()


@pytest.mark.parametrize("value", [0.0, 1000.0, -1000.0])
def test_that_a_constant_image_becomes_black(value: float) -> None:
    made = prepare_grey(np.full((30, 40), value, np.float32), FOREGROUND)
    assert made.pixels.shape == (32, 32)
    assert not made.pixels.any()


def test_that_values_which_are_not_finite_do_no_harm() -> None:
    values = disc(64, 64, 32, 32, 20)
    values[30, 30], values[31, 31] = np.nan, np.inf
    made = prepare(Slice(values), FOREGROUND)
    assert np.isfinite(made.pixels).all()
    assert made.pixels.max() == 255


def test_that_monochrome1_is_seen_as_it_is_shown() -> None:
    values = disc(64, 64, 32, 32, 20)
    plain = prepare(Slice(values), FOREGROUND).pixels
    inverted = prepare(Slice(100 - values, inverted=True), FOREGROUND).pixels
    assert np.array_equal(plain, inverted)


def test_that_ct_is_seen_through_its_own_window() -> None:
    values = np.linspace(-1000, 1000, 64 * 64, dtype=np.float32).reshape(64, 64)
    image = Slice(values, modality="CT", windows=(Window(40, 400),))
    made = prepare(image, PreprocessConfig(size=64))
    assert (made.pixels[values < -160] == 0).all()
    assert (made.pixels[values > 240] == 255).all()
    assert made.pixels[np.abs(values - 40) < 1].mean() == pytest.approx(127.5, abs=2)


def test_that_a_flip_mirrors_and_a_shift_moves() -> None:
    grey = np.random.default_rng(0).integers(1, 255, (64, 64)).astype(np.float32)
    grey[0, 0], grey[0, 1] = 0, 255
    config = PreprocessConfig(size=64)
    plain = prepare_grey(grey, config).pixels
    flipped = prepare_grey(grey, config, jitter=Jitter(flip=True)).pixels
    upended = prepare_grey(grey, config, jitter=Jitter(upend=True)).pixels
    moved = prepare_grey(grey, config, jitter=Jitter(shift=(2 / 64, 0))).pixels
    assert np.array_equal(flipped, plain[:, ::-1])
    assert np.array_equal(upended, plain[::-1])
    assert np.abs(moved[:-2] - plain[2:]).max() <= 2
