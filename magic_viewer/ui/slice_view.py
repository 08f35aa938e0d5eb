"""The view of one slice: shows what it is given and says what the mouse asks for.

Left drag window, middle drag pan, right drag zoom, wheel slice, Ctrl+wheel zoom, Ctrl+left drag
window from a region, double click fit. A left drag on a marking, or with a tool of the
`MarkingHand`, is the hand's; with a brush it is the `BrushHand`'s.
"""

import math

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QRubberBand, QWidget

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.overlay import Veil
from magic_viewer.ui.brush_hand import BrushHand, draw_edited_mark
from magic_viewer.ui.marking_hand import MarkingHand
from magic_viewer.ui.marking_item import MarkingItem
from magic_viewer.ui.orientation import Orientation, pixel_size
from magic_viewer.ui.picture import Picture
from magic_viewer.ui.slice_item import Box, SliceItem
from magic_viewer.ui.slice_text import Corners, Line, draw_corners, draw_letters
from magic_viewer.ui.windowing import words

_WHEEL_STEP = 120
_ZOOM_PER_PIXEL = 1 / 180
_ZOOM_PER_STEP = 1.15
_BUTTONS = {
    Qt.MouseButton.LeftButton: "window",
    Qt.MouseButton.MiddleButton: "pan",
    Qt.MouseButton.RightButton: "zoom",
}


