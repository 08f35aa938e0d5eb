"""Which model answers, and whether it is ready."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from magic_viewer.ui.backend import ModelEntry
from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.theme import MARGIN, SPACING


class ModelChooser(QWidget):
    """A list of models with one line about the chosen one."""

    model_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo = QComboBox()
        self._combo.setAccessibleName(self.tr("Model"))
        self._combo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._combo.currentIndexChanged.connect(self.model_requested)
        self._status = QLabel()
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._status.setWordWrap(True)
        self._status.setProperty("role", "quiet")
        title = QLabel(self.tr("Model"))
        title.setProperty("role", "title")
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, SPACING)
        column.setSpacing(SPACING)
        for widget in (title, self._combo, self._status):
            column.addWidget(widget)
        self.set_models([])
        self.set_status(self.tr("loading…"))

    def set_models(self, entries: Sequence[ModelEntry]) -> None:
        """What there is to choose from."""
        with QSignalBlocker(self._combo):
            self._combo.clear()
            for entry in entries:
                self._combo.addItem(entry.info.title if entry.info else entry.folder.name)
                tip = _about(entry)
                self._combo.setItemData(
                    self._combo.count() - 1, plain_tooltip(tip), Qt.ItemDataRole.ToolTipRole
                )
        self._combo.setEnabled(bool(entries))

    def set_current(self, index: int) -> None:
        """Marks the model in use."""
        with QSignalBlocker(self._combo):
            self._combo.setCurrentIndex(index)

    def set_status(self, text: str) -> None:
        """Ready, loading, or what is wrong."""
        self._status.setText(text)

    @property
    def status(self) -> str:
        """The line under the list."""
        return self._status.text()


def _about(entry: ModelEntry) -> str:
    if entry.info is None:
        return entry.problem
    return f"{entry.info.summary}\nLicence: {entry.info.licence}"
