"""How long a frame takes, from the change until it is painted, in the real window."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from benchmarks.ui.figures import Measured, of_frames
from magic_viewer.imaging.study import Series, Slice, Study, Volume, Window
from magic_viewer.pipeline import overlay
from magic_viewer.ui.tour import Tour

SIDES = (512, 1024, 2048)
FPS_AIM = {512: "60 fps", 1024: "60 fps"}
_SLICES = 8


class Paints(QObject):
    """Sees whether a widget is painted with what is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.is_so: Callable[[], bool] = lambda: False
        self.is_seen = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Looks on only."""
        if event.type() == QEvent.Type.Paint and self.is_so():
            self.is_seen = True
        return False


def frames(count: int, sides: tuple[int, ...] = SIDES) -> list[Measured]:
    """Scrolling and windowing, with and without a map over the slice."""
    found = []
    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini", "brain-sequence")
        for side in sides:
            tour.session.open(made_study(side))
            tour.wait_until(lambda: tour.session.slice is not None, "show the slice")
            tour.rest(0.5)
            veil = overlay.veil(_heat(side), 0.5)
            for has_map in (False, True):
                over = veil if has_map else None
                suffix = f" {side}²" + (" with map" if has_map else "")
                found += [
                    of_frames(
                        "windowing" + suffix, _windowing(tour, count, over), FPS_AIM.get(side, "")
                    ),
                    of_frames(
                        "scrolling" + suffix, _scrolling(tour, count, over), FPS_AIM.get(side, "")
                    ),
                ]
        tour.close()
    return found


def made_study(side: int) -> Study:
    """A series of noisy discs, in memory."""
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    disc = 1000 * (rows**2 + columns**2 < 0.6).astype(np.float32)
    rng = np.random.default_rng(0)
    values = [disc + 40 * rng.standard_normal(disc.shape, np.float32) for _ in range(_SLICES)]
    windows = (Window(500, 1200),)

    def read(k: int) -> Slice:
        return Slice(values[k], k, np.eye(4), (1.0, 1.0), "HU", "CT", windows)

    volume = Volume((_SLICES, side, side), read, np.eye(4), (1.0, 1.0, 1.0))
    return Study((Series(f"{side}²", "CT", (volume,), "made"),))


def _heat(side: int) -> overlay.ByteImage:
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    return overlay.colorize(np.add.outer(ramp, ramp), (0.0, 2.0), "magma")


def _windowing(tour: Tour, count: int, veil: overlay.Veil | None) -> list[float]:
    tour.slice_view.set_veil(veil)

    def drag(number: int) -> None:
        tour.slice_view.window_dragged.emit(4 if number % 40 < 20 else -4, 1)

    return _timed(tour, count, drag, lambda number: True)


def _scrolling(tour: Tour, count: int, veil: overlay.Veil | None) -> list[float]:
    session = tour.session

    def scroll(_: int) -> None:
        session.go_to_slice((session.slice_index + 1) % _SLICES)

    def is_shown(_: int) -> bool:
        return session.slice is not None and session.slice.index == session.slice_index

    connection = session.slice_changed.connect(lambda _: tour.slice_view.set_veil(veil))
    try:
        return _timed(tour, count, scroll, is_shown)
    finally:
        session.slice_changed.disconnect(connection)


def _timed(
    tour: Tour, count: int, change: Callable[[int], None], is_so: Callable[[int], bool]
) -> list[float]:
    """Milliseconds from each change to the end of the paint that shows it."""
    paints, viewport = Paints(), tour.slice_view.viewport()
    viewport.installEventFilter(paints)
    values = []
    for number in range(-3, count):
        tour.rest(0.002)
        paints.is_seen, paints.is_so = False, partial(is_so, number)
        began = time.perf_counter()
        change(number)
        while not paints.is_seen:
            QApplication.processEvents()
        if number >= 0:
            values.append(1000 * (time.perf_counter() - began))
    viewport.removeEventFilter(paints)
    return values
