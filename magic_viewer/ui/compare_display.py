"""Window and turn of the series on the right of two, which are its own."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, Signal

from magic_viewer.imaging.display import default_window, full_range
from magic_viewer.imaging.geometry import edge_letters
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.ui import windowing
from magic_viewer.ui.orientation import Orientation, by_convention
from magic_viewer.ui.slice_view import SliceView


class CompareDisplay(QObject):
    """How its slice is shown, whatever is done to the left one."""

    turned = Signal()
    shown = Signal()

    def __init__(self, view: SliceView) -> None:
        super().__init__()
        self._view = view
        self.image: Slice | None = None
        self.window: Window | None = None
        self.is_inverted = False
        self.orientation = Orientation()
        self._is_radiological = True
        view.window_dragged.connect(self._drag_window)
        view.region_selected.connect(self._window_from)

    def begin(self, image: Slice, is_radiological: bool) -> None:
        """As the file shows it, turned by the convention."""
        self.image, self.is_inverted = image, False
        self.window = self._file_window()
        self._turn_by(is_radiological)
        self.show()

    def show(self) -> None:
        """Its window again, for another slice."""
        self._view.set_window(self.window, self.is_inverted)
        self.shown.emit()

    def follow_convention(self, is_radiological: bool) -> None:
        """Takes another convention; turns of the left slice leave it as it is."""
        if is_radiological != self._is_radiological:
            self._turn_by(is_radiological)

    def set_window(self, window: Window | None) -> None:
        """A window for all its slices, or None for each slice's own display."""
        self.window = window
        self.show()

    def show_file_window(self) -> None:
        """The file's own window; asked for again, the next of several."""
        windows = self.image.windows if self.image is not None else ()
        if self.window in windows:
            self.set_window(windows[(windows.index(self.window) + 1) % len(windows)])
        else:
            self.set_window(self._file_window())

    def show_full_range(self) -> None:
        """From the lowest to the highest value of the slice."""
        if self.image is not None:
            self.set_window(full_range(self.image))

    def invert(self) -> None:
        """Swaps black and white."""
        self.is_inverted = not self.is_inverted
        self.show()

    def turn(self, change: Callable[[Orientation], Orientation]) -> None:
        """Mirrors or turns what is on screen."""
        self.orientation = change(self.orientation)
        self.turned.emit()

    def _turn_by(self, is_radiological: bool) -> None:
        self._is_radiological = is_radiological
        letters = edge_letters(self.image.affine) if self.image is not None else None
        self.turn(lambda _: by_convention(letters, is_radiological))

    def _file_window(self) -> Window | None:
        if self.image is None or self.image.voi_lut is not None:
            return None
        return default_window(self.image)

    def _drag_window(self, right: float, down: float) -> None:
        start = self.window or (default_window(self.image) if self.image is not None else None)
        if start is not None:
            self.set_window(windowing.dragged(start, right, down))

    def _window_from(self, region: QRectF) -> None:
        if self.image is None or self.image.is_color:
            return
        corners = region.left(), region.top(), region.right(), region.bottom()
        window = windowing.of_rectangle(self.image.modality_values, *corners)
        if window is not None:
            self.set_window(window)
