"""How long work will still take, in words, from how long its units took so far."""

import time

from PySide6.QtCore import QCoreApplication

from magic_viewer.progress import Progress

_FEWEST = 2
_MINUTES_FROM = 120


class TimeLeft:
    """Measures one piece of work; another phase of it, told by its message, is measured anew."""

    def __init__(self) -> None:
        self._began, self._start, self._phase = time.monotonic(), 0, ""

    def words(self, progress: Progress, phase: str = "") -> str:
        """Such as " · 20 s left"; "" while that can't be known.

        Args:
            progress: how far the work is.
            phase: what is being done; units of one phase take about as long as each other.
        """
        if phase != self._phase or progress.done < self._start:
            self._began, self._start, self._phase = time.monotonic(), progress.done, phase
        done = progress.done - self._start
        if done < _FEWEST or not progress.total or progress.done >= progress.total:
            return ""
        spent = time.monotonic() - self._began
        left = max(1, round(spent / done * (progress.total - progress.done)))
        translate = QCoreApplication.translate
        words = translate("TimeLeft", "{seconds} s left")
        if left >= _MINUTES_FROM:
            words = translate("TimeLeft", "{minutes} min left")
        return " · " + words.format(minutes=round(left / 60), seconds=left)
