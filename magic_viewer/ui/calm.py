"""Controls for a column that scrolls: the wheel moves the column, not the values in its way."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider

from magic_viewer.ui.theme import fill_width

_NARROWEST = 76


class CalmCombo(QComboBox):
    """A list as wide as its row, whatever its items are."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        fill_width(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to the column."""
        event.ignore()


class CalmNumber(QDoubleSpinBox):
    """A number that counts once it is typed in full, and then gives the keys back."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setDecimals(3)
        # Its own is as wide as the largest number that fits.
        self.setMinimumWidth(_NARROWEST)
        self.lineEdit().returnPressed.connect(self.clearFocus)
        fill_width(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to the column."""
        event.ignore()


class CalmSlider(QSlider):
    """A slider from left to right."""

    def __init__(self, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to the column."""
        event.ignore()
