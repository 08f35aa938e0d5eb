"""The histogram of the slice with the window as a band: drag its edges, or it as a whole."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from magic_viewer.imaging.histogram import Histogram
from magic_viewer.ui.theme import Color

_HEIGHT = 96
_BAND_OPACITY = 56
# So many widths of the window on each side of it.
_AROUND = 5


class HistogramView(pg.GraphicsView):  # type: ignore[misc]
    """Counts on a logarithmic scale, since air would hide all else."""

    edges_requested = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Histogram of the slice, with the window"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        self.setFrameShape(self.Shape.NoFrame)
        # A plot of pyqtgraph's would bring menus and forms that take ten times as long to make.
        layout = pg.GraphicsLayout()
        layout.layout.setContentsMargins(0, 0, 0, 0)
        layout.layout.setVerticalSpacing(0)
        self.setCentralItem(layout)
        self.box = layout.addViewBox(row=0, col=0, enableMenu=False, enableMouse=False)
        self._axis = pg.AxisItem("bottom", tickLength=4, hideOverlappingLabels=True)
        # A factor of thousands on the axis would hide what the values are.
        self._axis.enableAutoSIPrefix(False)
        self._axis.linkToView(self.box)
        layout.addItem(self._axis, row=1, col=0)
        self._curve = pg.PlotCurveItem(fillLevel=0, pen=None)
        self.box.addItem(self._curve)
        self._band = pg.LinearRegionItem(swapMode="block")
        self._band.sigRegionChanged.connect(self._ask)
        self._band.sigRegionChangeFinished.connect(self._let_go)
        self.box.addItem(self._band)
        self._range = (0.0, 1.0)
        self._is_held = False
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """Follows another look of the program."""
        super().changeEvent(event)
        # The first palette comes before this constructor has made anything.
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_band"):
            self._dress()

    def _dress(self) -> None:
        self.setBackground(Color.PANEL)
        self._axis.setPen(QColor(Color.BORDER))
        self._axis.setTextPen(QColor(Color.QUIET))
        self._curve.setBrush(QColor(Color.CONTROL_EDGE))
        shade, lit = QColor(Color.ACCENT), QColor(Color.ACCENT)
        shade.setAlpha(_BAND_OPACITY)
        lit.setAlpha(_BAND_OPACITY + 30)
        self._band.setBrush(shade)
        self._band.setHoverBrush(lit)
        for edge in self._band.lines:
            edge.setPen(pg.mkPen(QColor(Color.ACCENT), width=2))
            edge.setHoverPen(pg.mkPen(QColor(Color.TEXT), width=3))

    @property
    def edges(self) -> tuple[float, float]:
        """Where the band begins and ends."""
        low, high = self._band.getRegion()
        return float(low), float(high)

    def set_histogram(self, shown: Histogram | None) -> None:
        """What to draw, or nothing."""
        if shown is None:
            self._curve.clear()
            return
        edges = np.linspace(shown.low, shown.high, len(shown.counts) + 1)
        self._curve.setData(edges, np.log1p(shown.counts), stepMode="center")
        self._range = shown.low, shown.high
        self.box.setYRange(0, float(np.log1p(shown.counts.max())), padding=0.05)
        self._fit()

    def set_edges(self, low: float, high: float) -> None:
        """Where the window begins and ends; while the band is held it stays in the hand."""
        if self._is_held:
            return
        with QSignalBlocker(self._band):
            self._band.setRegion((low, high))
        self._fit()

    def sizeHint(self) -> QSize:
        """Low and as wide as there is room."""
        return QSize(160, _HEIGHT)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nothing: the range follows from values and window."""
        event.ignore()

    def close(self) -> bool:
        """Hides like any widget. pyqtgraph's own empties the scene first, which can crash."""
        return QWidget.close(self)

    def _fit(self) -> None:
        """Window and values; of a narrow window its surroundings, so that a hand fits in."""
        low, high = self._range
        first, last = self.edges
        around = _AROUND * (last - first)
        left = max(min(low, first), first - around, low - (high - low))
        right = min(max(high, last), last + around, high + (high - low))
        if right > left:
            self.box.setXRange(left, right, padding=0.03)

    def _ask(self) -> None:
        self._is_held = True
        self.edges_requested.emit(*self.edges)

    def _let_go(self) -> None:
        self._is_held = False
        self._fit()