class SliceView(pg.GraphicsView):  # type: ignore[misc]
    """A slice in its window, with its map, edge letters and readout."""

    window_dragged = Signal(float, float)
    region_selected = Signal(object)
    slice_step_requested = Signal(int)
    pointed_at = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background="k")
        self.setMinimumSize(QSize(360, 300))
        self.setAccessibleName(self.tr("Slice"))
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self._box = pg.ViewBox(
            lockAspect=True, invertY=True, enableMouse=False, enableMenu=False, border=None
        )
        self.setCentralItem(self._box)
        self._picture = Picture()
        self._item = SliceItem(self._picture)
        self._box.addItem(self._item, ignoreBounds=True)
        self.markings = MarkingItem(self._item)
        self._box.addItem(self.markings, ignoreBounds=True)
        self.hand = MarkingHand(self.markings)
        self.brush = BrushHand(self.markings)
        self._corners = Corners()
        self._letters: EdgeLetters | None = None
        self._slice: Slice | None = None
        self._is_edited = False
        self._window: Window | None = None
        self._is_inverted = False
        self._orientation = Orientation()
        self._is_fitted = True
        self._drag: str | None = None
        self._last = QPointF()
        self._pressed = QPoint()
        self._wheel = 0
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        self._font = QFont(self.font())
        self._font.setPixelSize(13)

    @property
    def picture(self) -> Picture:
        """What is drawn, for an export."""
        return self._picture

    # What to show

    def set_slice(self, image: Slice | None) -> None:
        """Another slice. Zoom and pan stay; the map goes."""
        self._slice, self._is_edited = image, False
        self._picture.set_slice(image)
        self._write_window()
        self._item.set_box(None)
        self._place()
        if self._is_fitted:
            self.fit()

    def show_edited(self, image: Slice | None) -> None:
        """An edited copy of the slice in its place, marked as one; None: the slice itself."""
        self._is_edited = image is not None
        shown = image or self._slice
        if shown is not None:
            self._picture.set_edited(shown)
        self._item.update()
        self.viewport().update()

    def set_orientation(self, orientation: Orientation, letters: EdgeLetters | None) -> None:
        """How the slice is turned, and the letters of the screen's edges after that."""
        turned = orientation.quarter_turns % 2 != self._orientation.quarter_turns % 2
        self._orientation, self._letters = orientation, letters
        self._place()
        if turned or self._is_fitted:
            self.fit()
        self.viewport().update()

    def set_window(self, window: Window | None, inverted: bool) -> None:
        """The window, or None for the slice's own display."""
        self._window, self._is_inverted = window, inverted
        self._picture.set_window(window, inverted)
        self._write_window()
        self._item.update()

    def _write_window(self) -> None:
        if self._slice is None:
            self._corners.bottom_right = ()
            return
        window = words(self._window) if self._window else self.tr("Window of the file")
        lines = [Line(self.tr("Colour") if self._slice.is_color else window)]
        if self._is_inverted:
            lines.insert(0, Line(self.tr("Inverted")))
        self._corners.bottom_right = lines

    def set_veil(self, veil: Veil | None) -> None:
        """The map over the slice."""
        self._picture.set_veil(veil)
        self._item.update()

    def show_overlays(self, is_wanted: bool) -> None:
        """Whether the file's overlays are drawn."""
        self._picture.show_overlays(is_wanted)
        self._item.update()

    def set_outline(self, box: Box | None) -> None:
        """What the model saw, in slice pixels."""
        self._item.set_box(box)

    def set_notes(self, left: list[Line], right: list[Line]) -> None:
        """Lines of the two upper corners: how it is shown, and what."""
        self._corners.top_left, self._corners.top_right = left, right
        self.viewport().update()

    def set_readout(self, lines: list[str]) -> None:
        """What lies under the pointer."""
        self._corners.bottom_left = [Line(text) for text in lines]
        height = self.viewport().height()
        # Only this corner is drawn again, not the slice.
        self.viewport().update(QRect(0, height - 96, self.viewport().width() // 2, 96))

    # Zoom and pan, which are the view's own

    def fit(self) -> None:
        """The whole slice, as large as it can be."""
        extent = self._item.extent()
        if not extent.isEmpty():
            self._box.setRange(extent, padding=0.02)
        self._is_fitted = True

    def zoom(self, factor: float, at_scene: QPointF | None = None) -> None:
        """Larger by a factor, around a point of the scene or the middle."""
        center = None if at_scene is None else self._box.mapSceneToView(at_scene)
        self._box.scaleBy((1 / factor, 1 / factor), center=center)
        self._is_fitted = False

    def zoom_in(self) -> None:
        """One step closer."""
        self.zoom(_ZOOM_PER_STEP)

    def zoom_out(self) -> None:
        """One step back."""
        self.zoom(1 / _ZOOM_PER_STEP)

    def _pan(self, moved: QPointF) -> None:
        before, after = (self._box.mapSceneToView(point) for point in (QPointF(), moved))
        self._box.translateBy(x=before.x() - after.x(), y=before.y() - after.y())
        self._is_fitted = False

    def _place(self) -> None:
        if self._slice is None:
            self._item.place((0, 0), (1.0, 1.0), self._orientation)
        else:
            self._item.place(self._slice.shape, pixel_size(self._slice), self._orientation)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a drag; the first button decides what it does."""
        if self._drag is not None or self._slice is None:
            return
        self._drag = _BUTTONS.get(event.button())
        if self._drag == "window":
            self._drag = self._left_drag(event)
        self._last, self._pressed = event.position(), event.position().toPoint()

    def _left_drag(self, event: QMouseEvent) -> str:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return "region"
        if self.hand.tool is None and self.brush.press(event.position()):
            return "brush"
        return "marking" if self.hand.press(event.position()) else "window"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Goes on with a drag, and says what the pointer is over."""
        position = event.position()
        moved, self._last = position - self._last, position
        if not event.buttons():
            # The release went elsewhere, to a dialog for instance.
            self._drag = None
            if self._slice is not None:
                self._hover(position)
        if self._drag == "window":
            self.window_dragged.emit(moved.x(), moved.y())
        elif self._drag == "marking":
            self.hand.drag(position)
        elif self._drag == "brush":
            self.brush.drag(position)
            self.viewport().update()
        elif self._drag == "pan":
            self._pan(moved)
        elif self._drag == "zoom":
            self.zoom(math.exp(-moved.y() * _ZOOM_PER_PIXEL), QPointF(self._pressed))
        elif self._drag == "region":
            self._band.setGeometry(QRect(self._pressed, position.toPoint()).normalized())
            self._band.show()
        if self._slice is not None:
            self.pointed_at.emit(self._item.pixel_at(self.mapToScene(position.toPoint())))

    def _hover(self, position: QPointF) -> None:
        if self.hand.tool is None and self.brush.hover(position):
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)
            self.viewport().update()
        else:
            self.brush.leave()
            self.viewport().setCursor(self.hand.hover(position))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends a drag when its own button is let go."""
        ended = _BUTTONS.get(event.button())
        if self._drag == "region" and ended == "window":
            self._select_region()
        elif self._drag == "marking" and ended == "window":
            self.hand.release(event.position())
        elif self._drag == "brush" and ended == "window":
            self.brush.release()
        elif self._drag != ended:
            return
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fits; with a tool it is one more press."""
        if self.hand.tool is not None or self.brush.is_active:
            self.mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Another slice, or with Ctrl a zoom at the pointer. Touch pads give parts of a step."""
        angle = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            point_scene = self.mapToScene(event.position().toPoint())
            self.zoom(_ZOOM_PER_STEP ** (angle / _WHEEL_STEP), point_scene)
        else:
            self._wheel += angle
            steps = int(self._wheel / _WHEEL_STEP)
            self._wheel -= steps * _WHEEL_STEP
            if steps:
                self.slice_step_requested.emit(-steps)
        event.accept()

    def leaveEvent(self, _event: QEvent) -> None:
        """Clears the readout when the pointer leaves."""
        self.pointed_at.emit(None)
        self.brush.leave()
        self.viewport().update()

    def close(self) -> bool:
        """Hides like any widget. pyqtgraph's own empties the scene first, which can crash."""
        return QWidget.close(self)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """A fitted slice stays fitted."""
        super().resizeEvent(event)
        # pyqtgraph resizes once before this constructor has made the item.
        if hasattr(self, "_item") and self._is_fitted:
            self.fit()

    def _select_region(self) -> None:
        self._band.hide()
        corners = (QPointF(self._pressed), self._last)
        points = [self._item.mapFromScene(self.mapToScene(point.toPoint())) for point in corners]
        region = QRectF(points[0], points[1]).normalized()
        self.region_selected.emit(region)

    # Text over the slice

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        """In pixels of the screen, whatever the zoom."""
        painter.resetTransform()
        painter.setFont(self._font)
        area = QRectF(self.viewport().rect())
        draw_corners(painter, area, self._corners)
        if self._letters is not None and self._slice is not None:
            draw_letters(painter, area, self._letters)
        if self._is_edited:
            draw_edited_mark(painter, area, self.tr("EDITED – what if"))
        self.brush.draw(painter)
