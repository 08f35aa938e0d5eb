"""The mouse over a slice view: each press, move and turn of the wheel becomes what is asked for."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QRubberBand

from magic_viewer.ui.mouse import Action, Profile, action_for, is_crosshair_move, own_tool

if TYPE_CHECKING:
    from magic_viewer.ui.slice_view import SliceView

ZOOM_PER_STEP = 1.15
_WHEEL_STEP = 120
_ZOOM_PER_PIXEL = 1 / 180
_CURSORS: dict[Action, Qt.CursorShape] = {
    "zoom": Qt.CursorShape.SizeVerCursor,
    "pan": Qt.CursorShape.OpenHandCursor,
    "crosshair": Qt.CursorShape.CrossCursor,
}


class Hand(Protocol):
    """Takes a left drag for itself when it has something under it, or a tool in it."""

    def press(self, at: QPointF) -> bool:
        """Whether this drag is the hand's."""

    def drag(self, at: QPointF) -> None:
        """Goes on with it."""

    def release(self, at: QPointF) -> None:
        """Ends it."""


class SliceMouse:
    """Knows which drag is under way; the first button decides what it does."""

    def __init__(self, view: "SliceView", hands: Callable[[], tuple[Hand, ...]]) -> None:
        self._view, self._hands = view, hands
        self.profile: Profile = "clinical"
        self.tool: Action = own_tool(self.profile)
        self._drag: Action | None = None
        self._hand: Hand | None = None
        self._button = Qt.MouseButton.NoButton
        self._last = QPointF()
        self._pressed = QPoint()
        self._wheel = 0
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, view.viewport())
        self._actions: dict[Action, Callable[[QPointF, QPointF], None]] = {
            "window": lambda _, moved: view.window_dragged.emit(moved.x(), moved.y()),
            "pan": lambda _, moved: view.pan(moved),
            "zoom": self._zoom,
            "crosshair": lambda at, _: view.move_crosshair(at),
            "region": self._stretch,
        }

    @property
    def is_dragging(self) -> bool:
        """Whether a button holds something."""
        return self._button != Qt.MouseButton.NoButton

    def press(self, event: QMouseEvent) -> None:
        """Begins a drag."""
        if self.is_dragging:
            return
        at, button = event.position(), event.button()
        wanted = action_for(self.profile, self.tool, button, event.modifiers())
        if button == Qt.MouseButton.LeftButton and wanted != "region":
            self._hand = next((hand for hand in self._hands() if hand.press(at)), None)
        self._drag = None if self._hand is not None else wanted
        if self._hand is None and wanted is None:
            return
        self._button, self._last, self._pressed = button, at, at.toPoint()
        if self._drag == "crosshair":
            self._view.move_crosshair(at)

    def move(self, event: QMouseEvent) -> None:
        """Goes on with the drag."""
        at = event.position()
        moved, self._last = at - self._last, at
        if not event.buttons():
            # The release went elsewhere, to a dialog for instance.
            self._let_go()
        if is_crosshair_move(event.buttons(), event.modifiers()):
            self._view.move_crosshair(at)
        if self._hand is not None:
            self._hand.drag(at)
        elif self._drag is not None:
            self._actions[self._drag](at, moved)

    def release(self, event: QMouseEvent) -> None:
        """Ends the drag when its own button is let go."""
        if event.button() != self._button:
            return
        if self._hand is not None:
            self._hand.release(event.position())
        elif self._drag == "region":
            self._view.select_region(QPointF(self._pressed), self._last)
        self._let_go()

    def wheel(self, event: QWheelEvent) -> None:
        """Another slice, or with Ctrl a zoom at the pointer. Touch pads give parts of a step."""
        angle = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            place = self._view.mapToScene(event.position().toPoint())
            self._view.zoom(ZOOM_PER_STEP ** (angle / _WHEEL_STEP), place)
            return
        self._wheel += angle
        steps = int(self._wheel / _WHEEL_STEP)
        self._wheel -= steps * _WHEEL_STEP
        if steps:
            self._view.slice_step_requested.emit(-steps)

    def cursor(self, of_hand: Qt.CursorShape) -> Qt.CursorShape:
        """The hand's pointer where it has one to show, else the tool's."""
        if of_hand != Qt.CursorShape.ArrowCursor:
            return of_hand
        return _CURSORS.get(self.tool, of_hand)

    def _zoom(self, _at: QPointF, moved: QPointF) -> None:
        self._view.zoom(math.exp(-moved.y() * _ZOOM_PER_PIXEL), QPointF(self._pressed))

    def _stretch(self, at: QPointF, _moved: QPointF) -> None:
        self._band.setGeometry(QRect(self._pressed, at.toPoint()).normalized())
        self._band.show()

    def _let_go(self) -> None:
        self._band.hide()
        self._drag, self._hand, self._button = None, None, Qt.MouseButton.NoButton
