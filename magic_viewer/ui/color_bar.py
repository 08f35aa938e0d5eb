"""The colour bar beside the map: what is mapped, its unit, and the values of its colours."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from magic_viewer.ui.theme import Color

_WIDTH = 140
_TOP = 96
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

    def sizeHint(self) -> QSize:
        """Fixed in width."""
        return QSize(_WIDTH, 200)

    def set_scale(self, title: str, limits: tuple[float, float], strip: np.ndarray) -> None:
        """Shows a scale: what is mapped, its ends, and (length, thickness, 4) RGBA."""
        strip = np.ascontiguousarray(strip)
        rows, columns = strip.shape[:2]
        view = QImage(strip.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
        self._image = view.copy()
        self._title, self._limits = title, limits
        self.setAccessibleDescription(
            self.tr("{title}, nats per pixel, from {low:.3g} to {high:.3g}").format(
                title=title, low=limits[0], high=limits[1]
            )
        )
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
        bar = QRectF(10, _TOP, _BAR_WIDTH, self.height() - _TOP - _BOTTOM)
        painter.drawImage(bar, self._image)
        self._draw_title(painter)
        low, high = self._limits
        for tick in range(_TICKS):
            share = tick / (_TICKS - 1)
            y = bar.top() + share * bar.height()
            painter.setPen(QColor(Color.QUIET))
            painter.drawLine(QPointF(bar.right() + 1, y), QPointF(bar.right() + 5, y))
            painter.setPen(QColor(Color.TEXT))
            painter.drawText(QPointF(bar.right() + 9, y + 4), _number(high - share * (high - low)))

    def _draw_title(self, painter: QPainter) -> None:
        painter.setPen(QColor(Color.TEXT))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        room = QRectF(8, 10, _WIDTH - 12, 54)
        used = painter.boundingRect(room, int(flags), self._title)
        painter.drawText(room, int(flags), self._title)
        painter.setPen(QColor(Color.QUIET))
        below = used.bottom() + painter.fontMetrics().ascent() + 4
        painter.drawText(QPointF(8, below), self.tr("nats per pixel"))


def _number(value: float) -> str:
    """Two decimals, with a true minus, and no minus zero."""
    text = f"{value:.2f}".replace("-", "−")
    return text.removeprefix("−") if float(f"{value:.2f}") == 0 else text
