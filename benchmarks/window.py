"""Start of the window, and the longest stall of its event loop while the model works.

Stalls are the longest time between two beats of a 1 ms timer in the event loop, less that
millisecond.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from benchmarks.common import Figure, options, show

START = """
import os, sys, time
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QMainWindow
from magic_viewer.ui.app import application, run

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched, QMainWindow):
            print(time.time() - float(os.environ["BEGAN"]), "torch" in sys.modules)
            sys.stdout.flush()
            os._exit(0)
        return False

watch = Watch()
application().installEventFilter(watch)
run([])
"""


def start_seconds() -> tuple[float, bool]:
    """From the start of the process to the window's first paint, and whether torch was there."""
    environment = os.environ | {"BEGAN": repr(time.time())}
    done = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, env=environment, check=True
    )
    seconds, has_torch = done.stdout.split()
    return float(seconds), has_torch == "True"


def stalls(runs: int) -> list[Figure]:
    """Longest stalls of the event loop: at rest, classifying, drawing 64 samples."""
    from magic_viewer.imaging.samples import sample_scans
    from magic_viewer.pipeline.results import SampleRequest
    from magic_viewer.ui.tour import Tour

    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini")
        assert tour.session.model is not None
        label = tour.session.model.labels[0]
        tour.open(sample_scans()[:1])
        tour.rest(1)

        def classify() -> None:
            last = tour.session.slice_index
            for index in (last - 2, last - 1, last + 1, last):
                tour.go_to(index)

        work: dict[str, Callable[[], None]] = {
            "stall at rest": lambda: tour.rest(1),
            "stall while 4 slices are classified": classify,
            "stall while 64 samples are drawn": lambda: tour.draw(SampleRequest(label, 0.8, 64)),
        }
        for _ in range(runs):
            for name, step in work.items():
                found.setdefault(name, []).append(longest_stall(step))
                tour.window.gallery.clear()
        tour.close()
    return [Figure(name, "ms", tuple(values)) for name, values in found.items()]


def longest_stall(work: Callable[[], None]) -> float:
    """Milliseconds by which a 1 ms timer was late at most, while work ran in the event loop."""
    from PySide6.QtCore import Qt, QTimer

    beats = [time.perf_counter()]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: beats.append(time.perf_counter()))
    timer.start(1)
    work()
    timer.stop()
    gaps = [after - before for before, after in pairwise(beats)]
    return 1000 * max(gaps) - 1


def main() -> None:
    """Prints both."""
    chosen = options(__doc__)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    runs = 3 if chosen.quick else 7
    start_seconds()
    starts = [start_seconds() for _ in range(runs)]
    first = Figure("window on screen after", "ms", tuple(1000 * s for s, _ in starts))
    show([first, *stalls(2 if chosen.quick else 5)], chosen.json)
    print(f"torch imported by then: {'yes' if any(torch for _, torch in starts) else 'no'}")


if __name__ == "__main__":
    main()
