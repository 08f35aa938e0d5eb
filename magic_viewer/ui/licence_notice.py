"""The question before a model under a non-commercial licence is used for the first time."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from magic_viewer.ui.theme import SPACING


class LicenceNotice(QFrame):
    """Stands in the panel and holds up nothing but the model; hidden where there is no question."""

    accepted = Signal()
    other_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meaning, self._licence = QLabel(), QLabel()
        for label in (self._meaning, self._licence):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self._meaning.setText(
            self.tr(
                "For non-commercial use only: research, teaching and private use without "
                "payment or commercial advantage. This also holds for images drawn with it."
            )
        )
        self._meaning.setAccessibleName(self.tr("What the model may be used for"))
        self._licence.setProperty("role", "quiet")
        self._licence.setAccessibleName(self.tr("Licence of the model"))
        # Alt+N answers from wherever the focus is.
        accept = QPushButton(self.tr("I use it &non-commercially"))
        accept.setProperty("primary", "true")
        accept.clicked.connect(self.accepted)
        other = QPushButton(self.tr("Choose another model"))
        other.clicked.connect(self.other_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        for widget in (self._meaning, self._licence, accept, other):
            column.addWidget(widget)
        for button in (accept, other):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    def set_licence(self, licence: str) -> None:
        """Asks about a licence, or no more."""
        self._licence.setText(self.tr("Licence: {licence}").format(licence=licence))
        self.setVisible(bool(licence))
