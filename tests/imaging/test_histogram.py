import numpy as np
import pytest

from magic_viewer.imaging.histogram import histogram
from magic_viewer.imaging.study import Slice


def test_that_a_histogram_counts_every_pixel_once_between_the_extremes():
    values = np.random.default_rng(0).normal(50, 20, (64, 80)).astype(np.float32)
    shown = histogram(Slice(values))
    assert shown.counts.sum() == values.size
    assert (shown.low, shown.high) == (values.min(), values.max())
    expected, _ = np.histogram(values, len(shown.counts), (shown.low, shown.high))
    assert np.abs(shown.counts - expected).sum() <= 4


def test_that_padding_and_what_is_no_number_are_not_counted():
    values = np.array([[np.nan, np.inf, -2000], [3, 4, 5]], np.float32)
    shown = histogram(Slice(values, padding_value=-2000))
    assert shown.counts.sum() == 3
    assert (shown.low, shown.high) == (3, 5)


def test_that_of_a_large_slice_a_sample_is_counted():
    shown = histogram(Slice(np.arange(2048 * 2048, dtype=np.float32).reshape(2048, 2048)))
    assert 1 << 15 < shown.counts.sum() <= 1 << 17
    assert np.ptp(shown.counts) < shown.counts.mean()


@pytest.mark.parametrize(
    "values", [np.full((2, 2), np.nan, np.float32), np.zeros((2, 2, 3), np.uint8)]
)
def test_that_without_numbers_there_is_no_histogram(values):
    assert histogram(Slice(values)) is None


@pytest.mark.parametrize("value", [0, 7, -1e20])
def test_that_one_value_alone_has_a_bin_of_its_own(value):
    shown = histogram(Slice(np.full((3, 3), value, np.float32)))
    assert shown.low < value < shown.high
    assert shown.counts.max() == 9
