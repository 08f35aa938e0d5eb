"""The frame around the one of several views that commands act on."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from magic_viewer.ui.theme import ImageColor

_WIDTH = 2


def draw_frame(painter: QPainter, area: QRectF) -> None:
    """Inside the edges of the view, in pixels of the screen."""
    painter.setPen(QPen(QColor(ImageColor.ACCENT), 2 * _WIDTH))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(area)
