"""The hand that draws and moves markings: mouse in, wishes out. Holds no marking of its own.

A press takes the first handle or line under it. With a tool in hand a press elsewhere begins a
marking; each further point is set by a drag to it or by a click on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QPolygonF, QTransform

from magic_viewer.imaging.marking import (
    Kind,
    Marking,
    Place,
    inside,
    moved,
    points_needed,
    with_handle_at,
)
from magic_viewer.ui.marking_item import MarkingItem
from magic_viewer.ui.marking_paint import screen_handles, screen_outline

_REACH = 8.0
_LINE_REACH = 6.0
_APART = 4.0
_FREEHAND_STEP = 2.0


@dataclass(frozen=True)
class _Grip:
    """What is held: a marking, by one of its handles or as a whole (None)."""

    number: int
    handle: int | None
    marking: Marking
    pressed: QPointF


class MarkingHand(QObject):
    """Between the mouse and whoever keeps the markings."""

    changing = Signal(object, object)
    drawn = Signal(object)
    edited = Signal(int, object)
    selected = Signal(object)

    def __init__(self, item: MarkingItem) -> None:
        super().__init__()
        self._item = item
        self._tool: Kind | None = None
        self._place = Place(0, 0, 0)
        self._shape = (0, 0)
        self._markings: dict[int, Marking] = {}
        self._selected: int | None = None
        self._draft: list[tuple[float, float]] = []
        self._grip: _Grip | None = None
        self._held: Marking | None = None

    @property
    def tool(self) -> Kind | None:
        """What a press on the bare slice begins."""
        return self._tool

    def set_tool(self, tool: Kind | None) -> None:
        """Another tool, or none; what is half drawn is given up."""
        self._tool = tool
        self.cancel()

    def set_slice(self, place: Place, shape: tuple[int, int]) -> None:
        """Which slice is in view, of (rows, columns)."""
        self.cancel()
        self._place, self._shape = place, shape

    def set_markings(self, markings: Mapping[int, Marking], selected: int | None) -> None:
        """Those on the slice in view, by their number."""
        self._markings, self._selected = dict(markings), selected
        if self._grip is not None and markings.get(self._grip.number) != self._grip.marking:
            # Undone or deleted while it was held.
            self.cancel()

    def cancel(self) -> bool:
        """Gives up what is half drawn or held; whether there was anything."""
        was_busy = bool(self._draft) or self._grip is not None
        self._draft, self._grip, self._held = [], None, None
        if was_busy:
            self.changing.emit(None, None)
        return was_busy

    # The mouse, in pixels of the viewport

    def press(self, at: QPointF) -> bool:
        """Whether this drag is the hand's."""
        if self._draft:
            self._set_last(at)
            return True
        self._grip = self._grip_at(at)
        if self._grip is not None:
            self.selected.emit(self._grip.number)
            return True
        if self._tool is not None:
            point = self._point(at)
            self._draft = [point] if self._tool == "freehand" else [point, point]
            self._show_draft()
        return self._tool is not None

    def drag(self, at: QPointF) -> None:
        """Goes on with what the press began."""
        if self._draft:
            self._set_last(at)
        elif self._grip is not None:
            self._held = self._taken_to(self._grip, at)
            self.changing.emit(self._grip.number, self._held)

    def release(self, at: QPointF) -> None:
        """Ends the drag; a point that was only clicked stays in the air until the next press."""
        if self._draft:
            self._end_stroke(at)
        elif self._grip is not None:
            grip, held = self._grip, self._held
            self.cancel()
            if held is not None:
                self.edited.emit(grip.number, held)

    def hover(self, at: QPointF) -> Qt.CursorShape:
        """Without a button: the point in the air follows; says which pointer fits."""
        if self._grip is not None or (self._draft and self._tool == "freehand"):
            # The release went elsewhere, to a dialog for instance.
            self.cancel()
        if self._draft:
            self._set_last(at)
        elif self._grip_at(at) is not None:
            return Qt.CursorShape.SizeAllCursor
        return Qt.CursorShape.ArrowCursor if self._tool is None else Qt.CursorShape.CrossCursor

    def _end_stroke(self, at: QPointF) -> None:
        assert self._tool is not None
        self._set_last(at)
        draft, needed = self._draft, points_needed(self._tool)
        if self._tool == "freehand":
            self.cancel()
            if len(draft) >= needed:
                self.drawn.emit(Marking(self._tool, tuple(draft), self._place))
        elif not self._is_near(draft[-2], at):
            if len(draft) == needed:
                self.cancel()
                self.drawn.emit(Marking(self._tool, tuple(draft), self._place))
            else:
                draft.append(draft[-1])

    def _set_last(self, at: QPointF) -> None:
        """The last point goes with the mouse; a freehand line grows."""
        if self._tool != "freehand":
            self._draft[-1] = self._point(at)
        elif not self._is_near(self._draft[-1], at, _FREEHAND_STEP):
            self._draft.append(self._point(at))
        self._show_draft()

    def _show_draft(self) -> None:
        assert self._tool is not None
        self.changing.emit(None, Marking(self._tool, tuple(self._draft), self._place))

    def _taken_to(self, grip: _Grip, at: QPointF) -> Marking:
        if grip.handle is not None:
            return with_handle_at(grip.marking, grip.handle, self._point(at))
        (column, row), (from_column, from_row) = (
            self._item.to_index(place) for place in (at, grip.pressed)
        )
        return moved(grip.marking, (column - from_column, row - from_row), self._shape)

    def _grip_at(self, at: QPointF) -> _Grip | None:
        """The handle under the mouse, else the line; the selected one's before all others'."""
        to_screen = self._item.to_screen()
        order = sorted(self._markings.items(), key=lambda pair: pair[0] != self._selected)
        for number, marking in order:
            for handle, place in enumerate(screen_handles(marking, to_screen)):
                if QLineF(place, at).length() <= _REACH:
                    return _Grip(number, handle, marking, at)
        for number, marking in order:
            if _is_on_line(marking, to_screen, at):
                return _Grip(number, None, marking, at)
        return None

    def _point(self, at: QPointF) -> tuple[float, float]:
        return inside(self._item.to_index(at), self._shape)

    def _is_near(self, point: tuple[float, float], at: QPointF, reach: float = _APART) -> bool:
        return QLineF(self._item.to_screen().map(QPointF(*point)), at).length() < reach


def _is_on_line(marking: Marking, to_screen: QTransform, at: QPointF) -> bool:
    box = QPolygonF([QPointF(*point) for point in marking.points_index]).boundingRect()
    reach = _LINE_REACH
    if not to_screen.mapRect(box).adjusted(-reach, -reach, reach, reach).contains(at):
        return False
    path = QPainterPath()
    path.addPolygon(QPolygonF(screen_outline(marking, to_screen)))
    stroker = QPainterPathStroker()
    stroker.setWidth(2 * _LINE_REACH)
    return stroker.createStroke(path).contains(at)
