"""Draws markings: a thin bright line on a dark one, handles, and a label that stays upright.

All sizes are pixels of the screen, whatever the zoom and however the slice is turned.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTransform,
)

from magic_viewer.imaging.marking import Marking, handles, outline
from magic_viewer.pipeline.overlay import ByteImage
from magic_viewer.ui.marking_label import DARK, draw_label
from magic_viewer.ui.scale_bar import draw_scale_bar
from magic_viewer.ui.theme import ImageColor

_LINE, _SELECTED_LINE, _HALO = 1.5, 2.2, 2.5
_HANDLE = 7.0
_TICK = 5.0
_HEAD = 13.0
_ARC = 18.0


@dataclass(frozen=True)
class Shown:
    """A marking as it is to be drawn.

    Attributes:
        marking: the shape; it may still lack points.
        lines: its label.
        is_selected: whether its handles are drawn.
    """

    marking: Marking
    lines: tuple[str, ...] = ()
    is_selected: bool = False


def font() -> QFont:
    """That of the labels."""
    result = QFont()
    result.setPixelSize(13)
    return result


def draw(painter: QPainter, shown: Sequence[Shown], to_screen: QTransform, area: QRectF) -> None:
    """All shapes, then all labels, inside an area of the painter's pixels.

    Args:
        painter: without a transform.
        shown: what to draw.
        to_screen: (column, row) of the slice -> pixels of the painter.
        area: what labels must not leave.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font())
    lines = [screen_outline(one.marking, to_screen) for one in shown]
    for one, points in zip(shown, lines, strict=True):
        _draw_shape(painter, one, points, to_screen)
    shapes, taken = [QPolygonF(points) for points in lines], list[QRectF]()
    for one, points in zip(shown, lines, strict=True):
        if one.lines:
            room = draw_label(painter, one.marking, points, one.lines, area, shapes, taken)
            taken.append(room)


def to_pixels(
    shown: Sequence[Shown],
    to_screen: QTransform,
    size: tuple[int, int],
    pixels_per_mm: float | None = None,
) -> ByteImage:
    """Markings, and a scale bar, on a clear ground: (rows, columns, 4) RGBA uint8, for an export.

    Args:
        shown: what to draw.
        to_screen: (column, row) of the slice -> pixels of the result.
        size: (rows, columns) of the result.
        pixels_per_mm: for a scale bar; None for none.
    """
    rows, columns = size
    image = QImage(columns, rows, QImage.Format.Format_RGBA8888)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    area = QRectF(0, 0, columns, rows)
    draw(painter, shown, to_screen, area)
    if pixels_per_mm is not None:
        draw_scale_bar(painter, area, pixels_per_mm)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
    # A copy: the image's memory goes with the image, whatever looks into it.
    return pixels[:, : columns * 4].reshape(rows, columns, 4).copy()


def screen_outline(marking: Marking, to_screen: QTransform) -> list[QPointF]:
    """Its line in pixels of the screen; closed where it encloses something."""
    points = [to_screen.map(QPointF(*point)) for point in outline(marking).tolist()]
    return [*points, points[0]] if marking.is_region else points


def screen_handles(marking: Marking, to_screen: QTransform) -> list[QPointF]:
    """Its handles in pixels of the screen."""
    return [to_screen.map(QPointF(column, row)) for column, row in handles(marking)]


def _draw_shape(
    painter: QPainter, shown: Shown, points: list[QPointF], to_screen: QTransform
) -> None:
    path = _path(shown.marking, points)
    width = _SELECTED_LINE if shown.is_selected else _LINE
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, thickness in ((DARK, width + _HALO), (QColor(ImageColor.MARKING), width)):
        pen = QPen(color, thickness)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPath(path)
    if shown.is_selected:
        painter.setPen(QPen(QColor("black"), 1))
        painter.setBrush(QColor("white"))
        for point in screen_handles(shown.marking, to_screen):
            box = QRectF(0, 0, _HANDLE, _HANDLE)
            box.moveCenter(point)
            painter.drawRect(box)


def _path(marking: Marking, points: list[QPointF]) -> QPainterPath:
    """The line, with what shows its kind: ticks, an arrow head, an arc."""
    path = QPainterPath()
    path.addPolygon(QPolygonF(points))
    if len(points) < 2 or marking.is_region:
        return path
    line = QLineF(points[0], points[1])
    if marking.kind == "distance":
        _add_stroke(path, line.p1(), line.angle() + 90, -_TICK, _TICK)
        _add_stroke(path, line.p2(), line.angle() + 90, -_TICK, _TICK)
    elif marking.kind == "arrow":
        _add_stroke(path, line.p1(), line.angle() + 25, 0, _HEAD)
        _add_stroke(path, line.p1(), line.angle() - 25, 0, _HEAD)
    elif len(points) > 2:
        other = QLineF(points[1], points[2])
        back = QLineF(points[1], points[0])
        _add_arc(path, back, other)
    return path


def _add_stroke(path: QPainterPath, at: QPointF, degrees: float, start: float, end: float) -> None:
    """A short line through a point; degrees as QLineF counts them, against the clock."""
    turn = math.radians(degrees)
    along = QPointF(math.cos(turn), -math.sin(turn))
    path.moveTo(at + along * start)
    path.lineTo(at + along * end)


def _add_arc(path: QPainterPath, arm: QLineF, other: QLineF) -> None:
    """Between two arms that begin at the vertex, the short way, inside both."""
    radius = min(_ARC, arm.length() / 2, other.length() / 2)
    box = QRectF(0, 0, 2 * radius, 2 * radius)
    box.moveCenter(arm.p1())
    sweep = arm.angleTo(other)
    path.arcMoveTo(box, arm.angle())
    path.arcTo(box, arm.angle(), sweep - 360 if sweep > 180 else sweep)
