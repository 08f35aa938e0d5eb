"""The pixel cache."""

from typing import Any

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.cache import PixelCache

ARRAY_BYTES = 400


class Maker:
    """Makes arrays of 400 bytes and counts how many."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> npt.NDArray[Any]:
        self.made += 1
        return np.zeros((10, 10), np.float32)


def test_that_an_array_is_made_once_while_it_fits() -> None:
    cache, make = PixelCache(2 * ARRAY_BYTES), Maker()
    first = cache.get("a", make)
    cache.get("b", make)
    assert cache.get("a", make) is first
    assert make.made == 2


def test_that_the_least_recently_used_is_dropped_first() -> None:
    cache, make = PixelCache(2 * ARRAY_BYTES), Maker()
    for key in ("a", "b", "a", "c"):
        cache.get(key, make)
    assert make.made == 3
    cache.get("a", make)
    assert make.made == 3
    cache.get("b", make)
    assert make.made == 4


def test_that_an_array_larger_than_the_cache_is_still_given() -> None:
    cache, make = PixelCache(ARRAY_BYTES // 2), Maker()
    assert cache.get("a", make).shape == (10, 10)
    cache.get("a", make)
    assert make.made == 2


def test_that_what_several_readers_share_cannot_be_written_to() -> None:
    assert not PixelCache(ARRAY_BYTES).get("a", Maker()).flags.writeable
