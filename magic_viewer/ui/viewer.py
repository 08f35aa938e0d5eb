"""The middle of the window once something is open: slice, colour bar, slice slider."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.ui.cine import FRAMES_PER_SECOND
from magic_viewer.ui.color_bar import ColorBar
from magic_viewer.ui.pane_grid import PaneGrid
from magic_viewer.ui.series_strip import SeriesStrip
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.theme import MARGIN, SPACING


class Viewer(QWidget):
    """Lays out the slice view with what belongs to it."""

    slice_index_requested = Signal(int)
    volume_requested = Signal(int)
    cine_requested = Signal(bool)
    cine_speed_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slice_view = SliceView()
        self.color_bar = ColorBar()
        self.panes = PaneGrid(self.slice_view, self.color_bar)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(self.tr("Slice number"))
        # Reached with Tab alone: a click must not take the keys from the commands.
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.valueChanged.connect(self.slice_index_requested)
        self.series_strip = SeriesStrip(self._slider)
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setAccessibleName(self.tr("Volume: time, echo or b-value"))
        self._volume.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._volume.valueChanged.connect(self.volume_requested)
        self._volume.valueChanged.connect(lambda _: self._name_volume())
        self._volume_name = QLabel()
        self._volume_name.setTextFormat(Qt.TextFormat.PlainText)
        self._names: tuple[str, ...] = ("",)
        self._make_cine()
        self._lay_out()
        self.set_counts(1, ("",))

    def _make_cine(self) -> None:
        self._play = QToolButton()
        self._play.setCheckable(True)
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._play.setToolTip(self.tr("Play the slices (C)"))
        self._play.setAccessibleName(self.tr("Play the slices"))
        self._play.toggled.connect(self.cine_requested)
        self._speed = QSpinBox()
        self._speed.setRange(1, 60)
        self._speed.setValue(FRAMES_PER_SECOND)
        self._speed.setSuffix(self.tr(" per second"))
        self._speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._speed.setAccessibleName(self.tr("Slices a second"))
        self._speed.valueChanged.connect(self.cine_speed_requested)
        # So that the row doesn't grow when the speed appears.
        self._play.setFixedSize(
            self._speed.sizeHint().height() + 6, self._speed.sizeHint().height()
        )
        self.set_playing(False)

    def set_playing(self, is_playing: bool) -> None:
        """Whether slices go by."""
        with QSignalBlocker(self._play):
            self._play.setChecked(is_playing)
        self._play.setText("❚❚" if is_playing else "▶")
        self._speed.setVisible(is_playing)

    def set_counts(self, slices: int, volumes: tuple[str, ...]) -> None:
        """How many slices there are, and what each volume is called ("" where it has no name)."""
        self._names = volumes
        with QSignalBlocker(self._slider), QSignalBlocker(self._volume):
            self._slider.setRange(0, slices - 1)
            self._volume.setRange(0, len(volumes) - 1)
            self._volume.setValue(0)
        self._slider.setEnabled(slices > 1)
        self._play.setEnabled(slices > 1 or len(volumes) > 1)
        for widget in (self._volume, self._volume_name):
            widget.setVisible(len(volumes) > 1)
        # As wide as the longest, so that the slider doesn't jump.
        texts = [self._volume_text(index) for index in range(len(volumes))]
        metrics = self._volume_name.fontMetrics()
        self._volume_name.setMinimumWidth(max(map(metrics.horizontalAdvance, texts)))
        self._name_volume()

    def set_slice_index(self, index: int) -> None:
        """Where the slider stands."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(index)

    def set_volume_index(self, index: int) -> None:
        """Where the second slider stands."""
        with QSignalBlocker(self._volume):
            self._volume.setValue(index)
        self._name_volume()

    def _name_volume(self) -> None:
        self._volume_name.setText(self._volume_text(self._volume.value()))

    def _volume_text(self, index: int) -> str:
        name = self._names[index]
        count = f"{self.tr('Volume')} {index + 1} / {len(self._names)}"
        return f"{count} · {name}" if name else count

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(SPACING)
        below.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        below.addWidget(self._play)
        below.addWidget(self._speed)
        below.addWidget(self._slider, 2)
        below.addWidget(self._volume, 1)
        below.addWidget(self._volume_name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.panes, 1)
        column.addWidget(self.series_strip)
        column.addLayout(below)
