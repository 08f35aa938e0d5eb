"""Joins the series in view, the model, the strip and the answer for the series."""

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.study import Volume
from magic_viewer.pipeline.results import Classification, Examination, SeriesClassification
from magic_viewer.progress import Progress
from magic_viewer.ui.backend import Engine
from magic_viewer.ui.job import Lane
from magic_viewer.ui.sentences import log_error, sentence
from magic_viewer.ui.series_answer_panel import SeriesAnswerPanel
from magic_viewer.ui.series_strip import SeriesStrip
from magic_viewer.ui.series_work import SliceOutcome, classify_slices, fingerprint
from magic_viewer.ui.session import Session
from magic_viewer.ui.time_left import TimeLeft
from magic_viewer.ui.turns import Turns

Report = Callable[[BaseException], None]
Say = Callable[[str], None]
_MOST_PROBLEMS = 3


class SeriesController(QObject):
    """Classifies slice by slice in a worker; the answers are those of this series and model."""

    answer_shown = Signal(object)

    def __init__(
        self,
        session: Session,
        strip: SeriesStrip,
        panel: SeriesAnswerPanel,
        turns: Turns,
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._session, self._strip, self._panel, self._turns = session, strip, panel, turns
        self._report, self._say = report, say
        self._engine: Engine | None = None
        self._volume: Volume | None = None
        self.outcomes: dict[int, SliceOutcome] = {}
        self.answer: SeriesClassification | None = None
        self.is_shown: Callable[[SliceOutcome], bool] = lambda _: not session.is_blind
        self._work = Lane(self)
        self.lanes = (self._work,)
        self._time_left, self._done, self._wanted = TimeLeft(), 0, 0
        self._has_begun = False
        self._connect()

    def _connect(self) -> None:
        session, work = self._session, self._work
        session.series_changed.connect(lambda _: self._forget())
        session.volume_changed.connect(lambda _: self._forget())
        session.study_grown.connect(lambda _: self._forget_if_replaced())
        session.slice_index_changed.connect(self._strip.set_current)
        session.examination_changed.connect(self._take_examination)
        session.blind_changed.connect(lambda _: self._show_by_mode())
        self._strip.slice_index_requested.connect(session.go_to_slice)
        self._panel.classify_requested.connect(self.begin)
        self._panel.cancel_requested.connect(self.cancel)
        work.progressed.connect(self._take)
        work.succeeded.connect(self._finish)
        work.failed.connect(self._report)
        work.cancelled.connect(self._combine)
        for ended in (work.succeeded, work.failed, work.cancelled):
            ended.connect(self._rest)

    def set_engine(self, engine: Engine | None) -> None:
        """Another model; what the one before said is gone."""
        self._engine = engine
        self._panel.set_labels(engine.info.labels if engine is not None else ())
        self._forget()

    def begin(self) -> None:
        """Classifies the slices that have no answer yet."""
        engine, volume = self._engine, self._session.volume
        if engine is None or volume is None:
            self._say(self.tr("Open a series and choose a model first."))
            return
        if not self._session.study.is_complete:
            self._say(self.tr("The series is still being read. Classify it when it is complete."))
            return
        if self._work.is_busy and self._panel.is_busy:
            return
        known = self._known()
        wanted = [index for index in range(volume.shape[0]) if index not in known]
        self._time_left, self._done, self._wanted = TimeLeft(), 0, len(wanted)
        self._has_begun = True
        self._panel.set_busy(True)
        self._show_progress()
        self._work.submit(lambda: classify_slices(engine, volume, wanted, known, self._turns))

    def cancel(self) -> None:
        """Stops; what was done stays."""
        if self._panel.is_busy:
            self._work.cancel()

    def _combine(self) -> None:
        """The answer for the series, of what is known without asking for more."""
        engine, volume, known = self._engine, self._volume, self._known()
        if engine is not None and volume is not None and known:
            self._work.submit(lambda: classify_slices(engine, volume, (), known, self._turns))

    def _known(self) -> dict[int, Classification]:
        return {
            index: outcome.classification
            for index, outcome in self.outcomes.items()
            if outcome.classification is not None
        }

    def show(self) -> None:
        """Everything that may be seen."""
        shown = {i: outcome for i, outcome in self.outcomes.items() if self.is_shown(outcome)}
        self._strip.set_outcomes(shown)
        self._show_answer()
        self._show_button()

    # Answers

    def _take_examination(self, examination: Examination | None) -> None:
        """The slice in view is classified anyway."""
        image = self._session.slice
        if examination is None or image is None or self._session.edited is not None:
            return
        before = self.outcomes.get(image.index)
        answer = examination.classification
        self._keep(SliceOutcome(image.index, answer, fingerprint=fingerprint(image)))
        is_new = before is None or before.classification is None
        if is_new and self._has_begun and not self._panel.is_busy:
            self._combine()
        self.show()

    def _take(self, item: SliceOutcome | SeriesClassification | None) -> None:
        if isinstance(item, SliceOutcome):
            self._done += 1
            self._show_progress()
            self._keep(item)
        elif item is not None:
            self.answer = item
        if item is not None:
            self.show()

    def _keep(self, outcome: SliceOutcome) -> None:
        if outcome.error is not None:
            log_error(outcome.error)
        self.outcomes[outcome.index] = outcome
        if self.is_shown(outcome):
            self.answer_shown.emit(outcome)

    def _show_by_mode(self) -> None:
        """What was hidden until now is seen from now on."""
        for outcome in self.outcomes.values():
            if self.is_shown(outcome):
                self.answer_shown.emit(outcome)
        self.show()

    def _finish(self, answer: SeriesClassification | None) -> None:
        self.answer = answer

    def _rest(self, _: object = None) -> None:
        self._panel.set_busy(False)
        self.show()

    def _forget_if_replaced(self) -> None:
        if self._session.volume is not self._volume:
            self._forget()

    def _forget(self) -> None:
        self._work.drop()
        self._volume = self._session.volume
        self.outcomes, self.answer, self._has_begun = {}, None, False
        count = self._volume.shape[0] if self._volume is not None else 0
        labels = self._engine.info.labels if self._engine is not None else ()
        self._strip.set_slices(count, labels)
        self._strip.set_current(self._session.slice_index)
        self._panel.setVisible(bool(labels) and count > 1)
        self._panel.set_busy(False)
        self.show()

    # Words

    def _show_progress(self) -> None:
        progress = Progress(self._done, self._wanted, "")
        text = f"{self._done} / {self._wanted}{self._time_left.words(progress)}"
        self._panel.set_progress(Progress(self._done, self._wanted, text))

    def _show_answer(self) -> None:
        if self._session.is_blind:
            self._panel.show_hidden()
            self._panel.show_problems(())
            return
        failed = [o for o in self.outcomes.values() if o.classification is None]
        count = self._volume.shape[0] if self._volume is not None else 0
        if self.answer is None:
            self._panel.show_nothing()
        else:
            self._panel.show_answer(self.answer, len(self.outcomes) == count)
        self._panel.show_problems(self._problems(failed))

    def _problems(self, failed: list[SliceOutcome]) -> list[str]:
        """The same reason is given once."""
        reasons = Counter(sentence(o.error) for o in failed if o.error is not None)
        lines = []
        for reason, count in reasons.most_common(_MOST_PROBLEMS):
            first = min(o.index for o in failed if o.error and sentence(o.error) == reason) + 1
            text = self.tr("Slice {first} has no answer. {reason}")
            if count > 1:
                text = self.tr("{count} slices have no answer, the first is {first}. {reason}")
            lines.append(text.format(count=count, first=first, reason=reason))
        return lines

    def _show_button(self) -> None:
        count = self._volume.shape[0] if self._volume is not None else 0
        done = sum(o.classification is not None for o in self.outcomes.values())
        text = self.tr("Classify all slices")
        if self._has_begun and done < count:
            text = self.tr("Classify the other {count}").format(count=count - done)
        elif count and done == count and self.answer is not None:
            text = self.tr("All slices classified")
        can_begin = self._engine is not None and done < count
        # All done one by one in passing still lacks the answer for the series.
        self._panel.set_possible(can_begin or (count > 1 and self.answer is None), text)
