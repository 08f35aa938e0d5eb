"""Keeps what was decoded last, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from magic_viewer.imaging.study import Slice


class SliceCache:
    """Slices by key, least recently used dropped first. Any thread may call it."""

    def __init__(self, most_bytes: int) -> None:
        """Makes an empty cache that holds `most_bytes` of pixels at most."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._slices: OrderedDict[Hashable, Slice] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Slice]) -> Slice:
        """Gives the slice under `key`, made by `make` when it isn't there.

        `make` runs outside the lock, so that one slow slice doesn't hold up the others.
        """
        with self._lock:
            if key in self._slices:
                self._slices.move_to_end(key)
                return self._slices[key]
        made = make()
        with self._lock:
            if key not in self._slices:
                self._slices[key] = made
                self._bytes += made.modality_values.nbytes
            while self._bytes > self._most_bytes:
                _, dropped = self._slices.popitem(last=False)
                self._bytes -= dropped.modality_values.nbytes
        return made
