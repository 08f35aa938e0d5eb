"""Labels beside markings: readable on any ground, inside the view, never one over another."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPolygonF

from magic_viewer.imaging.marking import Marking
from magic_viewer.ui.theme import ImageColor

DARK = QColor(0, 0, 0, 200)
_GAP = 10.0
_PADDING = 4.0
_WIDEST = 320.0


def draw_label(
    painter: QPainter,
    marking: Marking,
    points: Sequence[QPointF],
    lines: Sequence[str],
    area: QRectF,
    shapes: Sequence[QPolygonF],
    taken: Sequence[QRectF],
) -> QRectF:
    """Draws the lines of a marking beside its points, an arrow's at its tail; gives their room.

    Args:
        painter: in pixels of the screen.
        marking: what the label belongs to.
        points: the marking's line in the same pixels.
        lines: at least one.
        area: what the label must not leave.
        shapes: the lines of all markings, to be covered as little as can be.
        taken: the room of labels that are there already.
    """
    metrics = QFontMetricsF(painter.font())
    side = Qt.TextElideMode.ElideRight
    short = [metrics.elidedText(text, side, min(_WIDEST, area.width() / 2)) for text in lines]
    ends = points[-1:] if marking.kind == "arrow" else points
    size = text_size(short, metrics)
    places = list(_candidates([QPointF(point) for point in ends], marking.is_region, size, area))
    box = min(places, key=lambda place: _cost(place, shapes, taken))
    for other in sorted(taken, key=lambda one: one.top()):
        if box.intersects(other):
            box.moveTop(other.bottom() + 2)
    draw_text(painter, box, short, ImageColor.MARKING)
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


def _candidates(
    points: Sequence[QPointF], is_region: bool, size: tuple[float, float], area: QRectF
) -> Iterator[QRectF]:
    """Right of the points, left of them, below and above, each moved into the area."""
    width, height = size
    center = QPolygonF(points).boundingRect().center()
    by_x, by_y = (sorted(points, key=axis) for axis in (QPointF.x, QPointF.y))
    right, left, low, high = by_x[-1], by_x[0], by_y[-1], by_y[0]
    if is_region:
        right.setY(center.y())
        left.setY(center.y())
    for x, y in (
        (right.x() + _GAP, right.y() - height / 2),
        (left.x() - _GAP - width, left.y() - height / 2),
        (low.x() - width / 2, low.y() + _GAP),
        (high.x() - width / 2, high.y() - _GAP - height),
    ):
        inside_x = min(max(x, area.left() + 2), area.right() - width - 2)
        inside_y = min(max(y, area.top() + 2), area.bottom() - height - 2)
        yield QRectF(inside_x, inside_y, width, height)


def _cost(box: QRectF, shapes: Sequence[QPolygonF], taken: Sequence[QRectF]) -> int:
    """How much it would cover: a shape counts one, a label more than all shapes."""
    covered = sum(_meet(box, shape) for shape in shapes)
    return covered + (len(shapes) + 1) * sum(box.intersects(other) for other in taken)


def _meet(box: QRectF, shape: QPolygonF) -> bool:
    if not shape.boundingRect().adjusted(-1, -1, 1, 1).intersects(box):
        return False
    path = QPainterPath()
    path.addPolygon(shape)
    return path.intersects(box)
