"""Which model answers, and whether it is ready."""

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from magic_viewer.ui.backend import ModelEntry
from magic_viewer.ui.licence_notice import LicenceNotice
from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.theme import MARGIN, SPACING


class ModelChooser(QWidget):
    """A list of models with one line about the chosen one."""

    model_requested = Signal(int)
    noncommercial_accepted = Signal()

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
        self._notice = LicenceNotice()
        self._notice.accepted.connect(self.noncommercial_accepted)
        self._notice.other_requested.connect(self._combo.showPopup)
        for widget in (title, self._combo, self._status, self._notice):
            column.addWidget(widget)
        self.set_models([])
        self.set_status(self.tr("loading…"))

    def set_models(self, entries: Sequence[ModelEntry]) -> None:
        """What there is to choose from."""
        with QSignalBlocker(self._combo):
            self._combo.clear()
            titles = Counter(entry.info.title for entry in entries if entry.info)
            for entry in entries:
                self._combo.addItem(self._words(entry, titles))
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

    def ask_about(self, licence: str) -> None:
        """Asks whether the use is one that a licence allows; "" takes the question away."""
        self._notice.set_licence(licence)

    def _words(self, entry: ModelEntry, titles: Counter[str]) -> str:
        if entry.info is None:
            return entry.folder.name
        title = entry.info.title
        words = title if titles[title] == 1 else f"{title} ({entry.folder.name})"
        return self.tr("{model} – added by you").format(model=words) if entry.is_added else words

    @property
    def status(self) -> str:
        """The line under the list."""
        return self._status.text()


def _about(entry: ModelEntry) -> str:
    if entry.info is None:
        return entry.problem
    return f"{entry.info.summary}\nLicence: {entry.info.licence}"
