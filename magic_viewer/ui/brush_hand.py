"""The hand that paints: the mouse's way over the slice, and the brush's ring around the pointer."""

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from magic_viewer.ui.marking_item import MarkingItem
from magic_viewer.ui.slice_text import draw_outlined
from magic_viewer.ui.theme import ImageColor

_FRAME = 4.0
# Below the letter of the upper edge.
_WORDS_TOP = 36.0


class BrushHand(QObject):
    """Between the mouse and whoever edits. Points are (column, row), pixel centres whole."""

    pressed = Signal(object)
    dragged = Signal(object)
    released = Signal()

    def __init__(self, item: MarkingItem) -> None:
        super().__init__()
        self._item = item
        self._reach: tuple[float, float] | None = None
        self._at: QPointF | None = None
        self._is_down = False

    @property
    def is_active(self) -> bool:
        """Whether a left drag paints."""
        return self._reach is not None

    def set_reach(self, reach: tuple[float, float] | None) -> None:
        """The brush's half size in (columns, rows) of the slice, or None: no brush."""
        self._reach = reach
        if reach is None:
            self._at, self._is_down = None, False

    # The mouse, in pixels of the viewport

    def press(self, at: QPointF) -> bool:
        """Whether this drag is the brush's."""
        if self._reach is None:
            return False
        self._at, self._is_down = at, True
        self.pressed.emit(self._item.to_index(at))
        return True

    def drag(self, at: QPointF) -> None:
        """Goes on."""
        self._at = at
        if self._is_down:
            self.dragged.emit(self._item.to_index(at))

    def release(self, _at: QPointF | None = None) -> None:
        """Ends the stroke."""
        if self._is_down:
            self._is_down = False
            self.released.emit()

    def hover(self, at: QPointF) -> bool:
        """Without a button: the ring follows. Whether there is one."""
        # The release may have gone elsewhere, to a dialog for instance.
        self.release()
        self._at = at
        return self.is_active

    def leave(self) -> None:
        """The pointer is no longer over the slice."""
        self._at = None

    def draw(self, painter: QPainter) -> None:
        """The ring, readable on white and on black."""
        if self._reach is None or self._at is None:
            return
        column, row = self._item.to_index(self._at)
        path = QPainterPath()
        path.addEllipse(QPointF(column, row), *self._reach)
        path = self._item.to_screen().map(path)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((QColor(0, 0, 0, 200), 3.0), (QColor(ImageColor.WARNING), 1.5)):
            painter.setPen(QPen(color, width))
            painter.drawPath(path)


def draw_edited_mark(painter: QPainter, area: QRectF, words: str) -> None:
    """A frame and words that no one takes for a patient's image."""
    pen = QPen(QColor(ImageColor.WARNING), _FRAME)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inset = _FRAME / 2
    painter.drawRect(area.adjusted(inset, inset, -inset, -inset))
    font = painter.font()
    font.setBold(True)
    font.setPixelSize(16)
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left = area.center().x() - metrics.horizontalAdvance(words) / 2
    place = QPointF(left, area.top() + _WORDS_TOP + metrics.ascent())
    draw_outlined(painter, place, words, QColor(ImageColor.WARNING))
    painter.restore()
