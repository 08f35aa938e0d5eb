"""The view of one slice: shows what it is given and says what the mouse asks for.

What the mouse does is `mouse`'s table and `slice_mouse`'s work.
"""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.imaging.study import Slice, Window
from magic_viewer.pipeline.image_colors import GREY
from magic_viewer.pipeline.overlay import Veil
from magic_viewer.ui import mouse
from magic_viewer.ui.brush_hand import BrushHand, draw_edited_mark
from magic_viewer.ui.crosshair import Crosshair, draw_crosshair
from magic_viewer.ui.frame import draw_frame
from magic_viewer.ui.look import Look
from magic_viewer.ui.marking_hand import MarkingHand
from magic_viewer.ui.marking_item import MarkingItem
from magic_viewer.ui.mouse import Action, Profile, own_tool
from magic_viewer.ui.orientation import Orientation, pixel_size
from magic_viewer.ui.picture import Picture
from magic_viewer.ui.plane_lines import PlaneLine, draw_plane_lines
from magic_viewer.ui.scale_bar import draw_scale_bar
from magic_viewer.ui.slice_item import Box, SliceItem
from magic_viewer.ui.slice_mouse import ZOOM_PER_STEP, Hand, SliceMouse
from magic_viewer.ui.slice_text import Corners, Line, draw_corners, draw_letters
from magic_viewer.ui.windowing import described


