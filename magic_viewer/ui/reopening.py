"""Goes back to where one was, once a session that is opened again has been read whole."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from magic_viewer.imaging import measure_file
from magic_viewer.imaging.marking import Marking
from magic_viewer.imaging.study import Slice, Study
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.markings import MarkingStore
from magic_viewer.ui.open_session import OpenSession
from magic_viewer.ui.own_files import OwnFiles
from magic_viewer.ui.session import Session


class Reopening(QObject):
    """One session, once. Who has scrolled meanwhile is left where they are.

    Args:
        wanted: what was open.
        files: of the run that kept it.
        session: where it is opened.
        store: takes its measurements, which are as unsaved as they were.
        is_open: whether the wanted paths are those that are open.
    """

    failed = Signal(object)
    finished = Signal()

    def __init__(
        self,
        wanted: OpenSession,
        files: OwnFiles,
        session: Session,
        store: MarkingStore,
        is_open: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._wanted, self._files, self._session = wanted, files, session
        self._store, self._is_open = store, is_open
        self._moves, self._is_done, self._waits = 0, False, False
        self._loading = Lane(self)
        self.lanes = (self._loading,)
        self._loading.succeeded.connect(self._take_measurements)
        self._loading.failed.connect(self.failed)
        session.study_changed.connect(self._begin)
        session.study_grown.connect(self._look)
        session.slice_index_changed.connect(self._count_move)
        session.slice_changed.connect(self._see)

    def _begin(self, study: Study) -> None:
        self._moves = 0
        # The session goes to its first series after this.
        QTimer.singleShot(0, lambda: self._look(study))

    def _count_move(self, _: int) -> None:
        self._moves += 1

    def _look(self, study: Study) -> None:
        if self._is_done or not study.is_complete or not self._is_open():
            return
        if study is not self._session.study:
            return
        self._is_done = True
        if self._moves <= 1:  # opening itself moves once
            self._go(study)
        if self._files.measurements.is_file():
            self._loading.submit(single_step(measure_file.load, self._files.measurements, study))
        else:
            self.finished.emit()

    def _go(self, study: Study) -> None:
        wanted, session = self._wanted, self._session
        if wanted.series >= len(study.series):
            return
        if wanted.series != session.series_index:
            session.select_series(wanted.series)
        if wanted.volume != session.volume_index:
            session.select_volume(wanted.volume)
        session.go_to_slice(wanted.slice)
        self._waits = True
        self._see(session.slice)

    def _see(self, image: Slice | None) -> None:
        """The window comes after the one that a fresh series begins with."""
        if self._waits and image is not None and image.index == self._wanted.slice:
            self._waits = False
            QTimer.singleShot(0, self._show)

    def _show(self) -> None:
        if self._is_open():
            self._session.is_inverted = self._wanted.is_inverted
            self._session.set_window(self._wanted.window)

    def _take_measurements(self, markings: Sequence[Marking]) -> None:
        if self._is_open():
            self._store.add(*markings)
        self.finished.emit()
