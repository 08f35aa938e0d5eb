"""The slice, its window and what lies over it as one image, made only when it is to be drawn."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.file_overlays import paint
from magic_viewer.pipeline.image_colors import GREY, packed, painted
from magic_viewer.pipeline.overlay import Veil, blend, stacked


class Picture:
    """Keeps what a change leaves valid: a drag of the window does not touch the map."""

    def __init__(self) -> None:
        self._slice: Slice | None = None
        self._window: Window | None = None
        self._inverted = False
        self._colors = GREY
        self._shows_overlays = True
        self._overlays: Veil | None = None
        self._veil: Veil | None = None
        self._above: Veil | None = None
        self._display: npt.NDArray[np.uint8] | None = None
        self._packed: npt.NDArray[np.uint32] | None = None

    def set_slice(self, image: Slice | None) -> None:
        """Another slice; the map of the one before goes with it."""
        self._slice, self._veil, self._display = image, None, None
        self._overlays = paint(image.overlays) if image is not None else None
        self._stack()

    def set_edited(self, image: Slice) -> None:
        """Other pixels in place of the slice's; the map, which isn't theirs, goes."""
        self._slice, self._veil, self._display = image, None, None
        self._stack()

    def set_pixels(self, image: Slice) -> None:
        """Other pixels in place of the slice's, under the same map."""
        self._slice, self._display, self._packed = image, None, None

    def set_window(self, window: Window | None, inverted: bool) -> None:
        """The user's window, or None for the slice's own display."""
        self._window, self._inverted = window, inverted
        self._display = self._packed = None

    def set_colors(self, color_map: str) -> None:
        """The colour map of the slice itself."""
        self._colors, self._packed = color_map, None

    def set_veil(self, veil: Veil | None) -> None:
        """The map to lay over, of the slice's rows and columns."""
        self._veil = veil
        self._stack()

    def show_overlays(self, is_wanted: bool) -> None:
        """Whether the file's overlays lie over the slice, below the map."""
        self._shows_overlays = is_wanted
        self._stack()

    def _stack(self) -> None:
        self._above, self._packed = self._veil, None
        if self.overlays is not None:
            self._above = stacked(self.overlays, self._veil) if self._veil else self.overlays

    @property
    def overlays(self) -> Veil | None:
        """The file's overlays, if there are any and they are shown."""
        return self._overlays if self._shows_overlays else None

    @property
    def display_values(self) -> npt.NDArray[np.uint8] | None:
        """The slice after its window, without anything over it."""
        if self._display is None and self._slice is not None:
            self._display = to_display(self._slice, self._window, self._inverted)
        return self._display

    @property
    def colored_values(self) -> npt.NDArray[np.uint8] | None:
        """The same in the colour map."""
        display = self.display_values
        return None if display is None else painted(display, self._colors)

    def image(self) -> QImage | None:
        """One image of everything; valid until the next change."""
        if self._packed is None:
            display = self.display_values
            if display is None:
                return None
            self._packed = np.ascontiguousarray(self._compose(display))
        rows, columns = self._packed.shape
        return QImage(self._packed.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)

    def _compose(self, display: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
        if self._above is None and self._colors != GREY and display.ndim == 2:
            return packed(display, self._colors)
        return blend(painted(display, self._colors), self._above)
