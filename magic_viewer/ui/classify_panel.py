"""What the model says of the slice in view."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from magic_viewer.pipeline.results import Classification, in_words, with_spread
from magic_viewer.ui.class_bars import ClassBars
from magic_viewer.ui.theme import SPACING


class ClassifyPanel(QWidget):
    """Answer, verdict, bars.

    A slice unlike the training images gets an alarm, not an answer; one too close to call gets
    a question.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edited = _plain_label("warning")
        self._edited.setText(
            self.tr("EDITED – what if. This answer is for the edited slice, not for the patient's.")
        )
        self._edited.hide()
        self._headline = _plain_label("headline")
        self._alarm = _plain_label("alarm")
        self._alarm.setAccessibleName(self.tr("Warning"))
        self._verdict = _plain_label("quiet")
        self._verdict.setAccessibleName(self.tr("Typicality"))
        self._bars = ClassBars()
        self._footer = _plain_label("quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._edited)
        for widget in (self._alarm, self._headline, self._verdict, self._bars, self._footer):
            column.addWidget(widget)
        self.set_labels(())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes of the model; none when there is no model."""
        self._bars.set_labels(labels)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No slice, or no model."""
        self._say("", "", self.tr("Open a scan to see what the model makes of it."))

    def show_waiting(self) -> None:
        """The model is at work, or will be when the scrolling stops."""
        self._say("…", "", self.tr("Classifying…"))

    def show_problem(self, text: str) -> None:
        """The model can't say anything of this slice, and why."""
        self._say(self.tr("No answer"), "", text)

    def show_answer(self, answer: Classification) -> None:
        """What the model says."""
        if answer.is_reliable:
            self._say(f"{answer.label}  {with_spread(answer)}", "", answer.verdict)
        elif answer.in_distribution:
            contenders = self.tr(" or ").join(answer.contenders)
            self._say(f"{contenders}?", "", answer.verdict)
        else:
            alarm = self.tr("⚠ Do not rely on this answer. {verdict}")
            self._say(
                self.tr("Unlike the training images"), alarm.format(verdict=answer.verdict), ""
            )
        self._bars.set_values(answer)
        self._footer.setText(
            self.tr("{device} · {seconds:.2f} s · likelihood temperatures {temperatures}").format(
                device=answer.device,
                seconds=answer.seconds,
                temperatures=in_words(answer.likelihood_temperatures),
            )
        )

    def set_edited(self, is_edited: bool) -> None:
        """Whether it answers for an edited slice."""
        self._edited.setVisible(is_edited)

    @property
    def headline(self) -> str:
        """The answer in large type."""
        return self._headline.text()

    @property
    def alarm(self) -> str:
        """The warning, empty when there is none on screen."""
        return "" if self._alarm.isHidden() else self._alarm.text()

    @property
    def verdict(self) -> str:
        """The small line under the answer."""
        return self._verdict.text()

    def _say(self, headline: str, alarm: str, verdict: str) -> None:
        for label, text in (
            (self._headline, headline),
            (self._alarm, alarm),
            (self._verdict, verdict),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self._bars.clear_values()
        self._footer.setText("")


def _plain_label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
