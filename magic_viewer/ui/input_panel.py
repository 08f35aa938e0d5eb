"""What the model saw: its own input as a small picture."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from magic_viewer.ui.fold import Fold
from magic_viewer.ui.theme import SPACING

_SIDE = 128


class InputPanel(QWidget):
    """The model's input pixel by pixel, with its size in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture, self._words = QLabel(), QLabel()
        self._picture.setAccessibleName(self.tr("The model's input"))
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setProperty("role", "quiet")
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self._picture)
        row.addWidget(self._words, 1)
        self.fold = Fold(self.tr("What the model saw"), inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.clear()

    def clear(self) -> None:
        """Nothing seen yet."""
        self._picture.clear()
        self._words.setText("")
        self.hide()

    def set_input(self, pixels: npt.NDArray[np.float32], side_mm: float | None) -> None:
        """Shows an input.

        Args:
            pixels: (rows, columns) in grey levels 0..255.
            side_mm: of the whole input, None where nobody knows.
        """
        grey = np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8))
        rows, columns = grey.shape
        image = QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        factor = max(1, round(_SIDE / max(rows, columns)))
        # Every pixel as a square of its own: this is all that the model has.
        self._picture.setPixmap(
            QPixmap.fromImage(image.copy()).scaled(columns * factor, rows * factor)
        )
        words = [
            self.tr("{columns} × {rows} pixels, 256 grey levels").format(columns=columns, rows=rows)
        ]
        if side_mm is not None:
            words.append(
                self.tr("{side:.0f} mm wide, {pixel:.2f} mm a pixel").format(
                    side=side_mm, pixel=side_mm / columns
                )
            )
        self._words.setText("\n".join(words))
        self.show()

    @property
    def text(self) -> str:
        """The words beside the picture."""
        return self._words.text()

    @property
    def picture(self) -> QPixmap:
        """What is shown."""
        return self._picture.pixmap()
