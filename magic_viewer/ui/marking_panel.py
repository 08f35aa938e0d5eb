"""The list of measurements under the series, with the histogram of the selected region."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QListWidget, QSizePolicy, QVBoxLayout, QWidget

from magic_viewer.imaging.measure import Statistics
from magic_viewer.ui.marking_words import number
from magic_viewer.ui.theme import MARGIN, SPACING, Color

_ROWS_IN_VIEW = 5
_BARS_HEIGHT = 56


class MarkingPanel(QWidget):
    """One row a measurement; hidden while there is none."""

    measurement_requested = Signal(int)
    note_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Measurements"))
        self._list.setToolTip(self.tr("Click: go there. Double click: write a note. Del: delete."))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._list.itemClicked.connect(
            lambda item: self.measurement_requested.emit(self._list.row(item))
        )
        self._list.itemDoubleClicked.connect(
            lambda item: self.note_requested.emit(self._list.row(item))
        )
        self._histogram = Histogram()
        self._share = QLabel()
        self._share.setTextFormat(Qt.TextFormat.PlainText)
        self._share.setWordWrap(True)
        self._share.setAccessibleName(self.tr("Share of the log-odds in the region"))
        self._share.setToolTip(
            self.tr("log p(x | A) − log p(x | B) of the pixels inside, of all that the model sees")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, SPACING, SPACING, MARGIN)
        column.setSpacing(SPACING)
        for widget in (self._title, self._list, self._histogram, self._share):
            column.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_share("")
        self.set_rows((), None)

    @property
    def rows(self) -> list[str]:
        """What the list says."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    def set_rows(self, rows: Sequence[str], selected: int | None) -> None:
        """Lists measurements, two lines each, and marks the selected one."""
        with QSignalBlocker(self._list):
            if list(rows) != self.rows:
                self._list.clear()
                self._list.addItems(list(rows))
            self._list.setCurrentRow(-1 if selected is None else selected)
        self._title.setText(f"{self.tr('Measurements')} · {len(rows)}")
        self.setVisible(bool(rows))
        if rows:
            height = self._list.sizeHintForRow(0) * min(len(rows), _ROWS_IN_VIEW)
            self._list.setFixedHeight(height + 2 * self._list.frameWidth())

    def set_share(self, words: str) -> None:
        """How much of the log-odds lies in the selected region; "" where there is none."""
        self._share.setText(words)
        self._share.setVisible(bool(words))

    @property
    def share(self) -> str:
        """What is said of the log-odds."""
        return self._share.text()

    def set_statistics(self, statistics: Statistics | None) -> None:
        """The values of the selected region, or None."""
        self._histogram.set_statistics(statistics)


class Histogram(QWidget):
    """Bars with the lowest and the highest value under them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._statistics: Statistics | None = None
        self.hide()

    def set_statistics(self, statistics: Statistics | None) -> None:
        """What to draw; hidden where there is nothing."""
        self._statistics = statistics
        if statistics is not None and statistics.count:
            text = self.tr("Histogram of {count} pixels from {low} to {high} {unit}")
            words = text.format(
                count=statistics.count,
                low=number(statistics.minimum),
                high=number(statistics.maximum),
                unit=statistics.unit,
            )
            self.setAccessibleName(words.strip())
            self.setToolTip(words.strip())
        self.setVisible(statistics is not None and statistics.count > 0)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the bars and one line."""
        return QSize(160, _BARS_HEIGHT + 4 + self.fontMetrics().lineSpacing())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Bars over a base line, then the ends."""
        shown = self._statistics
        if shown is None or not shown.count:
            return
        painter = QPainter(self)
        width = self.width() / len(shown.histogram)
        highest = max(shown.histogram)
        for place, count in enumerate(shown.histogram):
            height = _BARS_HEIGHT * count / highest
            bar = QRectF(place * width, _BARS_HEIGHT - height, max(1.0, width - 1), height)
            painter.fillRect(bar, QColor(Color.MARKING))
        painter.fillRect(QRectF(0, _BARS_HEIGHT, self.width(), 1), QColor(Color.BORDER))
        painter.setPen(QColor(Color.QUIET))
        text = QRectF(0, _BARS_HEIGHT + 3, self.width(), self.fontMetrics().lineSpacing())
        low, high = number(shown.minimum), number(shown.maximum)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(text, Qt.AlignmentFlag.AlignHCenter, f"{shown.count} px")
        painter.drawText(text, Qt.AlignmentFlag.AlignRight, f"{high} {shown.unit}".rstrip())
