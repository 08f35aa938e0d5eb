"""Keeps what is open in a file of this run, so that a crash loses no place and no measurement."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from magic_viewer.imaging import measure_file
from magic_viewer.imaging.marking import Marking
from magic_viewer.imaging.study import Study
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.markings import MarkingStore
from magic_viewer.ui.open_session import OpenSession, encoded
from magic_viewer.ui.own_files import OwnFiles, write_own
from magic_viewer.ui.preferences import REMEMBER_RECENT, Preferences
from magic_viewer.ui.sentences import log_error
from magic_viewer.ui.session import Session

_REST_MS = 1000


class SessionKeeper(QObject):
    """Writes at most once a second, in a worker; nothing where studies aren't to be remembered.

    Args:
        files: of this run.
        session: what is in view.
        store: the measurements.
        preferences: whether to remember.
        layout: names the layout in view.
        readings: names the file of a blind reading, or nothing.
    """

    def __init__(
        self,
        files: OwnFiles,
        session: Session,
        store: MarkingStore,
        preferences: Preferences,
        layout: Callable[[], str],
        readings: Callable[[], str],
    ) -> None:
        super().__init__()
        self._files, self._session, self._store = files, session, store
        self._preferences, self._layout, self._readings = preferences, layout, readings
        self._paths: tuple[Path, ...] = ()
        self._reopened: OpenSession | None = None
        self._writing = Lane(self)
        self._writing.failed.connect(log_error)
        self.lanes = (self._writing,)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._write)
        for changed in (
            session.slice_index_changed,
            session.window_changed,
            session.model_changed,
            session.blind_changed,
            session.study_grown,
            store.markings_changed,
        ):
            changed.connect(self._touch)
        preferences.changed.connect(self._follow)

    def begin(self, paths: tuple[Path, ...]) -> None:
        """These are open now, absolute; () for what need not be opened again."""
        self._paths = paths
        self._touch()

    def set_reopened(self, reopened: OpenSession) -> None:
        """This one is being opened again."""
        self._reopened = reopened

    def end(self) -> None:
        """Writes no more."""
        self._timer.stop()

    def _touch(self, *_: object) -> None:
        # Not started again while it runs: who scrolls without end is written down too.
        if not self._timer.isActive():
            self._timer.start()

    def _follow(self, key: str) -> None:
        if key == REMEMBER_RECENT.key:
            self._write()

    def _write(self) -> None:
        if not self._paths or not self._preferences.get(REMEMBER_RECENT):
            self._writing.submit(single_step(self._files.forget_session))
            return
        unsaved = self._store.markings if self._store.is_unsaved else ()
        work = partial(_write, self._files, self._facts(), unsaved, self._session.study)
        self._writing.submit(single_step(work))

    def _facts(self) -> OpenSession:
        session, again = self._session, self._reopened
        is_same = again is not None and again.paths == self._paths
        return OpenSession(
            self._paths,
            session.series_index,
            session.volume_index,
            session.slice_index,
            session.window,
            session.is_inverted,
            self._layout(),
            session.model.name if session.model is not None else "",
            self._readings(),
            again.times_reopened if again is not None and is_same else 0,
        )


def _write(files: OwnFiles, facts: OpenSession, unsaved: tuple[Marking, ...], study: Study) -> None:
    write_own(files.session, encoded(facts))
    if unsaved:
        write_own(files.measurements, measure_file.as_text(unsaved, {}, study))
    else:
        files.measurements.unlink(missing_ok=True)
