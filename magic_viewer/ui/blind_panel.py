"""Blind reading: the question, the reader's answer beside the model's, the tally."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from magic_viewer.ui.reading_log import Reading
from magic_viewer.ui.theme import SPACING

_KEYS = 9


class BlindPanel(QWidget):
    """A button for each class of the model. Hidden while reading is not blind."""

    answer_requested = Signal(str)
    again_requested = Signal()
    file_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = _plain_label(self.tr("Blind reading"), "title")
        self._tally = _plain_label("", "quiet")
        self._tally.setAccessibleName(self.tr("Tally"))
        self._question = _plain_label("", "headline")
        self._result = _plain_label("", "title")
        self._note = _plain_label("", "quiet")
        self._problem = _plain_label("", "warning")
        self._again = _button(self.tr("Read again"))
        self._again.clicked.connect(self.again_requested)
        self._other_file = _button(self.tr("Choose another file…"))
        self._other_file.clicked.connect(self.file_requested)
        self._buttons: dict[str, QPushButton] = {}
        self._answers = QVBoxLayout()
        self._answers.setSpacing(SPACING // 2)
        self._lay_out()
        self.set_problem("")
        self.set_tally(0, 0, 0)
        self.hide()

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes to choose from; none while there is no model."""
        for button in self._buttons.values():
            self._answers.removeWidget(button)
            button.deleteLater()
        self._buttons = {}
        for number, label in enumerate(labels, 1):
            self._buttons[label] = self._answer_button(number, label)
            self._answers.addWidget(self._buttons[label])

    def ask(self, is_ready: bool, note: str) -> None:
        """Asks for the class of the slice in view; `note` says what the reader should know."""
        self._say(self.tr("What is this slice?"), "", note)
        for button in self._buttons.values():
            button.setVisible(True)
            button.setEnabled(is_ready)
        self._again.hide()

    def show_nothing(self, text: str) -> None:
        """There is nothing to answer, and why."""
        self._say("", "", text)
        for widget in (*self._buttons.values(), self._again):
            widget.hide()

    def show_reading(self, reading: Reading, is_reliable: bool) -> None:
        """The reader's answer beside the model's."""
        verdict = self.tr("you agree") if reading.agrees else self.tr("you differ")
        text = self.tr("You: {reader} · Model: {model} — {verdict}")
        self._say(
            "",
            text.format(reader=reading.reader, model=reading.model_answer, verdict=verdict),
            "" if is_reliable else self.tr("The model's answer is not reliable, see below."),
        )
        for button in self._buttons.values():
            button.hide()
        self._again.show()

    def set_tally(self, agreed: int, blind: int, not_blind: int) -> None:
        """In how many blind readings reader and model agree."""
        text = ""
        if blind:
            text = self.tr("{agreed} of {count} agree ({share:.0f} %)").format(
                agreed=agreed, count=blind, share=100 * agreed / blind
            )
        if not_blind:
            text += self.tr(" + {count} not blind").format(count=not_blind)
        self._tally.setText(text)

    def set_problem(self, text: str) -> None:
        """Why the readings are not in their file, or nothing."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        self._other_file.setVisible(bool(text))

    @property
    def text(self) -> str:
        """The question, or the two answers."""
        return self._question.text() or self._result.text()

    @property
    def note(self) -> str:
        """The small line under it."""
        return self._note.text()

    @property
    def tally(self) -> str:
        """Agreement so far."""
        return self._tally.text()

    @property
    def problem(self) -> str:
        """Why the readings are not in their file."""
        return self._problem.text()

    def _say(self, question: str, result: str, note: str) -> None:
        for label, text in (
            (self._question, question),
            (self._result, result),
            (self._note, note),
        ):
            label.setText(text)
            label.setVisible(bool(text))

    def _answer_button(self, number: int, label: str) -> QPushButton:
        button = _button(label.replace("&", "&&"))
        button.setAccessibleName(self.tr("Answer {label}").format(label=label))
        if number <= _KEYS:
            button.setShortcut(QKeySequence(f"Alt+{number}"))
            button.setText(f"{button.text()}  (Alt+{number})")
            # Setting a text takes the shortcut away.
            button.setShortcut(QKeySequence(f"Alt+{number}"))
        button.clicked.connect(lambda: self.answer_requested.emit(label))
        return button

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.addWidget(self._title)
        first.addWidget(self._tally, 1)
        self._tally.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(first)
        column.addWidget(self._question)
        column.addWidget(self._result)
        column.addWidget(self._note)
        column.addLayout(self._answers)
        for widget in (self._again, self._problem, self._other_file):
            column.addWidget(widget)


def _plain_label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
