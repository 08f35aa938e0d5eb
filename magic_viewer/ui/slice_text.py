"""Text over the slice: four corners and four edge letters that never overlap."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.ui.theme import Color

_MARGIN = 12.0
_LETTER_ROOM = 22.0


@dataclass(frozen=True)
class Line:
    """One line in a corner."""

    text: str
    is_warning: bool = False


@dataclass
class Corners:
    """What stands in each corner, from top to bottom."""

    top_left: Sequence[Line] = field(default_factory=tuple)
    top_right: Sequence[Line] = field(default_factory=tuple)
    bottom_left: Sequence[Line] = field(default_factory=tuple)
    bottom_right: Sequence[Line] = field(default_factory=tuple)


def corner_area(view: QRectF, is_right: bool, is_bottom: bool, lines: int, font: QFont) -> QRectF:
    """Where a corner's lines go: up to the middle, less the room of the edge letter there."""
    width = max(0.0, view.width() / 2 - _MARGIN - _LETTER_ROOM)
    height = min(QFontMetricsF(font).lineSpacing() * lines, view.height() / 2 - _LETTER_ROOM)
    left = view.right() - _MARGIN - width if is_right else view.left() + _MARGIN
    top = view.bottom() - _MARGIN - height if is_bottom else view.top() + _MARGIN
    return QRectF(left, top, width, height)


def draw_corners(painter: QPainter, view: QRectF, corners: Corners) -> None:
    """Draws all four, each line shortened with an ellipsis when the room is too small."""
    for lines, is_right, is_bottom in (
        (corners.top_left, False, False),
        (corners.top_right, True, False),
        (corners.bottom_left, False, True),
        (corners.bottom_right, True, True),
    ):
        area = corner_area(view, is_right, is_bottom, len(lines), painter.font())
        _draw_lines(painter, area, lines, is_right)


def _draw_lines(painter: QPainter, area: QRectF, lines: Sequence[Line], is_right: bool) -> None:
    metrics = QFontMetricsF(painter.font())
    for number, line in enumerate(lines):
        text = metrics.elidedText(line.text, Qt.TextElideMode.ElideRight, area.width())
        left = area.right() - metrics.horizontalAdvance(text) if is_right else area.left()
        baseline = area.top() + number * metrics.lineSpacing() + metrics.ascent()
        color = QColor(Color.WARNING if line.is_warning else Color.TEXT)
        draw_outlined(painter, QPointF(left, baseline), text, color)


def draw_letters(painter: QPainter, view: QRectF, letters: EdgeLetters) -> None:
    """One at the middle of each edge."""
    metrics = QFontMetricsF(painter.font())
    middle, center = view.center().y() + metrics.capHeight() / 2, view.center().x()
    right = view.right() - _MARGIN - metrics.horizontalAdvance(letters.right)
    top_left = center - metrics.horizontalAdvance(letters.top) / 2
    bottom_left = center - metrics.horizontalAdvance(letters.bottom) / 2
    color = QColor(Color.ACCENT)
    for place, letter in (
        (QPointF(view.left() + _MARGIN, middle), letters.left),
        (QPointF(right, middle), letters.right),
        (QPointF(top_left, view.top() + _MARGIN + metrics.ascent()), letters.top),
        (QPointF(bottom_left, view.bottom() - _MARGIN - metrics.descent()), letters.bottom),
    ):
        draw_outlined(painter, place, letter, color)


def draw_outlined(painter: QPainter, place: QPointF, text: str, color: QColor) -> None:
    """Readable on white and on black."""
    painter.setPen(QColor(0, 0, 0, 200))
    for offset in (QPointF(-1, 0), QPointF(1, 0), QPointF(0, -1), QPointF(0, 1)):
        painter.drawText(place + offset, text)
    painter.setPen(color)
    painter.drawText(place, text)
