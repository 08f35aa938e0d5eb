"""Keeps the pixels that were decoded last, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy.typing as npt

Pixels = npt.NDArray[Any]


class PixelCache:
    """Arrays by key, least recently used dropped first. Any thread may call it."""

    def __init__(self, most_bytes: int) -> None:
        """Makes an empty cache that holds `most_bytes` at most."""
        self.most_bytes = most_bytes
        self._bytes = 0
        self._arrays: OrderedDict[Hashable, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Pixels]) -> Pixels:
        """Gives the array under `key`, made by `make` when it isn't there.

        `make` runs outside the lock, so that one slow image doesn't hold up the others.
        """
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        made = make()
        # Several readers share it.
        made.flags.writeable = False
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = made
                self._bytes += made.nbytes
            while self._bytes > self.most_bytes:
                _, dropped = self._arrays.popitem(last=False)
                self._bytes -= dropped.nbytes
        return made
