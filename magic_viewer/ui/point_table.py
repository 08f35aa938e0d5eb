"""What each class gains at the pixel under the pointer. Painted, so that it keeps up with it."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from magic_viewer.ui.theme import Color

_COLUMNS = (0.4, 0.33, 0.27)


class PointTable(QWidget):
    """A heading, and one row a class: its share of log p there, and what it lacks to the best."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Contributions under the pointer"))
        self._labels: tuple[str, ...] = ()
        self._values: tuple[float, ...] | None = None

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Which classes there are."""
        self._labels, self._values = labels, None
        self.setVisible(bool(labels))
        self.updateGeometry()

    def set_values(self, values: Sequence[float] | None) -> None:
        """Nats of each class at the pixel, None beside the model's input."""
        fitting = values is not None and len(values) == len(self._labels)
        self._values = tuple(values) if values is not None and fitting else None
        self.update()

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """(class, value, difference to the largest), as they are drawn."""
        if self._values is None:
            return [(label, "–", "") for label in self._labels]
        best = max(self._values)
        return [
            (label, _nats(value), "" if value == best else _nats(value - best))
            for label, value in zip(self._labels, self._values, strict=True)
        ]

    def sizeHint(self) -> QSize:
        """One line a class and one for the heading."""
        return QSize(120, self.fontMetrics().lineSpacing() * (len(self._labels) + 1) + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Three columns."""
        painter = QPainter(self)
        line = self.fontMetrics().lineSpacing()
        heading = (self.tr("Under the pointer"), self.tr("nats per pixel"), self.tr("to the best"))
        for number, texts in enumerate((heading, *self.rows)):
            painter.setPen(QColor(Color.TEXT if number else Color.QUIET))
            self._draw(painter, number * line, line, texts)

    def _draw(self, painter: QPainter, top: int, line: int, texts: tuple[str, str, str]) -> None:
        left = 0.0
        for column, (text, share) in enumerate(zip(texts, _COLUMNS, strict=True)):
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            room = QRectF(left, top, share * self.width(), line)
            shown = self.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(room.width())
            )
            painter.drawText(room, side, shown)
            left = room.right()


def _nats(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
