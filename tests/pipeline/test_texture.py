"""The gate's pixel statistics on made images."""

import numpy as np
import pytest

from magic_viewer.pipeline.texture import WORDS, code_length, texture

SIZE = 32
BLOCKS, MIRROR = 3, 7


def noise(size: int = SIZE) -> np.ndarray:
    """(size, size) independent grey levels."""
    return np.random.default_rng(0).integers(0, 256, (size, size)).astype(np.float32)


def smooth() -> np.ndarray:
    """(SIZE, SIZE) a bright disc off the middle."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.rint(200 * np.exp(-((rows - 14) ** 2 + (columns - 10) ** 2) / 60)).astype(np.float32)


def test_that_every_statistic_is_finite_and_has_words_even_of_a_blank_image() -> None:
    blank = np.zeros((SIZE, SIZE), np.float32)
    found = texture(np.stack([blank, blank + 255, noise(), smooth()]))
    assert found.shape == (4, len(WORDS))
    assert np.isfinite(found).all()


def test_that_a_code_is_longer_for_noise_than_for_a_plain_image() -> None:
    half = np.where(np.arange(SIZE) < SIZE // 2, 200, 0) + np.zeros((SIZE, SIZE))
    plain, noisy = (code_length(image.astype(np.uint8)) for image in (half, noise()))
    assert plain < 4 < 8 <= noisy


def test_that_blocks_on_the_grid_are_told_from_blocks_off_it() -> None:
    small = noise(SIZE // 2)
    # Pixels doubled: no detail within a block of the grid, all of it between blocks.
    doubled = small.repeat(2, 0).repeat(2, 1)
    free, on = texture(np.stack([noise(), doubled]))[:, BLOCKS]
    shifted = texture(np.roll(doubled, 1, (0, 1))[None])[0, BLOCKS]
    assert free == pytest.approx(0, abs=0.2)
    assert shifted < -3 < 3 < on


def test_that_an_image_like_its_mirror_is_told_from_one_that_is_not() -> None:
    one = noise()
    half = one[:, : SIZE // 2]
    alike = np.concatenate([half, half[:, ::-1]], 1)
    found = texture(np.stack([one, alike]))[:, MIRROR]
    assert found[0] < 0.3 < 0.99 < found[1]
