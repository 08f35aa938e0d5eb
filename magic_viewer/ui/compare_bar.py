"""The bar over two series side by side: which is on the right, and whether it follows."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QWidget

from magic_viewer.ui.theme import MARGIN, SPACING


class CompareBar(QWidget):
    """Shows what it is given; choices leave as signals."""

    series_requested = Signal(int)
    link_requested = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series = QComboBox()
        self._series.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._series.setAccessibleName(self.tr("The series on the right"))
        self._series.setMinimumContentsLength(16)
        self._series.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._series.activated.connect(self.series_requested)
        self._link = QCheckBox(self.tr("Scroll together"))
        self._link.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._link.setChecked(True)
        self._link.toggled.connect(self.link_requested)
        self._status = QLabel()
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._status.setWordWrap(True)
        self._status.setAccessibleName(self.tr("How the two series are linked"))
        self._lay_out()

    @property
    def status(self) -> str:
        """What is said of the link."""
        return self._status.text()

    def set_series(self, titles: Sequence[str], current: int) -> None:
        """Which series there are to choose from, and which is on the right."""
        with QSignalBlocker(self._series):
            self._series.clear()
            self._series.addItems([f"{n} · {title}" for n, title in enumerate(titles, start=1)])
            self._series.setCurrentIndex(current)

    def set_linked(self, is_linked: bool) -> None:
        """Whether both scroll together."""
        with QSignalBlocker(self._link):
            self._link.setChecked(is_linked)

    def set_status(self, text: str, is_warning: bool) -> None:
        """How they are linked, in words."""
        self._status.setText(text)
        role = "warning" if is_warning else "quiet"
        if self._status.property("role") != role:
            self._status.setProperty("role", role)
            self._status.style().polish(self._status)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, SPACING // 2, MARGIN, SPACING // 2)
        row.setSpacing(MARGIN)
        row.addWidget(self._status, 1)
        row.addWidget(self._link)
        row.addWidget(QLabel(self.tr("Right:")))
        row.addWidget(self._series, 1)
