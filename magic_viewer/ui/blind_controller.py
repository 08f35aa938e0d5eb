"""Joins the reader's answers, the model's, which wait for them, and the file they go to."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from magic_viewer.errors import MagicViewerError
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.results import Classification, Examination
from magic_viewer.ui.backend import Engine
from magic_viewer.ui.blind_panel import BlindPanel
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.reading_log import Reading, ReadingLog
from magic_viewer.ui.sentences import log_error, sentence
from magic_viewer.ui.series_work import SliceOutcome, fingerprint
from magic_viewer.ui.session import Session

Report = Callable[[BaseException], None]
_RETRY_MS = 5000


class BlindController(QObject):
    """The model's answer for a slice is shown when the reader has given one.

    Attributes:
        readings: those of this session, in their order.
    """

    slice_read = Signal()

    def __init__(
        self,
        session: Session,
        panel: BlindPanel,
        switch: QAction,
        hidden: Sequence[QWidget],
        report: Report,
    ) -> None:
        super().__init__()
        self._session, self._panel, self._switch = session, panel, switch
        self._hidden, self._report = tuple(hidden), report
        self._engine: Engine | None = None
        self._log: ReadingLog | None = None
        self._shown_at, self._is_hiding = 0.0, False
        self._seen: set[bytes] = set()
        self._read: dict[tuple[bytes, str], tuple[Reading, bool]] = {}
        self.readings: list[Reading] = []
        self.lanes = (Lane(self), Lane(self))
        self._starting, self._writing = self.lanes
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(_RETRY_MS)
        self._connect()

    def _connect(self) -> None:
        session = self._session
        session.slice_changed.connect(self._begin)
        session.blind_changed.connect(lambda _: self._begin(session.slice))
        session.examination_withheld.connect(lambda _: self._show())
        session.examination_changed.connect(self._note_seen)
        self._panel.answer_requested.connect(self.answer)
        self._panel.again_requested.connect(self._read_again)
        self._panel.file_requested.connect(self._ask_for_file)
        self._switch.toggled.connect(self._toggle)
        self._starting.succeeded.connect(self._start)
        self._starting.failed.connect(self._fail_to_start)
        self._writing.succeeded.connect(lambda _: self._panel.set_problem(""))
        self._writing.failed.connect(self._fail_to_write)
        self._retry.timeout.connect(self._write)

    def set_engine(self, engine: Engine | None) -> None:
        """Another model, another reading."""
        self._engine = engine
        self._panel.set_labels(engine.info.labels if engine is not None else ())
        self._begin(self._session.slice)

    def is_shown(self, outcome: SliceOutcome) -> bool:
        """Whether the reader may see the model's answer for a slice."""
        return not self._session.is_blind or self._key(outcome.fingerprint) in self._read

    def note_shown(self, outcome: SliceOutcome) -> None:
        """The reader has seen the model's answer for a slice: no reading of it is blind."""
        self._seen.add(outcome.fingerprint)

    def fail(self, text: str) -> None:
        """The model has no answer for the slice in view."""
        if self._session.hides_answer:
            self._panel.show_nothing(
                self.tr("The model has no answer here. {why}").format(why=text)
            )

    @property
    def file(self) -> str:
        """Where readings go, or "" while reading isn't blind."""
        if self._log is None or not self._session.is_blind:
            return ""
        return str(self._log.path.absolute())

    def keeps_unwritten(self) -> bool:
        """Whether readings are in no file, tried once more: closing would lose them."""
        if self._log is None or not self._log.pending:
            return False
        try:
            self._log.write()
        except MagicViewerError as error:
            log_error(error)
        return bool(self._log.pending)

    def end(self) -> None:
        """Writes what is still waiting."""
        self._retry.stop()
        self.keeps_unwritten()

    # The mode

    def _toggle(self, is_wanted: bool) -> None:
        if is_wanted and self._log is None:
            self._ask_for_file()
        else:
            self._session.set_blind(is_wanted)

    def _ask_for_file(self) -> None:
        title = self.tr("File for your readings: new, or one to add lines to")
        dialog = QFileDialog(self._panel.window(), title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # Lines are added to a file of readings; any other is left alone.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setNameFilter(self.tr("Table (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("readings.csv")
        dialog.fileSelected.connect(lambda name: self.start(Path(name)))
        dialog.rejected.connect(lambda: self._switch.setChecked(self._session.is_blind))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def start(self, path: Path) -> None:
        """Reads blind from now on, and writes into this file."""
        self._starting.submit(single_step(_prepared, ReadingLog(path)))

    def _start(self, log: ReadingLog) -> None:
        # Handed over now, not when the file was chosen: a reading may have come in between.
        for reading in self._log.pending if self._log is not None else ():
            log.add(reading)
        self._log = log
        self._panel.set_problem("")
        self._write()
        self._switch.setChecked(True)
        self._session.set_blind(True)

    def _fail_to_start(self, error: BaseException) -> None:
        self._switch.setChecked(self._session.is_blind)
        self._report(error)

    # The slice in view

    def _begin(self, image: Slice | None) -> None:
        """The clock runs from when the slice is shown."""
        self._shown_at = time.monotonic()
        if image is not None and self._session.is_blind and self._reading(image) is not None:
            self._session.reveal()
        self._show()

    def _show(self) -> None:
        session, image = self._session, self._session.slice
        self._panel.setVisible(session.is_blind)
        if session.hides_answer != self._is_hiding:
            self._is_hiding = session.hides_answer
            for widget in self._hidden:
                widget.setVisible(not self._is_hiding)
        if image is None or self._engine is None:
            self._panel.show_nothing(self.tr("Open a scan and choose a model first."))
            return
        reading = self._reading(image)
        if reading is not None and not session.hides_answer:
            self._panel.show_reading(*reading)
        else:
            self._panel.ask(session.withheld is not None, self._note(image))

    def _note(self, image: Slice) -> str:
        if self._session.withheld is None:
            return self.tr("The model is still at work…")
        if fingerprint(image) in self._seen:
            return self.tr("You have seen an answer for this slice: marked as not blind.")
        return self.tr("The model's answer is shown when you have given yours.")

    def answer(self, label: str) -> None:
        """Takes the reader's answer, keeps it, and shows the model's."""
        image, withheld = self._session.slice, self._session.withheld
        if image is None or withheld is None or self._engine is None or self._log is None:
            return
        reading = self._make_reading(label, image, withheld.classification)
        mark = fingerprint(image)
        self._seen.add(mark)
        self._read[self._key(mark)] = reading, withheld.classification.is_reliable
        self.readings.append(reading)
        self._log.add(reading)
        self._write()
        self._show_tally()
        self._session.reveal()
        self._show()
        self.slice_read.emit()

    def _make_reading(self, label: str, image: Slice, answer: Classification) -> Reading:
        session, engine = self._session, self._engine
        assert engine is not None
        return Reading(
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            series=session.series_index + 1,
            volume=session.volume_index + 1,
            slice=image.index + 1,
            model=engine.info.name,
            model_hash=engine.model_hash,
            reader=label,
            model_answer=answer.label,
            probability=answer.probabilities[answer.label],
            seconds=time.monotonic() - self._shown_at,
            is_typical=answer.in_distribution,
            is_blind=fingerprint(image) not in self._seen,
            abstains=answer.abstains,
        )

    def _read_again(self) -> None:
        image = self._session.slice
        if image is not None:
            self._read.pop(self._key(fingerprint(image)), None)
            self._session.hide()
            self._begin(image)
            self.slice_read.emit()

    def _note_seen(self, examination: Examination | None) -> None:
        if examination is not None and self._session.slice is not None:
            self._seen.add(fingerprint(self._session.slice))
            self._show()

    def _reading(self, image: Slice) -> tuple[Reading, bool] | None:
        """The reader's answer, and whether the model's is reliable."""
        return self._read.get(self._key(fingerprint(image)))

    def _key(self, mark: bytes) -> tuple[bytes, str]:
        return mark, self._engine.model_hash if self._engine is not None else ""

    def _show_tally(self) -> None:
        blind = [reading for reading in self.readings if reading.is_blind]
        agreed = sum(reading.agrees for reading in blind)
        self._panel.set_tally(agreed, len(blind), len(self.readings) - len(blind))

    # The file

    def _write(self) -> None:
        if self._log is not None and self._log.pending:
            self._writing.submit(single_step(self._log.write))

    def _fail_to_write(self, error: BaseException) -> None:
        log_error(error)
        self._panel.set_problem(sentence(error))
        self._retry.start()


def _prepared(log: ReadingLog) -> ReadingLog:
    """Shows at once whether the file can be written."""
    log.write()
    return log
