"""Joins the window's panel, presets, commands, settings and session."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from magic_viewer.imaging.display import default_window
from magic_viewer.imaging.histogram import histogram
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.image_colors import COLOR_MAPS
from magic_viewer.ui.compare_controller import CompareController
from magic_viewer.ui.compare_display import CompareDisplay
from magic_viewer.ui.histogram_view import HistogramView
from magic_viewer.ui.preferences import PRESETS, WINDOW_PANEL, Preferences
from magic_viewer.ui.preset_dialog import PresetDialog
from magic_viewer.ui.presets import load_presets, preset_words, save_presets
from magic_viewer.ui.session import Session
from magic_viewer.ui.view_controller import ViewController
from magic_viewer.ui.window_panel import WindowPanel
from magic_viewer.ui.windowing import smallest_width

# The panel follows a drag, and scrolling, as soon as the slice itself has been drawn.
_WINDOW_DELAY_MS = 25
_HISTOGRAM_DELAY_MS = 80


class WindowController(QObject):
    """Counts only while the panel shows, and only once scrolling rests."""

    def __init__(
        self,
        session: Session,
        panel: WindowPanel,
        view_controls: ViewController,
        commands: Mapping[str, QAction],
        preferences: Preferences,
    ) -> None:
        super().__init__()
        self._session, self._panel, self._preferences = session, panel, preferences
        self._view_controls, self._commands = view_controls, commands
        self.presets = load_presets(preferences)
        self._histogram = HistogramView()
        self._counted: Slice | None = None
        self._compare: CompareController | None = None
        self._window_is_due = _timer(panel, _WINDOW_DELAY_MS, self._show_window)
        self._histogram_is_due = _timer(panel, _HISTOGRAM_DELAY_MS, self._count)
        self._connect_panel()
        self._connect_presets()
        session.window_changed.connect(lambda *_: self._plan(self._window_is_due))
        session.slice_changed.connect(lambda _: self._take_slice())
        view_controls.look_changed.connect(lambda _: self._plan(self._window_is_due))
        self._take_slice()

    # The panel

    def _connect_panel(self) -> None:
        panel = self._panel
        panel.add_histogram(self._histogram)
        panel.set_color_maps(COLOR_MAPS)
        panel.set_unfolded(self._preferences.get(WINDOW_PANEL))
        panel.unfolded.connect(self._keep_unfolded)
        panel.shown.connect(self._take_slice)
        panel.center_requested.connect(lambda center: self._ask(center=center))
        panel.width_requested.connect(lambda width: self._ask(width=width))
        panel.colors_requested.connect(self._view_controls.set_colors)
        self._histogram.edges_requested.connect(
            lambda low, high: self._ask(center=(low + high) / 2, width=high - low)
        )

    def _keep_unfolded(self, is_unfolded: bool) -> None:
        self._preferences.set(WINDOW_PANEL, is_unfolded)
        self._take_slice()

    def _take_slice(self) -> None:
        self._name_presets()
        if self._image() is not None:
            self._plan(self._window_is_due)
            self._plan(self._histogram_is_due)

    def _plan(self, due: QTimer) -> None:
        """Soon, once; not at all while nobody would see it."""
        if self._panel.isVisible() and self._panel.is_unfolded and not due.isActive():
            due.start()

    def _show_window(self) -> None:
        image = self._image()
        if image is None:
            return
        window = self._window()
        self._panel.set_window(window, self._reason(image))
        self._panel.set_colors(self._view_controls.look.colors, not image.is_color)
        self._histogram.setVisible(window is not None)
        if window is not None:
            half = window.width / 2
            self._histogram.set_edges(window.center - half, window.center + half)

    def _count(self) -> None:
        image = self._image()
        if image is not None and image is not self._counted:
            self._counted = image
            self._histogram.set_histogram(histogram(image))

    def _reason(self, image: Slice) -> str:
        if image.is_color:
            return self.tr("A colour image has no window: its colours are those of the file.")
        if self._target().window is None and image.voi_lut is not None:
            return self.tr("Shown by a table of the file; a change here replaces it by a window.")
        return ""

    def _window(self) -> Window | None:
        image = self._image()
        return self._target().window or (default_window(image) if image is not None else None)

    def _ask(self, center: float | None = None, width: float | None = None) -> None:
        """The user's centre or width; what was not asked for stays, to the last digit."""
        now = self._window()
        if now is None:
            return
        wide = now.width if width is None else max(width, smallest_width(now))
        middle = now.center if center is None else center
        self._target().set_window(replace(now, center=middle, width=wide, name=""))

    # The presets

    def _connect_presets(self) -> None:
        for number in range(len(self.presets)):
            action = self._commands[f"preset_{number}"]
            action.triggered.connect(lambda _checked=False, number=number: self.show(number))
        edit = self._commands["edit_presets"]
        edit.triggered.connect(lambda _checked=False: self.edit_presets())
        self._preferences.changed.connect(self._follow)

    def show(self, number: int) -> None:
        """One of the CT windows; they mean nothing for anything but CT."""
        image = self._image()
        if image is not None and image.modality == "CT":
            self._target().set_window(self.presets[number])

    def edit_presets(self) -> PresetDialog:
        """Asks for others."""
        parent = self._panel.window()
        dialog = PresetDialog(self.presets, parent if isinstance(parent, QWidget) else None)
        dialog.presets_requested.connect(self._take_presets)
        dialog.open()
        return dialog

    def _take_presets(self, presets: tuple[Window, ...]) -> None:
        save_presets(self._preferences, presets)

    def _follow(self, key: str) -> None:
        """Takes a preference that was changed here, or reset."""
        if key == PRESETS.key:
            self.presets = load_presets(self._preferences)
            self._name_presets()
        elif key == WINDOW_PANEL.key:
            self._panel.set_unfolded(self._preferences.get(WINDOW_PANEL))

    def _name_presets(self) -> None:
        compare = self._active_compare()
        series = self._session.series if compare is None else compare.series
        is_ct = series is not None and series.modality == "CT"
        for number, preset in enumerate(self.presets):
            action = self._commands[f"preset_{number}"]
            action.setEnabled(is_ct)
            text = preset_words(preset)
            action.setText(text if is_ct else self.tr("{preset}: only for CT").format(preset=text))

    # The right one of two series, while it is active

    def join(self, compare: CompareController) -> None:
        """Panel and presets are about the right one of two series too, while it is active."""
        self._compare = compare
        compare.active_changed.connect(lambda _: self._take_slice())
        compare.display.shown.connect(self._take_slice)

    def _image(self) -> Slice | None:
        compare = self._active_compare()
        return self._session.slice if compare is None else compare.display.image

    def _target(self) -> Session | CompareDisplay:
        compare = self._active_compare()
        return self._session if compare is None else compare.display

    def _active_compare(self) -> CompareController | None:
        compare = self._compare
        return compare if compare is not None and compare.is_active else None


def _timer(owner: WindowPanel, milliseconds: int, action: object) -> QTimer:
    """Fires once after each start, and never after its owner is gone."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(action)
    return timer
