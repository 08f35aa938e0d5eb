"""The slice, its window and the map over it as one image, made only when it is to be drawn."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.overlay import Veil, blend


class Picture:
    """Keeps what a change leaves valid: a drag of the window does not touch the map."""

    def __init__(self) -> None:
        self._slice: Slice | None = None
        self._window: Window | None = None
        self._inverted = False
        self._veil: Veil | None = None
        self._display: npt.NDArray[np.uint8] | None = None
        self._packed: npt.NDArray[np.uint32] | None = None

    def set_slice(self, image: Slice | None) -> None:
        """Another slice; the map of the one before goes with it."""
        self._slice, self._veil, self._display, self._packed = image, None, None, None

    def set_window(self, window: Window | None, inverted: bool) -> None:
        """The user's window, or None for the slice's own display."""
        self._window, self._inverted = window, inverted
        self._display = self._packed = None

    def set_veil(self, veil: Veil | None) -> None:
        """The map to lay over, of the slice's rows and columns."""
        self._veil, self._packed = veil, None

    @property
    def display_values(self) -> npt.NDArray[np.uint8] | None:
        """The slice after its window, without the map."""
        if self._display is None and self._slice is not None:
            self._display = to_display(self._slice, self._window, self._inverted)
        return self._display

    def image(self) -> QImage | None:
        """One image of everything; valid until the next change."""
        if self._packed is None:
            display = self.display_values
            if display is None:
                return None
            self._packed = np.ascontiguousarray(blend(display, self._veil))
        rows, columns = self._packed.shape
        return QImage(self._packed.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
