"""The slice in a pyqtgraph view box: one image drawn once, in millimetres, turned as asked."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem

from magic_viewer.ui.orientation import Orientation
from magic_viewer.ui.picture import Picture
from magic_viewer.ui.theme import ImageColor

Box = tuple[float, float, float, float]


def transform(
    shape: tuple[int, int], pixel_size: tuple[float, float], orientation: Orientation
) -> QTransform:
    """From slice pixels, edges at whole numbers, to the view's millimetres."""
    rows, columns = shape
    row, column = pixel_size
    result = QTransform.fromScale(column, row)
    if orientation.mirrored:
        result *= QTransform(-1, 0, 0, 1, columns * column, 0)
    height = rows * row
    for quarter in range(orientation.quarter_turns):
        result *= QTransform(0, 1, -1, 0, columns * column if quarter % 2 else height, 0)
    return result


class SliceItem(pg.GraphicsObject):  # type: ignore[misc]
    """Draws a `Picture` and, if wanted, the outline of what the model saw."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture
        self._shape = (0, 0)
        self._box: Box | None = None
        self._is_smooth = True
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)

    def place(
        self,
        shape: tuple[int, int],
        pixel_size: tuple[float, float],
        orientation: Orientation,
    ) -> None:
        """Where the pixels lie; call when shape, pixel size or orientation changes."""
        self.prepareGeometryChange()
        self._shape = shape
        self.setTransform(transform(shape, pixel_size, orientation))
        self.update()

    def set_box(self, box: Box | None) -> None:
        """Outline as (top, left, bottom, right) in slice pixels, or none."""
        self.prepareGeometryChange()
        self._box = box
        self.update()

    def set_smooth(self, is_smooth: bool) -> None:
        """Whether colours are interpolated between pixels."""
        self._is_smooth = is_smooth
        self.update()

    def extent(self) -> QRectF:
        """The slice's rectangle in the view's millimetres, without any outline."""
        extent: QRectF = self.mapRectToParent(self._pixels())
        return extent

    def pixel_at(self, point_scene: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point of the scene, or None beside the slice."""
        point = self.mapFromScene(point_scene)
        column, row = int(point.x() // 1), int(point.y() // 1)
        rows, columns = self._shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def boundingRect(self) -> QRectF:
        """In slice pixels."""
        return self._pixels().united(self._outline())

    def paint(self, painter: QPainter, *_: Any) -> None:
        """One image, one draw."""
        image = self._picture.image()
        if image is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smooth)
        painter.drawImage(self._pixels(), image)
        if self._box is not None:
            pen = QPen(QColor(ImageColor.ACCENT), 0)
            painter.setPen(pen)
            painter.drawRect(self._outline())

    def _pixels(self) -> QRectF:
        rows, columns = self._shape
        return QRectF(0, 0, columns, rows)

    def _outline(self) -> QRectF:
        if self._box is None:
            return QRectF()
        top, left, bottom, right = self._box
        return QRectF(left, top, right - left, bottom - top)
