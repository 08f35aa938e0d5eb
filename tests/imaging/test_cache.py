"""The slice cache."""

import numpy as np

from magic_viewer.imaging.cache import SliceCache
from magic_viewer.imaging.study import Slice

SLICE_BYTES = 400


class Maker:
    """Makes slices of 400 bytes and counts how many."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Slice:
        self.made += 1
        return Slice(np.zeros((10, 10), np.float32))


def test_that_a_slice_is_made_once_while_it_fits() -> None:
    cache, make = SliceCache(2 * SLICE_BYTES), Maker()
    first = cache.get("a", make)
    cache.get("b", make)
    assert cache.get("a", make) is first
    assert make.made == 2


def test_that_the_least_recently_used_is_dropped_first() -> None:
    cache, make = SliceCache(2 * SLICE_BYTES), Maker()
    for key in ("a", "b", "a", "c"):
        cache.get(key, make)
    assert make.made == 3
    cache.get("a", make)
    assert make.made == 3
    cache.get("b", make)
    assert make.made == 4


def test_that_a_slice_larger_than_the_cache_is_still_given() -> None:
    cache, make = SliceCache(SLICE_BYTES // 2), Maker()
    assert cache.get("a", make).shape == (10, 10)
    cache.get("a", make)
    assert make.made == 2
