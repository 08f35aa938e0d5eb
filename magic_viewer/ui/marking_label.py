"""Labels beside markings: readable on any ground, inside the view, never one over another."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPolygonF

from magic_viewer.imaging.marking import Marking
from magic_viewer.ui.theme import Color

DARK = QColor(0, 0, 0, 170)
_GAP = 10.0
_PADDING = 4.0
_WIDEST = 320.0


def draw_label(
    painter: QPainter,
    marking: Marking,
    points: Sequence[QPointF],
    lines: Sequence[str],
    area: QRectF,
    taken: Sequence[QRectF],
) -> QRectF:
    """Draws the lines of a marking beside its points; gives the room they take.

    Args:
        painter: in pixels of the screen.
        marking: what the label belongs to.
        points: the marking's line in the same pixels.
        lines: at least one.
        area: what the label must not leave.
        taken: the room of labels that are there already.
    """
    metrics = QFontMetricsF(painter.font())
    side = Qt.TextElideMode.ElideRight
    short = [metrics.elidedText(text, side, min(_WIDEST, area.width() / 2)) for text in lines]
    box = _beside(marking, points, text_size(short, metrics), area)
    for other in sorted(taken, key=lambda one: one.top()):
        if box.intersects(other):
            box.moveTop(other.bottom() + 2)
    draw_text(painter, box, short, Color.MARKING)
    return box


def draw_text(painter: QPainter, box: QRectF, lines: Sequence[str], color: str) -> None:
    """Lines from the left on a dark ground."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(DARK)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor(color))
    metrics = QFontMetricsF(painter.font())
    for number, text in enumerate(lines):
        top = box.top() + _PADDING + number * metrics.lineSpacing()
        painter.drawText(QPointF(box.left() + _PADDING + 1, top + metrics.ascent()), text)


def text_size(lines: Sequence[str], metrics: QFontMetricsF) -> tuple[float, float]:
    """Width and height of lines on their ground."""
    width = max(metrics.horizontalAdvance(text) for text in lines)
    return width + 2 * _PADDING + 2, metrics.lineSpacing() * len(lines) + 2 * _PADDING


def _beside(
    marking: Marking, points: Sequence[QPointF], size: tuple[float, float], area: QRectF
) -> QRectF:
    """Right of the shape, or left of it where the right is full; an arrow's at its tail."""
    width, height = size
    if marking.kind == "arrow":
        tip, first = points[0], points[-1]
        last, wants_left = first, first.x() < tip.x()
    else:
        first, last = (pick(points, key=lambda point: point.x()) for pick in (min, max))
        wants_left = False
    on_left, on_right = first.x() - _GAP - width, last.x() + _GAP
    fits_left, fits_right = on_left >= area.left(), on_right + width <= area.right()
    is_left = fits_left and (wants_left or not fits_right)
    middle = (first if is_left else last).y()
    if marking.is_region:
        middle = QPolygonF(points).boundingRect().center().y()
    left = min(max(on_left if is_left else on_right, area.left()), area.right() - width)
    top = min(max(middle - height / 2, area.top() + 2), area.bottom() - height - 2)
    return QRectF(left, top, width, height)
