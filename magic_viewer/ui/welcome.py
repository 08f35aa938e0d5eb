"""What a first-time user sees: where to drop a scan, and a scan to try."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from magic_viewer.ui.theme import MARGIN, SPACING, Color


class Welcome(QWidget):
    """The empty middle of the window."""

    open_file_requested = Signal()
    open_folder_requested = Signal()
    open_sample_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Drop a scan here"))
        title.setProperty("role", "headline")
        hint = QLabel(self.tr("A DICOM folder, DICOM files, NIfTI, PNG or JPEG"))
        hint.setProperty("role", "quiet")
        frame = QFrame()
        frame.setObjectName("drop")
        frame.setStyleSheet(
            f"#drop {{ border: 1px dashed {Color.CONTROL_EDGE}; border-radius: 8px; }}"
        )
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(4 * MARGIN, 4 * MARGIN, 4 * MARGIN, 4 * MARGIN)
        inside.setSpacing(SPACING)
        for label in (title, hint):
            inside.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(2 * SPACING)
        inside.addLayout(self._buttons())
        outside = QVBoxLayout(self)
        outside.addWidget(frame, 0, Qt.AlignmentFlag.AlignCenter)

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
