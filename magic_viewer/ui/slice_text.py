"""Text over the slice: four corners and four edge letters that never overlap."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.imaging.study import Overlay
from magic_viewer.pipeline.file_overlays import legends
from magic_viewer.ui.theme import ImageColor

_MARGIN = 12.0
_LETTER_ROOM = 22.0
_MOST_OVERLAYS = 8


@dataclass(frozen=True)
class Line:
    """One line in a corner.

    Attributes:
        text: what it says.
        is_warning: drawn to be noticed.
        is_quiet: drawn so as not to be.
        swatch: #RRGGBB of a small square before it, or None.
    """

    text: str
    is_warning: bool = False
    is_quiet: bool = False
    swatch: str | None = None


@dataclass
class Corners:
    """What stands in each corner, from top to bottom."""

    top_left: Sequence[Line] = field(default_factory=tuple)
    top_right: Sequence[Line] = field(default_factory=tuple)
    bottom_left: Sequence[Line] = field(default_factory=tuple)
    bottom_right: Sequence[Line] = field(default_factory=tuple)


def overlay_lines(overlays: Sequence[Overlay]) -> list[Line]:
    """Names overlays beside their colours; of many the first, and how many more there are."""
    named = legends(overlays[:_MOST_OVERLAYS])
    lines = [Line(each.text, is_quiet=True, swatch=each.color) for each in named]
    if len(overlays) > _MOST_OVERLAYS:
        lines.append(Line(f"and {len(overlays) - _MOST_OVERLAYS} more", is_quiet=True))
    return lines


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
    fitting = int(area.height() / metrics.lineSpacing() + 0.01)
    for number, line in enumerate(lines[:fitting]):
        side = metrics.capHeight()
        indent = 2 * side if line.swatch else 0.0
        text = metrics.elidedText(line.text, Qt.TextElideMode.ElideRight, area.width() - indent)
        left = area.right() - metrics.horizontalAdvance(text) if is_right else area.left() + indent
        baseline = area.top() + number * metrics.lineSpacing() + metrics.ascent()
        if line.swatch:
            square = QRectF(left - indent, baseline - side, side, side)
            painter.fillRect(square.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 200))
            painter.fillRect(square, QColor(line.swatch))
        draw_outlined(painter, QPointF(left, baseline), text, _ink(line))


def _ink(line: Line) -> QColor:
    if line.is_warning:
        return QColor(ImageColor.WARNING)
    return QColor(ImageColor.QUIET if line.is_quiet else ImageColor.TEXT)


def draw_letters(painter: QPainter, view: QRectF, letters: EdgeLetters) -> None:
    """One at the middle of each edge."""
    metrics = QFontMetricsF(painter.font())
    middle, center = view.center().y() + metrics.capHeight() / 2, view.center().x()
    right = view.right() - _MARGIN - metrics.horizontalAdvance(letters.right)
    top_left = center - metrics.horizontalAdvance(letters.top) / 2
    bottom_left = center - metrics.horizontalAdvance(letters.bottom) / 2
    color = QColor(ImageColor.ACCENT)
    for place, letter in (
        (QPointF(view.left() + _MARGIN, middle), letters.left),
        (QPointF(right, middle), letters.right),
        (QPointF(top_left, view.top() + _MARGIN + metrics.ascent()), letters.top),
        (QPointF(bottom_left, view.bottom() - _MARGIN - metrics.descent()), letters.bottom),
    ):
        draw_outlined(painter, place, letter, color)


def draw_outlined(painter: QPainter, place: QPointF, text: str, color: QColor) -> None:
    """Readable on white, on black and on any map: dark ground, dark edges."""
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance(text)
    ground = QRectF(place.x() - 3, place.y() - metrics.ascent(), width + 6, metrics.height())
    painter.fillRect(ground, QColor(0, 0, 0, 120))
    painter.setPen(QColor(0, 0, 0, 200))
    for offset in (QPointF(-1, 0), QPointF(1, 0), QPointF(0, -1), QPointF(0, 1)):
        painter.drawText(place + offset, text)
    painter.setPen(color)
    painter.drawText(place, text)
