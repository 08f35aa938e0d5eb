"""A model from a file before it is added: how far its checks are, then what it is."""

from textwrap import shorten

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.pipeline.added import StagedModel
from magic_viewer.progress import Progress
from magic_viewer.ui.theme import MARGIN, SPACING

_WIDTH, _CARD_HEIGHT = 560, 130
_MOST_LETTERS, _CARD_LETTERS = 300, 20_000


class AddModelDialog(QDialog):
    """Never waits inside itself; rejected when the user doesn't want the model."""

    add_requested = Signal()

    def __init__(self, file_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add a model"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH)
        self._title = _label(self.tr("Checking {name}").format(name=file_name), "title")
        self._step = _label("", "quiet")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * MARGIN, 2 * MARGIN, 2 * MARGIN, MARGIN)
        self._column.setSpacing(MARGIN)
        for widget in (self._title, self._bar, self._step):
            self._column.addWidget(widget)
        self._column.addWidget(self._make_buttons())

    def set_progress(self, progress: Progress) -> None:
        """How far the checks are."""
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        self._step.setText(f"{progress.message} {progress.done} / {progress.total}")

    def show_model(self, staged: StagedModel) -> None:
        """What was found; from now on it can be added."""
        self._title.setText(staged.info.title)
        self._bar.hide()
        self._step.setText(
            self.tr(
                "Not one of the program's own models: whoever made it answers for it. It was "
                "checked and tested; nothing in it is executed."
            )
        )
        found = QWidget()
        column = QVBoxLayout(found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(MARGIN)
        column.addLayout(self._facts(staged))
        column.addWidget(self._card(staged.card))
        self._column.insertWidget(self._column.indexOf(self._step) + 1, found)
        found.show()
        self._add.setEnabled(True)
        self._add.setFocus()
        # What wraps is as high as its width makes it.
        self.resize(_WIDTH, self._column.totalHeightForWidth(_WIDTH))

    def _facts(self, staged: StagedModel) -> QGridLayout:
        info = staged.info
        name = staged.name
        if name != info.name:
            name = self.tr("{name}, because there is another “{taken}”")
            name = name.format(name=staged.name, taken=info.name)
        rows = (
            (self.tr("What it does"), info.summary or "–"),
            (self.tr("Name"), name),
            (self.tr("Classes"), shorten(", ".join(info.labels), _MOST_LETTERS, placeholder=" …")),
            (self.tr("Image size"), self.tr("{side} × {side} pixels").format(side=info.input_size)),
            (self.tr("Licence"), info.licence),
            (self.tr("Size"), f"{staged.n_bytes / 1e6:.1f} MB"),
            (self.tr("SHA-256 of the weights"), _in_two_lines(staged.sha256)),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * MARGIN)
        grid.setVerticalSpacing(SPACING)
        grid.setColumnStretch(1, 1)
        for row, (words, value) in enumerate(rows):
            label = _label(value)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAccessibleName(words)
            head = _label(words, "quiet", wraps=False)
            grid.addWidget(head, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        return grid

    def _card(self, text: str) -> QPlainTextEdit:
        card = QPlainTextEdit(text[:_CARD_LETTERS])
        card.setReadOnly(True)
        card.setFixedHeight(_CARD_HEIGHT)
        card.setTabChangesFocus(True)
        card.setAccessibleName(self.tr("The model's card, by its makers"))
        return card

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        self._add = QPushButton(self.tr("Add"))
        self._add.setProperty("primary", "true")
        self._add.setEnabled(False)
        self._add.clicked.connect(self.add_requested)
        buttons.addButton(self._add, QDialogButtonBox.ButtonRole.AcceptRole)
        return buttons


def _in_two_lines(digest: str) -> str:
    half = len(digest) // 2
    return f"{digest[:half]}\n{digest[half:]}"


def _label(text: str, role: str = "", wraps: bool = True) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    label.setProperty("role", role)
    return label
