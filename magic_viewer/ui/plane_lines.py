"""Lines over a view that show where the planes of the other views meet it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from magic_viewer.imaging.geometry import plane_crossing
from magic_viewer.imaging.study import FloatArray

_GAP = 20.0


@dataclass(frozen=True)
class PlaneLine:
    """One line, without ends.

    Attributes:
        point: (column, row) of the slice, pixel centres at whole numbers.
        direction: along the line, in the same pixels.
        color: #RRGGBB of the other plane.
    """

    point: tuple[float, float]
    direction: tuple[float, float]
    color: str


def plane_line(affine: FloatArray, other: FloatArray, color: str) -> PlaneLine | None:
    """The line of another plane in this one; None for a parallel plane."""
    crossing = plane_crossing(affine, other)
    if crossing is None:
        return None
    (x, y), (along_x, along_y) = crossing
    return PlaneLine((float(x), float(y)), (float(along_x), float(along_y)), color)


def draw_plane_lines(
    painter: QPainter,
    to_screen: QTransform,
    area: QRectF,
    lines: Sequence[PlaneLine],
    center: tuple[float, float] | None,
) -> None:
    """From edge to edge, open around the crosshair so that nothing hides what it points at.

    Args:
        painter: in pixels of the screen.
        to_screen: (column, row) -> pixels of the screen.
        area: the view.
        lines: what to draw.
        center: (column, row) of the crosshair, or None.
    """
    middle = None if center is None else to_screen.map(QPointF(*center))
    for line in lines:
        for part in _parts(_across(line, to_screen, area), middle):
            painter.setPen(QPen(QColor(0, 0, 0, 150), 3.0))
            painter.drawLine(part)
            painter.setPen(QPen(QColor(line.color), 1.0))
            painter.drawLine(part)


def _across(line: PlaneLine, to_screen: QTransform, area: QRectF) -> QLineF:
    """The line on screen, long enough for the whole view."""
    start = to_screen.map(QPointF(*line.point))
    along = to_screen.map(QPointF(*line.point) + QPointF(*line.direction)) - start
    unit = along / math.hypot(along.x(), along.y())
    # From the point nearest to the middle of the view, since the given one may be far away.
    start += unit * QPointF.dotProduct(area.center() - start, unit)
    reach = unit * (area.width() + area.height())
    return QLineF(start - reach, start + reach)


def _parts(line: QLineF, middle: QPointF | None) -> list[QLineF]:
    if middle is None:
        return [line]
    along = line.p2() - line.p1()
    unit = along / math.hypot(along.x(), along.y())
    foot = line.p1() + unit * QPointF.dotProduct(middle - line.p1(), unit)
    beside = foot - middle
    if math.hypot(beside.x(), beside.y()) > _GAP:
        return [line]
    return [QLineF(line.p1(), foot - unit * _GAP), QLineF(foot + unit * _GAP, line.p2())]
