"""What the model says of the whole series, and how far it is."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.pipeline.results import SeriesClassification
from magic_viewer.progress import Progress
from magic_viewer.ui.theme import SPACING, class_color


class SeriesAnswerPanel(QWidget):
    """Button, progress with a way out, answer, and the key to the strip's colours."""

    classify_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, QLabel] = {}
        self._headline, self._verdict, self._problem = QLabel(), QLabel(), QLabel()
        for label, role in (
            (self._headline, "title"),
            (self._verdict, "quiet"),
            (self._problem, "warning"),
        ):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setProperty("role", role)
        self._headline.setAccessibleName(self.tr("Answer for the series"))
        self._classify = QPushButton(self.tr("Classify all slices"))
        self._classify.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._classify.clicked.connect(self.classify_requested)
        self._make_progress()
        self._make_classes()
        self._lay_out()
        self.set_labels(())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes of the model, each with its colour in the strip."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._rows = {}
        for number, label in enumerate(labels):
            name = QLabel(label)
            name.setTextFormat(Qt.TextFormat.PlainText)
            share = QLabel("–")
            share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            share.setAccessibleName(label)
            for column, widget in enumerate((_Swatch(number), name, share)):
                self._grid.addWidget(widget, number, column)
            self._rows[label] = share
        self.show_nothing()

    def set_possible(self, is_possible: bool, text: str) -> None:
        """Whether there is something to classify, and what the button says."""
        self._classify.setEnabled(is_possible)
        self._classify.setText(text)

    def set_busy(self, is_busy: bool) -> None:
        """The progress in place of the button, or the button."""
        self._classify.setVisible(not is_busy)
        for widget in (self._bar, self._left, self._cancel):
            widget.setVisible(is_busy)

    def set_progress(self, progress: Progress) -> None:
        """How far it is; the message says how long it will take."""
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        self._left.setText(progress.message)

    def show_nothing(self) -> None:
        """No slice is classified yet."""
        self._say("", self.tr("Each slice is classified; together they answer for the series."))

    def show_hidden(self) -> None:
        """Blind reading: the answer would give away that for the slices to come."""
        self._say("", self.tr("Hidden while you read blind."))

    def show_answer(self, answer: SeriesClassification, is_whole: bool) -> None:
        """What the slices say together.

        Args:
            answer: of the slices that were classified.
            is_whole: whether no slice is left.
        """
        count = answer.used + answer.left_out
        if not answer.used:
            text = self.tr("None of the {count} slices is like those that the model knows.")
            if not is_whole:
                text = self.tr("None of the slices so far is like those that the model knows.")
            self._say(self.tr("No answer for the series"), text.format(count=count))
            return
        text = self.tr("From {used} of {count} slices.")
        if not is_whole:
            text = self.tr("So far, from {used} of {count} slices.")
        elif answer.used < answer.left_out:
            text = self.tr("From only {used} of {count} slices: take the class with caution.")
        share = 100 * answer.probabilities[answer.label]
        self._say(f"{answer.label}  {share:.1f} %", text.format(used=answer.used, count=count))
        for label, row in self._rows.items():
            row.setText(f"{100 * answer.probabilities.get(label, 0.0):.1f} %")

    def show_problems(self, texts: Sequence[str]) -> None:
        """Why slices have no answer, one sentence a line."""
        self._problem.setText("\n".join(texts))
        self._problem.setVisible(bool(texts))

    @property
    def text(self) -> str:
        """All that it says, line by line."""
        shown = (self._headline, self._verdict, self._problem)
        return "\n".join(label.text() for label in shown if label.text())

    @property
    def is_busy(self) -> bool:
        """Whether the progress stands in place of the button."""
        return self._classify.isHidden()

    def _say(self, headline: str, verdict: str) -> None:
        self._headline.setText(headline)
        self._headline.setVisible(bool(headline))
        self._verdict.setText(verdict)
        for row in self._rows.values():
            row.setText("–")

    def _make_progress(self) -> None:
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Slices classified"))
        self._left = QLabel()
        self._left.setProperty("role", "quiet")
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancel_requested)

    def _make_classes(self) -> None:
        self._classes = QWidget()
        self._grid = QGridLayout(self._classes)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACING)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Whole series"))
        title.setProperty("role", "title")
        first = QHBoxLayout()
        first.addWidget(title, 1)
        first.addWidget(self._classify)
        first.addWidget(self._left)
        first.addWidget(self._cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(first)
        for widget in (self._bar, self._headline, self._verdict, self._problem, self._classes):
            column.addWidget(widget)
        self.set_busy(False)
        self.show_problems(())


class _Swatch(QWidget):
    """The colour of a class in the strip."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._color = class_color(number)
        self.setFixedSize(QSize(12, 12))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(self.rect()), self._color)