class SliceView(pg.GraphicsView):  # type: ignore[misc]
    """A slice in its window, with its map, edge letters and readout."""

    window_dragged = Signal(float, float)
    region_selected = Signal(object)
    slice_step_requested = Signal(int)
    pointed_at = Signal(object)
    # (column, row) of the slice, pixel centres at whole numbers.
    crosshair_moved = Signal(float, float)
    double_clicked = Signal()
    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background="k")
        self.setMinimumSize(QSize(320, 300))
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
        self._is_framed = False
        self._crosshair: Crosshair | None = None
        self._plane_lines: Sequence[PlaneLine] = ()
        self._plane_center: tuple[float, float] | None = None
        self._titles: list[Line] = []
        self._notes: list[Line] = []
        self._look = Look()
        self._mouse = SliceMouse(self, self._hands)
        self._font = QFont(self.font())
        self._font.setPixelSize(13)

    @property
    def picture(self) -> Picture:
        """What is drawn, for an export."""
        return self._picture

    @property
    def look(self) -> Look:
        """How its pixels are drawn."""
        return self._look

    @property
    def pixels_per_mm(self) -> float | None:
        """For the scale bar; None without one, and where the file gives no mm."""
        if self._slice is None or not self._slice.spacing or not self._look.has_scale_bar:
            return None
        return float(self._box.rect().width() / self._box.viewRect().width())

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
        lines = [Line(described(self._slice, self._window))]
        if self._is_inverted:
            lines.insert(0, Line(self.tr("Inverted")))
        if self._look.colors != GREY and not self._slice.is_color:
            colors = self.tr("Image in colours: {name}").format(name=self._look.colors)
            lines.insert(0, Line(colors))
        if self._mouse.tool != own_tool(self._mouse.profile):
            tool = self.tr("Left drag: {action}").format(action=mouse.words(self._mouse.tool))
            lines.insert(0, Line(tool, is_quiet=True))
        self._corners.bottom_right = lines

    def set_veil(self, veil: Veil | None) -> None:
        """The map over the slice."""
        self._picture.set_veil(veil)
        self._item.update()

    def show_overlays(self, is_wanted: bool) -> None:
        """Whether the file's overlays are drawn."""
        self._picture.show_overlays(is_wanted)
        self._item.update()

    def set_look(self, look: Look) -> None:
        """Colours, interpolation and scale bar."""
        self._look = look
        self._picture.set_colors(look.colors)
        self._item.set_smooth(look.is_smooth)
        self._write_window()
        self.viewport().update()

    def set_mouse(self, profile: Profile, tool: Action) -> None:
        """Which buttons do what, and what a left drag does."""
        self._mouse.profile, self._mouse.tool = profile, tool
        self._write_window()
        self.viewport().update()

    def set_crosshair(self, crosshair: Crosshair | None) -> None:
        """Where the crosshair is, or none."""
        self._crosshair = crosshair
        self.viewport().update()

    def set_plane_lines(
        self, lines: Sequence[PlaneLine], center: tuple[float, float] | None
    ) -> None:
        """Where other views' planes meet this one, open around (column, row)."""
        self._plane_lines, self._plane_center = lines, center
        self.viewport().update()

    def set_titles(self, titles: list[Line]) -> None:
        """What this view is among others, above its notes."""
        self._titles = titles
        self.set_notes(self._notes, list(self._corners.top_right))

    def show_thick(self, image: Slice | None) -> None:
        """A slab in the slice's place, under the same map; None: the slice itself."""
        shown = image or self._slice
        if shown is not None and not self._is_edited:
            self._picture.set_pixels(shown)
        self._item.update()

    def set_framed(self, is_framed: bool) -> None:
        """Whether it is the one of several that commands act on."""
        self._is_framed = is_framed
        self.viewport().update()

    def set_outline(self, box: Box | None) -> None:
        """What the model saw, in slice pixels."""
        self._item.set_box(box)

    def set_notes(self, left: list[Line], right: list[Line]) -> None:
        """Lines of the two upper corners: how it is shown, and what."""
        self._notes = left
        self._corners.top_left, self._corners.top_right = [*self._titles, *left], right
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
        self.zoom(ZOOM_PER_STEP)

    def zoom_out(self) -> None:
        """One step back."""
        self.zoom(1 / ZOOM_PER_STEP)

    def show_actual_size(self) -> None:
        """One pixel of the slice on one of the screen; oblong pixels by their shorter side."""
        if self._slice is None:
            return
        side = min(pixel_size(self._slice))
        area = QRectF(QPointF(), self._box.rect().size() * (side * self.devicePixelRatioF()))
        area.moveCenter(self._box.viewRect().center())
        # By whole pixels, so that none of the slice falls on two of the screen.
        area.moveTo(round(area.left() / side) * side, round(area.top() / side) * side)
        self._box.setRange(area, padding=0)
        self._is_fitted = False

    def pan(self, moved: QPointF) -> None:
        """Takes the slice along, in pixels of the screen."""
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
        """Begins a drag."""
        self.pressed.emit()
        if self._slice is not None:
            self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Goes on with a drag, and says what the pointer is over."""
        if self._slice is not None and not event.buttons():
            self._hover(event.position())
        self._mouse.move(event)
        if self.brush.is_active:
            self.viewport().update()
        if self._slice is not None:
            place = self.mapToScene(event.position().toPoint())
            self.pointed_at.emit(self._item.pixel_at(place))

    def _hover(self, position: QPointF) -> None:
        if self.hand.tool is None and self.brush.hover(position):
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.brush.leave()
            self.viewport().setCursor(self._mouse.cursor(self.hand.hover(position)))

    def _hands(self) -> tuple[Hand, ...]:
        """Who may take a left drag; a measuring tool in the hand goes before the brush."""
        return (self.brush, self.hand) if self.hand.tool is None else (self.hand,)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends a drag."""
        self._mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Says so; with a tool it is one more press."""
        if self.hand.tool is not None or self.brush.is_active:
            self.mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Another slice, or a zoom."""
        self._mouse.wheel(event)
        event.accept()

    def move_crosshair(self, at: QPointF) -> None:
        """Says that the crosshair is wanted at a pixel of the viewport, if the slice is there."""
        if self._slice is not None and self._item.pixel_at(self.mapToScene(at.toPoint())):
            self.crosshair_moved.emit(*self.markings.to_index(at))

    def select_region(self, start: QPointF, end: QPointF) -> None:
        """Says which part of the slice lies between two pixels of the viewport."""
        points = [self._item.mapFromScene(self.mapToScene(at.toPoint())) for at in (start, end)]
        self.region_selected.emit(QRectF(points[0], points[1]).normalized())

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

    # Text over the slice

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        """In pixels of the screen, whatever the zoom."""
        painter.resetTransform()
        painter.setFont(self._font)
        area = QRectF(self.viewport().rect())
        if self.pixels_per_mm is not None:
            draw_scale_bar(painter, area, self.pixels_per_mm)
        if self._plane_lines and self._slice is not None:
            to_screen = self.markings.to_screen()
            draw_plane_lines(painter, to_screen, area, self._plane_lines, self._plane_center)
        if self._crosshair is not None and self._slice is not None:
            place = self.markings.to_screen().map(QPointF(*self._crosshair.point))
            draw_crosshair(painter, place, self._crosshair.text)
        draw_corners(painter, area, self._corners)
        if self._letters is not None and self._slice is not None:
            draw_letters(painter, area, self._letters)
        if self._is_edited:
            draw_edited_mark(painter, area, self.tr("EDITED – what if"))
        self.brush.draw(painter)
        if self._is_framed:
            draw_frame(painter, area)
