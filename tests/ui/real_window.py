"""One reading from opening to quitting in a real window, with an X server's own clicks and keys.

Run by `test_real_window` under Xvfb: `python -m tests.ui.real_window SCAN FOLDER`. Leaves
pictures of each step and the exported view in FOLDER.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QSettings
from PySide6.QtWidgets import QApplication, QFileDialog, QScrollArea, QWidget

from magic_viewer.ui.app import application
from magic_viewer.ui.backend import real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.licences import Licences
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.preferences import Preferences
from magic_viewer.ui.theme import apply_theme

_PATIENCE_SECONDS = 90


class Hand:
    """Moves the X server's pointer and presses its keys, while the window goes on working."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self._window, self._folder = window, folder
        self._pictures = 0

    def do(self, *words: object) -> None:
        """One call of xdotool, started and not waited for in a way that stops the window."""
        process = subprocess.Popen(["xdotool", *map(str, words)])
        self.until(lambda: process.poll() is not None, f"xdotool {words}")
        assert process.returncode == 0, words
        # Events of the server come in with the next turns of the loop.
        for _ in range(20):
            QApplication.processEvents()
            time.sleep(0.002)

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Lets the window work until something is so."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < end, f"never: {what}"
            QApplication.processEvents()
            time.sleep(0.002)

    def focus(self, widget: QWidget) -> None:
        """Gives a top-level window the keyboard, as a window manager would."""
        self.do("windowfocus", "--sync", int(widget.winId()))

    def drag(self, widget: QWidget, start: QPoint, moved: QPoint, button: int = 1) -> None:
        """Presses, moves in five steps and lets go."""
        first = widget.mapToGlobal(start)
        words: list[object] = ["mousemove", first.x(), first.y(), "mousedown", button]
        for step in range(1, 6):
            words += ["mousemove", first.x() + moved.x() * step // 5]
            words += [first.y() + moved.y() * step // 5]
        self.do(*words, "mouseup", button)

    def click(self, widget: QWidget, point: QPoint, button: int = 1) -> None:
        """Presses and lets go; buttons 4 and 5 are the wheel."""
        at = widget.mapToGlobal(point)
        self.do("mousemove", at.x(), at.y(), "click", button)

    def keep(self, name: str) -> None:
        """A picture of what is on screen."""
        self._pictures += 1
        self._window.grab().save(str(self._folder / f"{self._pictures}-{name}.png"))


def read_a_scan(scan: Path, folder: Path) -> None:
    """Opens, scrolls, windows, classifies, maps, contrasts, measures, exports, draws and quits."""
    app = application()
    apply_theme(app)
    settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(settings)
    backend = real_backend()
    Licences(Preferences(settings)).accept_all(backend)
    controller = Controller(window, backend, settings)
    session, hand = controller.session, Hand(window, folder)
    window.resize(1440, 900)
    window.show()
    controller.begin("brain-sequence")
    controller.open([scan])
    hand.until(lambda: session.slice is not None and session.model is not None, "a slice")
    hand.focus(window)
    view = window.viewer.slice_view
    middle = view.viewport().rect().center()

    before = session.slice_index
    hand.click(view.viewport(), middle, button=5)
    assert session.slice_index == before + 1, "the wheel goes one slice on"
    hand.do("key", "Up")
    assert session.slice_index == before, "the key goes one back"

    window_before = session.window
    hand.drag(view.viewport(), middle, QPoint(60, 30))
    assert session.window is not None
    assert session.window != window_before, "a left drag changes the window"
    chosen = session.window
    hand.do("key", "Down")
    hand.until(lambda: session.slice is not None, "the next slice")
    assert session.window == chosen, "the window stays while scrolling"

    hand.until(lambda: session.examination is not None, "an answer")
    if session.examination.classification.is_misfit:
        hand.until(lambda: window.overlay_panel.why_off != "", "why there is no map")
        hand.do("key", "t")
    hand.until(lambda: view.picture._veil is not None, "a map")
    hand.keep("map")
    hand.do("key", "t")
    hand.until(lambda: view.picture._veil is None, "no map")
    hand.do("key", "t")
    hand.until(lambda: view.picture._veil is not None, "the map again")

    mode = window.overlay_panel._mode
    for area in window.findChildren(QScrollArea):
        if area.isAncestorOf(mode):
            area.ensureWidgetVisible(mode)
    hand.click(mode, mode.rect().center())
    hand.do("key", "--delay", "60", "Down", "Return")
    hand.until(lambda: mode.currentData() is not None, "another kind of map")
    hand.until(lambda: controller._models.painted is not None, "a painted contrast")
    hand.until(lambda: controller._models.painted.attribution.is_contrast, "a contrast")
    hand.keep("contrast")

    hand.focus(window)
    hand.do("key", "m")
    hand.drag(view.viewport(), middle - QPoint(60, 40), QPoint(120, 80))
    hand.until(lambda: len(controller._markings.shown) == 1, "a distance")
    hand.keep("distance")

    target = folder / "view.png"
    hand.do("key", "ctrl+s")
    dialogs = lambda: [d for d in window.findChildren(QFileDialog) if d.isVisible()]  # noqa: E731
    hand.until(lambda: bool(dialogs()), "a dialog")
    hand.focus(dialogs()[0])
    hand.do("key", "ctrl+a")
    hand.do("type", target)
    hand.do("key", "Return")
    hand.until(target.exists, "an exported view")

    hand.focus(window)
    hand.do("key", "ctrl+Return")
    hand.until(lambda: len(window.gallery.samples) > 0, "a synthetic image")
    hand.keep("synthetic")
    # Nobody is asked about measurements where none is left.
    hand.focus(window)
    hand.do("key", "ctrl+z")
    hand.until(lambda: not controller._markings.is_unsaved, "no measurement")
    hand.do("key", "ctrl+q")
    hand.until(lambda: not window.isVisible(), "the end")


if __name__ == "__main__":
    read_a_scan(Path(sys.argv[1]), Path(sys.argv[2]))
