"""Progress with a way out, shown only for work that takes a while."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from magic_viewer.progress import Progress
from magic_viewer.ui.theme import MARGIN
from magic_viewer.ui.time_left import TimeLeft

_PATIENCE_MS = 300


class BusyStrip(QWidget):
    """Appears when work has lasted longer than people take for instant."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._time_left = TimeLeft()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancel_requested)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE_MS)
        self._timer.timeout.connect(self.show)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 0, MARGIN, 0)
        row.setSpacing(MARGIN)
        row.addWidget(self._text)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        self.hide()

    def begin(self, text: str) -> None:
        """Work has begun; its size is not known yet."""
        self._time_left = TimeLeft()
        self._text.setText(text)
        self._bar.setRange(0, 0)
        self._timer.start()

    def set_progress(self, progress: Progress) -> None:
        """How far it is."""
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        left = self._time_left.words(progress, progress.message)
        self._text.setText(f"{progress.message} {progress.done}{_of(progress.total)}{left}")

    def end(self) -> None:
        """Work is over."""
        self._timer.stop()
        self.hide()


def _of(total: int | None) -> str:
    return f" / {total}" if total else ""
