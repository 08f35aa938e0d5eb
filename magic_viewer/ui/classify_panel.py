"""What the model says of the slice in view."""

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from magic_viewer.pipeline.header_says import HeaderSays, Opinion
from magic_viewer.pipeline.results import (
    Classification,
    Examination,
    in_words,
    prior_in_words,
    typicality_in_words,
    with_spread,
)
from magic_viewer.ui.class_bars import ClassBars
from magic_viewer.ui.fit_panel import FitPanel
from magic_viewer.ui.input_panel import InputPanel
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
        self._typicality = _plain_label("quiet")
        self._typicality.setAccessibleName(self.tr("Typicality as a percentile"))
        self._header = _plain_label("quiet")
        self._header.setAccessibleName(self.tr("What the file's header says"))
        self._footer = _plain_label("quiet")
        self._footer.setAccessibleName(self.tr("How the answer came about"))
        self.fit, self.input = FitPanel(), InputPanel()
        self._answer: Classification | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._edited)
        for label in (self._alarm, self._headline, self._verdict):
            column.addWidget(label)
        column.addWidget(self._bars)
        for label in (self._typicality, self._header, self._footer):
            column.addWidget(label)
        for panel in (self.fit, self.input):
            column.addWidget(panel)
        self.set_labels(())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes of the model; none when there is no model."""
        self._bars.set_labels(labels)
        self.show_nothing()

    def show_nothing(self, why: str = "") -> None:
        """No slice, or no model; what to do, unless that is to open a scan."""
        self.fit.set_fit(())
        self.input.clear()
        self._say("", "", why or self.tr("Open a scan to see what the model makes of it."))

    def show_waiting(self) -> None:
        """The model is at work, or will be when the scrolling stops."""
        self._say("…", "", self.tr("Classifying…"))
        # They stay where they are, grey, so that the panel doesn't jump.
        self.fit.setEnabled(False)
        self.input.setEnabled(False)

    def show_problem(self, text: str) -> None:
        """The model can't say anything of this slice, and why."""
        self._say(self.tr("No answer"), "", text)
        self.fit.set_fit(())
        self.input.clear()

    def show_answer(self, answer: Classification) -> None:
        """What the model says."""
        if answer.is_reliable:
            self._say(f"{answer.label}  {with_spread(answer, answer.label)}", "", answer.verdict)
        elif answer.is_misfit:
            alarm = self.tr("⚠ Do not rely on this answer. {verdict}")
            self._say(
                self.tr("Not what the model is for"), alarm.format(verdict=answer.verdict), ""
            )
        elif answer.in_distribution:
            contenders = self.tr(" or ").join(answer.contenders)
            self._say(f"{contenders}?", "", answer.verdict)
        else:
            alarm = self.tr("⚠ Do not rely on this answer. {verdict}")
            self._say(
                self.tr("Unlike the training images"), alarm.format(verdict=answer.verdict), ""
            )
        self._answer = answer
        self._bars.set_values(answer)
        self._bars.setEnabled(answer.in_distribution)
        self._typicality.setText(typicality_in_words(answer))
        self._footer.setText(self._how(answer))
        self.fit.set_fit(answer.fit)
        self.fit.setEnabled(True)

    def show_input(self, examination: Examination, spacing: tuple[float, float] | None) -> None:
        """What the model saw, and how large that is in the patient where the file says."""
        _, left, _, right = examination.box
        side = (right - left) * spacing[1] if spacing is not None else None
        self.input.set_input(examination.model_input, side)
        self.input.setEnabled(True)

    def set_header(self, says: HeaderSays | None) -> None:
        """What the header says beside what the flow says; None while there is no answer."""
        opinion = self._opinion(says) if says is not None else "silent"
        # A line of its own also while nothing is known, so that the panel doesn't jump.
        self._header.setText(" " if says is None else self._about_header(says))
        role = "warning" if opinion == "disagrees" else "quiet"
        if self._header.property("role") != role:
            self._header.setProperty("role", role)
            self._header.style().unpolish(self._header)
            self._header.style().polish(self._header)

    def _opinion(self, says: HeaderSays) -> Opinion | Literal["open"]:
        """How the header stands to the answer: "open" where the flow names no class."""
        if self._answer is None:
            return "silent"
        opinion = says.opinion(self._answer.label)
        is_told = opinion in ("agrees", "disagrees")
        return "open" if is_told and not self._answer.is_reliable else opinion

    def _about_header(self, says: HeaderSays) -> str:
        words = {
            "silent": self.tr("Header: does not name a class of this model."),
            "agrees": self.tr("Header: {keyword} {value} · flow: {flow} ✓ they agree"),
            "disagrees": self.tr("⚠ Header: {keyword} {value} · flow: {flow}. They disagree."),
            "open": self.tr("Header: {keyword} {value} · flow: no class to go by"),
            "other": self.tr("Header: {keyword} {value}, none of these classes."),
        }[self._opinion(says)]
        flow = self._answer.label if self._answer else ""
        return words.format(keyword=says.keyword, value=says.value, flow=flow)

    def _how(self, answer: Classification) -> str:
        words = self.tr("{device} · {seconds:.2f} s · {prior}\nLikelihood temperatures {values}")
        return words.format(
            device=answer.device,
            seconds=answer.seconds,
            prior=prior_in_words(answer),
            values=in_words(answer.likelihood_temperatures),
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
    def header(self) -> str:
        """What the header says, in words."""
        return self._header.text().strip()

    @property
    def details(self) -> str:
        """Typicality, device, time, prior and temperatures."""
        return f"{self._typicality.text()}\n{self._footer.text()}"

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
        self._answer = None
        self._bars.clear_values()
        for label in (self._typicality, self._header, self._footer):
            # Empty lines, so that the panel doesn't jump from slice to slice.
            label.setText(" ")


def _plain_label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
