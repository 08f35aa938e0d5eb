"""Drives the real window through the main job, one step after another.

For the demo where there is no screen, for the documentation's pictures, and for benchmarks.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from magic_viewer.errors import MagicViewerError
from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.ui.app import application
from magic_viewer.ui.backend import real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.licences import Licences
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.preferences import THEME, Preferences
from magic_viewer.ui.theme import apply_theme

if TYPE_CHECKING:
    from magic_viewer.ui.slice_view import SliceView

PATIENCE_SECONDS = 120.0


class Tour:
    """The window with a hand on it. Each step returns when its result is on screen.

    Args:
        settings: a file for the window's settings, so that the user's own stay untouched.
        model: name of a model, or None for the first.
        size: (width, height) of the window.
    """

    def __init__(
        self, settings: Path, model: str | None = None, size: tuple[int, int] = (1440, 900)
    ) -> None:
        self._app = application()
        kept = QSettings(str(settings), QSettings.Format.IniFormat)
        apply_theme(self._app, Preferences(kept).get(THEME))
        self.window = MainWindow(kept)
        self.window.resize(*size)
        backend = real_backend()
        Licences(Preferences(kept)).accept_all(backend)
        self.controller = Controller(self.window, backend, kept)
        self.session = self.controller.session
        self.window.show()
        self.controller.begin(model)
        self.wait_until(lambda: self.session.model is not None, "load a model")

    @property
    def slice_view(self) -> "SliceView":
        """Where the slice is drawn."""
        assert self.window.viewer is not None
        return self.window.viewer.slice_view

    def wait_until(self, is_done: Callable[[], bool], what: str) -> None:
        """Lets the window work until something is so.

        Raises:
            MagicViewerError: it took too long.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_done():
            if time.monotonic() > end:
                raise MagicViewerError(f"The window did not {what} in {PATIENCE_SECONDS:g} s.")
            self._app.processEvents()
            time.sleep(0.001)

    def rest(self, seconds: float) -> None:
        """Lets the window work for a while: finish painting, load thumbnails."""
        end = time.monotonic() + seconds
        self.wait_until(lambda: time.monotonic() > end, "rest")

    def open(self, paths: Sequence[Path]) -> None:
        """Opens files or folders, and waits for the first slice's class."""
        before = self.session.study
        self.controller.open(paths)
        self.wait_until(
            lambda: self.session.study is not before and self.session.examination is not None,
            "classify the slice",
        )

    def go_to(self, slice_index: int) -> None:
        """Another slice of the series in view, and its class."""
        self.session.go_to_slice(slice_index)
        self.wait_until(
            lambda: (
                self.session.slice is not None
                and self.session.slice.index == slice_index
                and self.session.examination is not None
            ),
            "classify the slice",
        )

    def show_map(self, settings: OverlaySettings) -> None:
        """Another map over the slice."""
        self.window.overlay_panel.settings_requested.emit(settings)

    def show_contrast(self) -> None:
        """The two most probable classes' contrast."""
        assert self.session.examination is not None
        chances = self.session.examination.classification.probabilities
        first, second = sorted(chances, key=lambda label: -chances[label])[:2]
        self.show_map(replace(OverlaySettings(), target=first, against=second))

    def draw(self, request: SampleRequest) -> None:
        """Draws synthetic images into the gallery."""
        before = len(self.window.gallery.samples)
        self.window.show_generation()
        # The last image of the drawing before comes sooner than its end.
        self.wait_until(lambda: self.window.generate_panel.is_ready, "end drawing")
        self.window.generate_panel.set_request(request)
        self.window.generate_panel.ask()
        self.wait_until(
            lambda: len(self.window.gallery.samples) >= before + request.count,
            "draw the images",
        )

    def grab(self, path: Path) -> None:
        """Saves what the window shows, once it has come to rest."""
        self.rest(0.6)
        self.window.grab().save(str(path))

    def close(self) -> None:
        """Closes the window, which ends all work."""
        self.window.close()
        self._app.processEvents()
