"""A number box for values of a window: arrows step 1, 10 with Shift, 100 with Ctrl."""

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QWidget

_REACH = 1e9
_STEPS = ((Qt.KeyboardModifier.ControlModifier, 100), (Qt.KeyboardModifier.ShiftModifier, 10))
_ARROWS: dict[int, int] = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}

_OWN_KEYS = (*_ARROWS, Qt.Key.Key_Escape)


class ValueBox(QDoubleSpinBox):
    """Steps by its last decimal, so that narrow windows move as finely as wide ones."""

    value_requested = Signal(float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(self.tr("Arrows step 1, with Shift 10, with Ctrl 100"))
        self.setRange(-_REACH, _REACH)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        self.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        self.valueChanged.connect(self.value_requested)

    def show_value(self, value: float, decimals: int) -> None:
        """Another value, rounded to the decimals that it is worth."""
        with QSignalBlocker(self):
            self.setDecimals(decimals)
            self.setSingleStep(10.0**-decimals)
            self.setValue(value)

    def event(self, event: QEvent) -> bool:
        """Takes its keys before the window's commands do."""
        is_question = event.type() == QEvent.Type.ShortcutOverride
        if is_question and isinstance(event, QKeyEvent) and event.key() in _OWN_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Steps; Return takes what was typed and Esc leaves it, and the window has its keys."""
        direction = _ARROWS.get(event.key())
        if direction is not None:
            wanted = (count for key, count in _STEPS if event.modifiers() & key)
            self.stepBy(direction * next(wanted, 1))
            return
        if event.key() == Qt.Key.Key_Escape:
            self.setValue(self.value())
            self.clearFocus()
            event.ignore()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nothing: the wheel is for slices and lists."""
        event.ignore()
