"""A length in millimetres over the slice: round, and right at any zoom."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from magic_viewer.ui.slice_text import draw_outlined
from magic_viewer.ui.theme import ImageColor

_MOST_PIXELS = 160.0
_MOST_SHARE = 0.25
_TICK = 4.0
# Above the letter of the lower edge.
_BOTTOM = 42.0


@dataclass(frozen=True)
class ScaleBar:
    """What to draw.

    Attributes:
        length: in pixels of the screen.
        text: the length in words, "50 mm".
    """

    length: float
    text: str


def scale_bar(pixels_per_mm: float, room: float) -> ScaleBar:
    """The longest of 1, 2, 5 × 10^n mm that is no longer than the room, in pixels."""
    most = room / pixels_per_mm
    decade = 10.0 ** math.floor(math.log10(most))
    # A hair of room, since 5 × 10^n is not exact.
    length = next(step * decade for step in (5, 2, 1) if step * decade <= most * (1 + 1e-9))
    return ScaleBar(length * pixels_per_mm, _words(length))


def draw_scale_bar(painter: QPainter, view: QRectF, pixels_per_mm: float) -> None:
    """In the middle of the lower edge.

    Args:
        painter: in pixels of the screen, with its font.
        view: the screen's part that the slice has.
        pixels_per_mm: on this screen, the same in all directions.
    """
    bar = scale_bar(pixels_per_mm, min(_MOST_PIXELS, _MOST_SHARE * view.width()))
    left, y = round(view.center().x() - bar.length / 2), round(view.bottom() - _BOTTOM)
    lines = (
        QRectF(left, y, bar.length, 2),
        QRectF(left, y - _TICK, 2, 2 * _TICK + 2),
        QRectF(left + bar.length - 2, y - _TICK, 2, 2 * _TICK + 2),
    )
    for line in lines:
        painter.fillRect(line.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 200))
    for line in lines:
        painter.fillRect(line, QColor(ImageColor.TEXT))
    width = QFontMetricsF(painter.font()).horizontalAdvance(bar.text)
    place = QPointF(view.center().x() - width / 2, y - 2 * _TICK)
    draw_outlined(painter, place, bar.text, QColor(ImageColor.TEXT))


def _words(length: float) -> str:
    if length >= 1:
        return f"{length:.0f} mm"
    if length >= 0.001:
        return f"{length * 1000:.0f} µm"
    return f"{length:.0e} mm"
