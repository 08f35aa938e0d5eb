"""The strip along the slice slider: one column a slice, with what the model says of it."""

from collections.abc import Mapping
from html import escape

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolTip,
    QWidget,
)

from magic_viewer.pipeline.results import Classification, with_spread
from magic_viewer.ui.sentences import sentence
from magic_viewer.ui.series_work import SliceOutcome
from magic_viewer.ui.theme import Color, class_color

_MARGIN = 4
_CHANCES = 26
_GAP = 3
_TYPICALITY = 10
_DIMMED = 0.35


class SeriesStrip(QWidget):
    """Stacked probabilities, and below them the typicality, above the slice's place.

    A slice unlike the training images is dimmed and hatched, one that failed is crossed out,
    one that is not done is empty.
    """

    slice_index_requested = Signal(int)

    def __init__(self, slider: QSlider, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = slider
        self._outcomes: Mapping[int, SliceOutcome] = {}
        self._labels: tuple[str, ...] = ()
        self._count = self._current = 0
        self.setFixedHeight(2 * _MARGIN + _CHANCES + _GAP + _TYPICALITY)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # A series begins with one slice and grows; the slice in view must not move for that.
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("What the model says of each slice"))
        slider.installEventFilter(self)
        self.set_slices(0, ())

    def set_slices(self, count: int, labels: tuple[str, ...]) -> None:
        """How many slices and which classes there are; hidden where there is nothing to line up."""
        self._count, self._labels, self._outcomes = count, labels, {}
        self.setVisible(count > 1 and bool(labels))
        self._describe()
        self.update()

    def set_outcomes(self, outcomes: Mapping[int, SliceOutcome]) -> None:
        """What is known of slices, by their index."""
        self._outcomes = outcomes
        self._describe()
        self.update()

    def set_current(self, index: int) -> None:
        """The slice in view."""
        before, self._current = self._current, index
        self._describe()
        for column in (before, index):
            self.update(self.column(column).toAlignedRect().adjusted(-2, -_MARGIN, 2, _MARGIN))

    def words(self, index: int) -> str:
        """What is known of a slice, with its numbers."""
        place = self.tr("Slice {number} of {count}").format(number=index + 1, count=self._count)
        outcome = self._outcomes.get(index)
        if outcome is None:
            return self.tr("{place}: not classified yet").format(place=place)
        if outcome.classification is None:
            reason = sentence(outcome.error) if outcome.error is not None else ""
            return self.tr("{place}: no answer. {reason}").format(place=place, reason=reason)
        return "\n".join(
            [
                f"{place}: {_headline(self, outcome.classification)}",
                *self._numbers(outcome.classification),
            ]
        )

    def column(self, index: int) -> QRectF:
        """Where a slice's column is: over the slider's handle when it stands at that slice."""
        first, last = self._ends()
        pitch = (last - first) / max(1, self._count - 1)
        # The outermost columns stay within the strip.
        room = 2 * (min(first, self.width() - last) - _MARGIN)
        width = max(1.0, min(pitch, room))
        left, right = (first + pitch * index + side * width / 2 for side in (-1, 1))
        # Whole pixels, so that neighbours share an edge without a seam.
        return QRectF(round(left), _MARGIN, max(1, round(right) - round(left)), self._inner())

    def index_at(self, x: float) -> int | None:
        """The slice whose column is at, or nearest to, x."""
        if self._count < 1:
            return None
        first, last = self._ends()
        if self._count == 1 or last <= first:
            return 0
        place = (x - first) / (last - first) * (self._count - 1)
        return min(max(round(place), 0), self._count - 1)

    # Qt

    def sizeHint(self) -> QSize:
        """Fixed in height."""
        return QSize(200, self.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the slider's groove."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self.update()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Shows the numbers of the column under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos().x())
            if index is not None:
                text = escape(self.words(index)).replace("\n", "<br>")
                area = self.column(index).toAlignedRect()
                QToolTip.showText(event.globalPos(), f"<qt>{text}</qt>", self, area)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Asks for the slice under the pointer."""
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Asks for slices while the button is held."""
        self._ask(event)

    def _ask(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().x())
        if index is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.slice_index_requested.emit(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only the columns that are asked for: scrolling touches two of them."""
        painter = QPainter(self)
        ends = (event.rect().left() - 2, event.rect().right() + 2)
        first, last = (self.index_at(x) or 0 for x in ends)
        for index in range(first, min(last + 1, self._count)):
            self._paint_column(painter, self.column(index), self._outcomes.get(index))
        frame = self.column(self._current).adjusted(-1.5, -1.5, 0.5, 0.5)
        painter.setPen(QColor(Color.TEXT))
        painter.drawRect(frame)

    # Parts

    def _paint_column(self, painter: QPainter, area: QRectF, outcome: SliceOutcome | None) -> None:
        # A hairline of the ground between columns that are wide enough to spare one.
        inner = area.adjusted(0, 0, -1, 0) if area.width() >= 4 else area
        chances = QRectF(inner.left(), inner.top(), inner.width(), _CHANCES)
        below = QRectF(inner.left(), chances.bottom() + _GAP, inner.width(), _TYPICALITY)
        painter.fillRect(chances, QColor(Color.RAISED))
        painter.fillRect(below, QColor(Color.RAISED))
        if outcome is None:
            return
        if outcome.classification is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_hatching(Color.QUIET, Qt.BrushStyle.DiagCrossPattern))
            painter.drawRect(inner)
            return
        self._paint_chances(painter, chances, outcome.classification)
        _paint_typicality(painter, below, outcome.classification)

    def _paint_chances(self, painter: QPainter, area: QRectF, answer: Classification) -> None:
        painter.setOpacity(1.0 if answer.is_reliable else _DIMMED)
        bottom = area.bottom()
        for number, label in enumerate(self._labels):
            height = area.height() * answer.probabilities.get(label, 0.0)
            part = QRectF(area.left(), bottom - height, area.width(), height)
            painter.fillRect(part, class_color(number))
            bottom -= height
        painter.setOpacity(1.0)
        if not answer.in_distribution:
            painter.fillRect(area, _hatching(Color.PANEL, Qt.BrushStyle.BDiagPattern))

    def _ends(self) -> tuple[float, float]:
        """The middle of the slider's handle at the first slice and at the last."""
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        style, kind = self._slider.style(), QStyle.ComplexControl.CC_Slider
        parts = (QStyle.SubControl.SC_SliderGroove, QStyle.SubControl.SC_SliderHandle)
        groove, handle = (style.subControlRect(kind, option, p, self._slider) for p in parts)
        room = groove.width() - handle.width()
        start = self._in_strip(QPoint(groove.left(), 0)) + handle.width() / 2
        return start, start + max(0, room)

    def _in_strip(self, place: QPoint) -> float:
        return float(self.mapFromGlobal(self._slider.mapToGlobal(place)).x())

    def _inner(self) -> int:
        return _CHANCES + _GAP + _TYPICALITY

    def _numbers(self, answer: Classification) -> list[str]:
        ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])
        shares = " · ".join(f"{label} {100 * share:.1f} %" for label, share in ranked)
        typicality = self.tr("Typicality {percent:.0f} %. {verdict}")
        return [
            shares,
            typicality.format(percent=100 * answer.typicality, verdict=answer.verdict),
        ]

    def _describe(self) -> None:
        done = self.tr("{done} of {count} slices classified.").format(
            done=sum(o.classification is not None for o in self._outcomes.values()),
            count=self._count,
        )
        self.setAccessibleDescription(f"{done} {self.words(self._current)}")


def _headline(strip: SeriesStrip, answer: Classification) -> str:
    if not answer.in_distribution:
        return strip.tr("unlike the training images")
    if answer.abstains:
        return strip.tr(" or ").join(answer.contenders) + "?"
    return f"{answer.label} {with_spread(answer, answer.label)}"


def _paint_typicality(painter: QPainter, area: QRectF, answer: Classification) -> None:
    """As high as it is typical; hatched where it is not."""
    if not answer.in_distribution:
        painter.fillRect(area, _hatching(Color.WARNING, Qt.BrushStyle.BDiagPattern))
        return
    height = max(1.0, round(area.height() * answer.typicality))
    filled = QRectF(area.left(), area.bottom() - height, area.width(), height)
    painter.fillRect(filled, QColor(Color.TEXT))


def _hatching(color: str, pattern: Qt.BrushStyle) -> QBrush:
    return QBrush(QColor(color), pattern)
