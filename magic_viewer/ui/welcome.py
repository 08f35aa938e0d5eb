"""What a first-time user sees: where to drop a scan, a scan to try, and later the last ones."""

from collections.abc import Sequence

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.recent import RecentStudy
from magic_viewer.ui.theme import MARGIN, SPACING

_MOST_RECENT = 5
_NAME_WIDTH = 420


class Welcome(QWidget):
    """The empty middle of the window."""

    open_file_requested = Signal()
    open_folder_requested = Signal()
    open_sample_requested = Signal()
    recent_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Drop a scan here"))
        title.setProperty("role", "headline")
        hint = QLabel(self.tr("A DICOM folder, DICOM files, NIfTI, PNG or JPEG"))
        hint.setProperty("role", "quiet")
        frame = QFrame()
        frame.setObjectName("drop")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(4 * MARGIN, 4 * MARGIN, 4 * MARGIN, 4 * MARGIN)
        inside.setSpacing(SPACING)
        for label in (title, hint):
            inside.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(2 * SPACING)
        inside.addLayout(self._buttons())
        self._recent = QWidget()
        self._rows = QVBoxLayout(self._recent)
        self._rows.setContentsMargins(0, 2 * MARGIN, 0, 0)
        self._rows.setSpacing(0)
        outside = QVBoxLayout(self)
        outside.addStretch(1)
        outside.addWidget(frame, 0, Qt.AlignmentFlag.AlignHCenter)
        outside.addWidget(self._recent, 0, Qt.AlignmentFlag.AlignHCenter)
        outside.addStretch(1)
        self.set_recent(())

    def set_recent(self, studies: Sequence[RecentStudy]) -> None:
        """Lists the studies opened last, the newest first."""
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                # Hidden first: the layout has yet to show one that was added just now.
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        self._recent.setVisible(bool(studies))
        if studies:
            title = QLabel(self.tr("Recent"))
            title.setProperty("role", "quiet")
            title.setContentsMargins(SPACING, 0, 0, SPACING // 2)
            self._rows.addWidget(title)
        for study in studies[:_MOST_RECENT]:
            self._rows.addWidget(self._recent_button(study))

    def _recent_button(self, study: RecentStudy) -> QPushButton:
        opened = QDateTime.fromString(study.opened.isoformat("T", "seconds"), Qt.DateFormat.ISODate)
        when = QLocale().toString(opened, QLocale.FormatType.ShortFormat)
        button = QPushButton()
        name = button.fontMetrics().elidedText(
            study.name, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH
        )
        button.setText(f"{name}   ·   {when}".replace("&", "&&"))
        button.setAccessibleName(f"{study.name}, {when}")
        button.setToolTip(plain_tooltip(study.where))
        button.setProperty("role", "row")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: self.recent_requested.emit(study))
        return button

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for text, asked, is_primary in (
            (self.tr("Open file…"), self.open_file_requested, True),
            (self.tr("Open folder…"), self.open_folder_requested, False),
            (self.tr("Open a sample scan"), self.open_sample_requested, False),
        ):
            button = QPushButton(text)
            button.setProperty("primary", is_primary)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, signal=asked: signal.emit())
            row.addWidget(button)
        return row
