"""One measured quantity of the window, and the beats that show its stalls."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Measured:
    """A row of the table.

    Attributes:
        name: what was measured.
        text: of the values, for the table.
        values: one a run, or a frame.
        aim: what it should be; "" where there is none.
    """

    name: str
    text: str
    values: Sequence[float]
    aim: str = ""


def of_runs(name: str, values: Sequence[float], aim: str = "", unit: str = "ms") -> Measured:
    """Several runs: their median, and the worst."""
    text = f"{statistics.median(values):.0f} (worst {max(values):.0f}) {unit}"
    return Measured(name, text, list(values), aim)


def of_frames(name: str, values: Sequence[float], aim: str = "") -> Measured:
    """Milliseconds of frames: median and 95th percentile, and how many a second that allows."""
    median = statistics.median(values)
    p95 = sorted(values)[int(0.95 * (len(values) - 1))]
    text = f"{median:.1f} / {p95:.1f} ms, {1000 / median:.0f} fps"
    return Measured(name, text, list(values), aim)


class Beats:
    """A timer of 1 ms in the event loop."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.times = [time.perf_counter()]
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.times.append(time.perf_counter()))
        self._timer.start(1)

    def stop(self) -> float:
        """Milliseconds by which it was late at most."""
        self._timer.stop()
        self.times.append(time.perf_counter())
        return 1000 * max(after - before for before, after in pairwise(self.times)) - 1


def longest_stall(work: Callable[[], None]) -> float:
    """Milliseconds by which a beat was late at most, while work ran in the event loop."""
    beats = Beats()
    work()
    return beats.stop()
