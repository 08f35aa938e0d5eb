"""The middle of the window once something is open: slice, colour bar, slice slider."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSpinBox, QVBoxLayout, QWidget

from magic_viewer.ui.color_bar import ColorBar
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.theme import MARGIN, SPACING


class Viewer(QWidget):
    """Lays out the slice view with what belongs to it."""

    slice_index_requested = Signal(int)
    volume_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slice_view = SliceView()
        self.color_bar = ColorBar()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(self.tr("Slice number"))
        # Keys belong to the commands, also after the slider was touched.
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.valueChanged.connect(self.slice_index_requested)
        self._volume = QSpinBox()
        self._volume.setAccessibleName(self.tr("Volume number"))
        self._volume.setMinimum(1)
        self._volume.valueChanged.connect(lambda number: self.volume_requested.emit(number - 1))
        self._volume_name = QLabel(self.tr("Volume"))
        self._lay_out()
        self.set_counts(1, 1)

    def set_counts(self, slices: int, volumes: int) -> None:
        """How many there are of each."""
        with QSignalBlocker(self._slider), QSignalBlocker(self._volume):
            self._slider.setRange(0, slices - 1)
            self._volume.setRange(1, volumes)
            self._volume.setValue(1)
        self._volume.setSuffix(f" / {volumes}")
        self._slider.setEnabled(slices > 1)
        for widget in (self._volume, self._volume_name):
            widget.setVisible(volumes > 1)

    def set_slice_index(self, index: int) -> None:
        """Where the slider stands."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(index)

    def set_volume_index(self, index: int) -> None:
        """Which volume the box shows."""
        with QSignalBlocker(self._volume):
            self._volume.setValue(index + 1)

    def _lay_out(self) -> None:
        picture = QHBoxLayout()
        picture.setSpacing(0)
        picture.addWidget(self.slice_view, 1)
        picture.addWidget(self.color_bar)
        below = QHBoxLayout()
        below.setSpacing(SPACING)
        below.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        below.addWidget(self._slider, 1)
        below.addWidget(self._volume_name)
        below.addWidget(self._volume)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(picture, 1)
        column.addLayout(below)
