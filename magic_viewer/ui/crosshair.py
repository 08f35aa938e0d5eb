"""The crosshair on a slice: a small cross with a gap, and what lies under it."""

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QColor, QPainter, QPen

from magic_viewer.ui.slice_text import draw_outlined
from magic_viewer.ui.theme import ImageColor

_GAP, _ARM = 4.0, 14.0


@dataclass(frozen=True)
class Crosshair:
    """Where it is.

    Attributes:
        point: (column, row) of the slice, pixel centres at whole numbers.
        text: what is read there.
    """

    point: tuple[float, float]
    text: str = ""


def draw_crosshair(painter: QPainter, place: QPointF, text: str) -> None:
    """In pixels of the screen; the words beside it, right or left."""
    arms = [
        QLineF(place + way * _GAP, place + way * _ARM)
        for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1))
    ]
    for color, width in ((QColor(0, 0, 0, 200), 3.5), (QColor(ImageColor.ACCENT), 1.5)):
        painter.setPen(QPen(color, width))
        painter.drawLines(arms)
    metrics = painter.fontMetrics()
    right = place.x() + _ARM + 6
    if right + metrics.horizontalAdvance(text) > painter.window().width():
        right = place.x() - _ARM - 6 - metrics.horizontalAdvance(text)
    if text:
        draw_outlined(painter, QPointF(right, place.y() - 6), text, QColor(ImageColor.TEXT))
