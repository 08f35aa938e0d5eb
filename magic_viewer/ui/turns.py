"""Whose question the model answers next."""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from magic_viewer.progress import Stopped, is_stopped

Result = TypeVar("Result")

# From the first turn of the wheel to the question about the slice it stops at.
_EXPECTED_SECONDS = 0.3
# A film that never rests must not hold up the series for ever.
_PATIENCE_SECONDS = 1.0
_BEAT_SECONDS = 0.02


class Turns:
    """One question at a time; the one about the slice in view goes before all that wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._waiting = 0
        self._expected_until = 0.0

    def expect(self) -> None:
        """A question about the slice in view comes soon: nothing long is to begin."""
        with self._changed:
            self._expected_until = time.monotonic() + _EXPECTED_SECONDS

    def first(self, ask: Callable[..., Result], *arguments: Any) -> Result:
        """Asks as soon as the question before is answered."""
        with self._changed:
            self._waiting += 1
            try:
                while not self._changed.wait_for(lambda: not self._is_taken, _BEAT_SECONDS):
                    if is_stopped():
                        raise Stopped
            finally:
                self._waiting -= 1
            self._is_taken = True
            self._expected_until = 0.0
        try:
            return ask(*arguments)
        finally:
            self._give_back()

    def later(self, ask: Callable[..., Result], *arguments: Any) -> Generator[None, None, Result]:
        """Asks when nothing goes before. Yields while it waits, so that a cancel is heard."""
        patient_until = time.monotonic() + _PATIENCE_SECONDS
        while not self._take(patient_until):
            yield
        try:
            return ask(*arguments)
        finally:
            self._give_back()

    def _take(self, patient_until: float) -> bool:
        def is_free() -> bool:
            now = time.monotonic()
            is_expected = now < min(self._expected_until, patient_until)
            return not (self._is_taken or self._waiting or is_expected)

        with self._changed:
            if not self._changed.wait_for(is_free, _BEAT_SECONDS):
                return False
            self._is_taken = True
            return True

    def _give_back(self) -> None:
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()
