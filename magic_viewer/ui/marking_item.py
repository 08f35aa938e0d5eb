"""The markings of the slice in view, over it in the same view box."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem

from magic_viewer.imaging.marking import Point
from magic_viewer.ui import marking_paint
from magic_viewer.ui.marking_label import draw_text, text_size
from magic_viewer.ui.marking_paint import Shown
from magic_viewer.ui.slice_item import SliceItem
from magic_viewer.ui.theme import ImageColor

# Below the lines in the upper corners.
_HINT_TOP = 60.0
# Labels leave the slice, so that no smaller rectangle is known before the zoom.
_ANYWHERE = QRectF(-1e6, -1e6, 2e6, 2e6)


class MarkingItem(pg.GraphicsObject):  # type: ignore[misc]
    """Draws what it is given, and says where on screen a point of the slice lies."""

    def __init__(self, slice_item: SliceItem) -> None:
        super().__init__()
        self._slice_item = slice_item
        self._shown: tuple[Shown, ...] = ()
        self._hint = ""
        self.setZValue(10)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)

    def set_shown(self, shown: Sequence[Shown]) -> None:
        """What to draw."""
        self._shown = tuple(shown)
        self.update()

    def set_hint(self, text: str) -> None:
        """A line at the top that says how to draw, or nothing."""
        self._hint = text
        self.update()

    def to_screen(self) -> QTransform:
        """(column, row) of the slice -> pixels of the viewport, as the mouse gives them."""
        self.getViewBox().updateMatrix()
        scene: QTransform = self._slice_item.sceneTransform()
        port: QTransform = self.scene().views()[0].viewportTransform()
        return _CENTERED * scene * port

    def to_index(self, place: QPointF) -> Point:
        """A pixel of the viewport -> (column, row) of the slice."""
        back, _ = self.to_screen().inverted()
        point = back.map(place)
        return point.x(), point.y()

    def boundingRect(self) -> QRectF:
        """Anywhere."""
        return _ANYWHERE

    def paint(self, painter: QPainter, *_: Any) -> None:
        """In pixels of the screen."""
        if not self._shown and not self._hint:
            return
        view = painter.worldTransform()
        to_screen = _CENTERED * self._slice_item.transform() * view
        area = view.mapRect(self.getViewBox().viewRect())
        painter.save()
        painter.resetTransform()
        marking_paint.draw(painter, self._shown, to_screen, area)
        if self._hint:
            self._draw_hint(painter, area)
        painter.restore()

    def _draw_hint(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(marking_paint.font())
        width, height = text_size([self._hint], QFontMetricsF(painter.font()))
        box = QRectF(area.center().x() - width / 2, area.top() + _HINT_TOP, width, height)
        draw_text(painter, box, [self._hint], ImageColor.TEXT)


# A slice's item has pixel edges at whole numbers, a marking has pixel centres there.
_CENTERED = QTransform.fromTranslate(0.5, 0.5)
