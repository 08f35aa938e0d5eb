"""A part of a column that can be folded away under its heading."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.theme import SPACING


class Fold(QWidget):
    """A heading that opens and closes what is under it."""

    def __init__(self, title: str, inside: QWidget, is_open: bool = False) -> None:
        super().__init__()
        self._title = title
        self._button = QToolButton()
        self._button.setCheckable(True)
        self._button.setAutoRaise(True)
        self._button.setProperty("role", "heading")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # A long state must not make the column wider than its room.
        self._button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._inside = inside
        inside.setContentsMargins(2 * SPACING, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(self._button)
        column.addWidget(inside)
        self._button.toggled.connect(self._show)
        self._button.setChecked(is_open)
        self.set_state("")
        self._show(is_open)

    @property
    def is_open(self) -> bool:
        """Whether what is inside can be seen."""
        return self._button.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Opens or closes."""
        self._button.setChecked(is_open)

    def set_state(self, words: str) -> None:
        """A word or two beside the title, read without opening."""
        text = f"{self._title} · {words}" if words else self._title
        self._button.setText(text.replace("&", "&&"))
        self._button.setAccessibleName(text)
        self._button.setToolTip(plain_tooltip(text))

    @property
    def heading(self) -> str:
        """Title and state."""
        return self._button.text()

    def _show(self, is_open: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self._button.setArrowType(arrow)
        self._inside.setVisible(is_open)
