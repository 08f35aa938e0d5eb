"""The F1 list, and the filter that lets shortcuts work wherever the focus is."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.ui.commands import COMMANDS, MOUSE, translate
from magic_viewer.ui.mouse import Profile, gestures
from magic_viewer.ui.theme import MARGIN, SPACING


class KeyFilter(QObject):
    """Decides between a shortcut and the control that has the focus.

    Number boxes would swallow letters that they then refuse, and a window-wide Space would
    take from buttons the only key that presses them.
    """

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handles only the question whether a key is a shortcut."""
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if isinstance(watched, QAbstractSpinBox) and event.text().isalpha():
            event.ignore()
            return True
        presses = isinstance(watched, QAbstractButton | QComboBox)
        if presses and event.key() == Qt.Key.Key_Space:
            event.accept()
            return True
        return False


class ShortcutsDialog(QDialog):
    """All mouse gestures, of the profile in use, and keys."""

    def __init__(self, profile: Profile = "clinical", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile = profile
        self.setWindowTitle(self.tr("Mouse and keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setHorizontalSpacing(3 * MARGIN)
        grid.setVerticalSpacing(SPACING // 2)
        grid.setColumnStretch(1, 1)
        self._fill(grid)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(area)
        column.addWidget(buttons)
        # With room for the longest row and the scroll bar.
        self.resize(max(560, inside.sizeHint().width() + 6 * MARGIN), 620)

    def _fill(self, grid: QGridLayout) -> None:
        rows = gestures(self._profile)
        rows += [(translate(gesture), translate(effect)) for gesture, effect in MOUSE]
        rows += [(keys_in_words(c.keys), c.words.removesuffix("…")) for c in COMMANDS if c.keys]
        for number, (keys, effect) in enumerate(rows):
            label = QLabel(keys)
            label.setProperty("role", "quiet")
            grid.addWidget(label, number, 0)
            grid.addWidget(QLabel(effect), number, 1)
        grid.setRowStretch(len(rows), 1)


def keys_in_words(keys: tuple[str, ...]) -> str:
    """Keys as the platform writes them."""
    form = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(form) for key in keys)
