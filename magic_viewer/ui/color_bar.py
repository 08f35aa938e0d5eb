"""The colour bar beside the map: what is mapped, its unit, and the values of its colours."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from magic_viewer.pipeline.overlay import in_digits
from magic_viewer.ui.theme import ImageColor

_WIDTH = 140
_TOP = 96
_GAP = 12
_BOTTOM = 20
_BAR_WIDTH = 16
_TICKS = 5


class ColorBar(QWidget):
    """Takes its room even when there is no map, so that the slice does not jump."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Colour bar"))
        self._image: QImage | None = None
        self._limits = (0.0, 1.0)
        self._title = ""
        self._small: tuple[str, ...] = ()

    def sizeHint(self) -> QSize:
        """Fixed in width."""
        return QSize(_WIDTH, 200)

    def set_scale(
        self,
        title: str,
        limits: tuple[float, float],
        strip: np.ndarray,
        unit: str = "nats per pixel",
        notes: Sequence[str] = (),
    ) -> None:
        """Shows a scale.

        Args:
            title: what is mapped.
            limits: values of the ends.
            strip: (length, thickness, 4) RGBA.
            unit: of the values.
            notes: how what is shown differs from the map itself.
        """
        strip = np.ascontiguousarray(strip)
        rows, columns = strip.shape[:2]
        view = QImage(strip.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
        self._image = view.copy()
        self._title, self._limits, self._small = title, limits, (unit, *notes)
        words = self.tr("{title}, {unit}, from {low:.3g} to {high:.3g}")
        words = words.format(title=title, unit=unit, low=limits[0], high=limits[1])
        self.setAccessibleDescription("; ".join((words, *notes)))
        self.update()

    def clear(self) -> None:
        """No map, no scale."""
        self._image = None
        self.setAccessibleDescription("")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Strip, ticks and words."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._image is None:
            return
        top = max(_TOP, self._draw_words(painter) + _GAP)
        bar = QRectF(10, top, _BAR_WIDTH, self.height() - top - _BOTTOM)
        painter.drawImage(bar, self._image)
        low, high = self._limits
        for tick in range(_TICKS):
            share = tick / (_TICKS - 1)
            y = bar.top() + share * bar.height()
            painter.setPen(QColor(ImageColor.QUIET))
            painter.drawLine(QPointF(bar.right() + 1, y), QPointF(bar.right() + 5, y))
            painter.setPen(QColor(ImageColor.TEXT))
            value = in_digits(high - share * (high - low), self._limits)
            painter.drawText(QPointF(bar.right() + 9, y + 4), value)

    def _draw_words(self, painter: QPainter) -> float:
        """Title, unit, notes; gives where they end."""
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
        top = 10.0
        for number, text in enumerate((self._title, *self._small)):
            painter.setPen(QColor(ImageColor.QUIET if number else ImageColor.TEXT))
            room = QRectF(8, top, _WIDTH - 12, self.height())
            painter.drawText(room, flags, text)
            top = painter.boundingRect(room, flags, text).bottom() + 3
        return top
