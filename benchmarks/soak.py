"""Random actions in the window for as long as asked: exceptions, stalls and memory.

A fixed seed gives the same actions in the same order. What they meet differs with how far the
workers are. Every command of the menus takes part but quitting; dialogs are closed again.
"""

import argparse
import gc
import logging
import os
import random
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from benchmarks.common import write_json

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDERS = (
    "viewer_dicom/ct_head_ge_hispeed",
    "viewer_dicom/mr_patient_positions",
    "viewer_dicom/mr_philips_enhanced",
    "viewer_dicom/mr_ge_fmri_3vol",
    "viewer_nifti/ixi_2mm",
)
_LEFT_OUT = ("quit",)
_BEAT_MS = 5
_ACTION_MS = 60
_SAMPLE_SECONDS = 5.0


class Soak:
    """A hand that does anything, and a watch on what comes of it."""

    def __init__(self, kept: Path, seed: int, minutes: float) -> None:
        from PySide6.QtCore import Qt, QTimer

        from magic_viewer.ui.tour import Tour

        self.errors: list[str] = []
        self.done: Counter[str] = Counter()
        self.stalls: list[tuple[float, str]] = []
        self.memory: list[float] = []
        self._random = random.Random(seed)
        self._last_action = "start"
        sys.excepthook = self._note_exception
        logging.getLogger("magic_viewer").addHandler(_Listener(self.errors))
        self._tour = Tour(kept / "settings.ini")
        self._scans = _scans()
        self._tour.open(self._scans[:1])
        self._ends = time.monotonic() + 60 * minutes
        self._beat, self._sampled = time.perf_counter(), 0.0
        self._timers = []
        for milliseconds, work in ((_BEAT_MS, self._watch), (_ACTION_MS, self._act)):
            timer = QTimer()
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.timeout.connect(work)
            timer.start(milliseconds)
            self._timers.append(timer)

    def run(self) -> None:
        """Until the time is up."""
        from magic_viewer.ui.app import application

        application().exec()
        self._tour.controller.end()

    def _watch(self) -> None:
        now = time.perf_counter()
        gap, self._beat = now - self._beat, now
        self.stalls.append((1000 * gap - _BEAT_MS, self._last_action))
        # The worst are kept; all of them would be memory that grows.
        self.stalls = sorted(self.stalls, reverse=True)[:20]
        if now - self._sampled > _SAMPLE_SECONDS:
            gc.collect()
            self.memory.append(_resident_mib())
            self._sampled = self._beat = time.perf_counter()

    def _act(self) -> None:
        from magic_viewer.ui.app import application

        if time.monotonic() > self._ends:
            for timer in self._timers:
                timer.stop()
            application().exit()  # quit would ask about unsaved measurements
            return
        actions: tuple[Callable[[], str], ...] = (
            self._command,
            self._drag,
            self._drag,
            self._wheel,
            self._wheel,
            self._press_control,
            self._close_dialogs,
            self._open,
        )
        weights = (6, 6, 6, 8, 8, 2, 6, 0.3)
        (action,) = self._random.choices(actions, weights)
        self._last_action = action()
        self.done[self._last_action.partition(" ")[0]] += 1

    def _command(self) -> str:
        commands = self._tour.window.commands
        name = self._random.choice([one for one in commands if one not in _LEFT_OUT])
        commands[name].trigger()
        return f"command {name}"

    def _drag(self) -> str:
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        view = self._any_view()
        if view is None:
            return "drag nowhere"
        area = view.viewport().rect()
        button = self._random.choice(
            (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton)
        )
        keys = self._random.choice(
            (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.ControlModifier,
                Qt.KeyboardModifier.ShiftModifier,
            )
        )
        points = [
            QPoint(self._random.randrange(area.width()), self._random.randrange(area.height()))
            for _ in range(self._random.randint(1, 6))
        ]
        QTest.mousePress(view.viewport(), button, keys, points[0])
        for point in points:
            _move(view.viewport(), point, button, keys)
        QTest.mouseRelease(view.viewport(), button, keys, points[-1])
        return f"drag {button.name}"

    def _wheel(self) -> str:
        from PySide6.QtCore import QPoint, QPointF, Qt
        from PySide6.QtGui import QWheelEvent

        from magic_viewer.ui.app import application

        view = self._any_view()
        if view is None:
            return "wheel nowhere"
        at = QPointF(view.viewport().rect().center())
        none = Qt.KeyboardModifier.NoModifier
        keys = self._random.choice((none, none, none, Qt.KeyboardModifier.ControlModifier))
        turn = QPoint(0, self._random.choice((-360, -120, 120, 360)))
        event = QWheelEvent(
            at,
            QPointF(view.viewport().mapToGlobal(at.toPoint())),
            QPoint(),
            turn,
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        application().sendEvent(view.viewport(), event)
        return "wheel"

    def _press_control(self) -> str:
        """Any button, box, list or slider of the window."""
        from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QListWidget

        kinds = (QAbstractButton, QAbstractSlider, QComboBox, QListWidget)
        found = [
            widget
            for kind in kinds
            for widget in self._tour.window.findChildren(kind)
            if widget.isVisible() and widget.isEnabled()
        ]
        if not found:
            return "control none"
        widget = self._random.choice(found)
        if isinstance(widget, QAbstractButton):
            widget.click()
        elif isinstance(widget, QAbstractSlider):
            widget.setValue(self._random.randint(widget.minimum(), widget.maximum()))
        elif isinstance(widget, QComboBox) and widget.count():
            widget.setCurrentIndex(self._random.randrange(widget.count()))
        elif isinstance(widget, QListWidget) and widget.count():
            widget.setCurrentRow(self._random.randrange(widget.count()))
        return f"control {type(widget).__name__} {widget.accessibleName()}"

    def _close_dialogs(self) -> str:
        from PySide6.QtWidgets import QDialog

        for dialog in self._tour.window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()
        return "dialogs"

    def _open(self) -> str:
        self._tour.controller.open([self._random.choice(self._scans)])
        return "open"

    def _any_view(self):  # type: ignore[no-untyped-def]
        from magic_viewer.ui.slice_view import SliceView

        views = [view for view in self._tour.window.findChildren(SliceView) if view.isVisible()]
        return self._random.choice(views) if views else None

    def _note_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        self.errors.append(f"after {self._last_action}: {text}")


class _Listener(logging.Handler):
    """Errors that reached the user as a sentence are errors here, too."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        self._errors.append(self.format(record))


def _move(target, point, button, keys) -> None:  # type: ignore[no-untyped-def]
    """A move with the button held, which QTest's own leaves out."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

    from magic_viewer.ui.app import application

    where, on_screen = QPointF(point), QPointF(target.mapToGlobal(point))
    event = QMouseEvent(QEvent.Type.MouseMove, where, on_screen, button, button, keys)
    application().sendEvent(target, event)


def _scans() -> list[Path]:
    from magic_viewer.imaging.samples import sample_scans

    there = [SHARED / name for name in FOLDERS if (SHARED / name).exists()]
    return [*sample_scans()[:2], *there]


def _resident_mib() -> float:
    """Of this process and its children (Linux)."""
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = Path("/proc") / str(waiting.pop())
        try:
            pages = int((process / "statm").read_text().split()[1])
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 2**20


def growth(memory: list[float]) -> float:
    """MiB between the second quarter and the last: caches have filled by then."""
    quarter = max(1, len(memory) // 4)
    return statistics.median(memory[-quarter:]) - statistics.median(memory[quarter : 2 * quarter])


def main() -> int:
    """Runs, prints, and says by its exit status whether all went well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as kept:
        soak = Soak(Path(kept), chosen.seed, chosen.minutes)
        soak.run()
    worst, during = soak.stalls[0]
    print(f"{sum(soak.done.values())} actions in {chosen.minutes:g} minutes, seed {chosen.seed}:")
    print("  " + ", ".join(f"{count} {name}" for name, count in soak.done.most_common()))
    print(f"exceptions: {len(soak.errors)}")
    print(f"longest stall: {worst:.0f} ms, after {during}")
    print("  next: " + ", ".join(f"{ms:.0f} ms ({what})" for ms, what in soak.stalls[1:8]))
    print(f"memory: {soak.memory[-1]:.0f} MiB at the end, {growth(soak.memory):+.0f} MiB between")
    print("  the second quarter of the time and the last")
    for text in soak.errors[:10]:
        print(text, file=sys.stderr)
    if chosen.json is not None:
        result = {
            "minutes": chosen.minutes,
            "seed": chosen.seed,
            "actions": dict(soak.done),
            "exceptions": soak.errors,
            "longest_stalls_ms": soak.stalls,
            "memory_mib": soak.memory,
        }
        write_json(result, chosen.json)
    return 1 if soak.errors else 0


if __name__ == "__main__":
    sys.exit(main())
