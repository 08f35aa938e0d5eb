"""One sentence across the top that waits to be read and never blocks."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from magic_viewer.ui.theme import MARGIN, SPACING


class MessageBar(QWidget):
    """Hidden until there is something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setAccessibleName(self.tr("Message"))
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._offer = QPushButton(self.tr("Accept"))
        self._offer.clicked.connect(lambda _=False: self._answer(self._accept))
        dismiss = QPushButton(self.tr("Dismiss"))
        dismiss.clicked.connect(lambda _=False: self._answer(self._decline))
        for button in (self._offer, dismiss):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._accept: Callable[[], None] = _nothing
        self._decline: Callable[[], None] = _nothing
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        row.setSpacing(MARGIN)
        row.addWidget(self._text, 1)
        row.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, or nothing while it is hidden."""
        return "" if self.isHidden() else self._text.text()

    def show_message(self, text: str, details: str = "") -> None:
        """Says a sentence in place of the one before; details go into the tooltip."""
        self._accept = self._decline = _nothing
        self._offer.hide()
        self._show(text, details)

    def show_offer(
        self, text: str, words: str, accept: Callable[[], None], decline: Callable[[], None]
    ) -> None:
        """Says a sentence beside a button with words on it; dismissing it declines."""
        self._accept, self._decline = accept, decline
        self._offer.setText(words)
        self._offer.show()
        self._show(text, "")

    def _show(self, text: str, details: str) -> None:
        self._text.setText(text)
        self._text.setToolTip(plain_tooltip(details))
        self.show()

    def _answer(self, answer: Callable[[], None]) -> None:
        self._accept = self._decline = _nothing
        self.hide()
        answer()


def _nothing() -> None:
    """Nobody asked."""


def plain_tooltip(text: str) -> str:
    """A tooltip that shows text from a file as it is: Qt guesses rich text from a tag."""
    if not text:
        return ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    return f"<span>{escaped}</span>"
