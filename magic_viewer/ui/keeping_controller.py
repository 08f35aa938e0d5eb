"""Joins what is open with the file that keeps it while it is, and with what is opened again."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from magic_viewer.ui.blind_controller import BlindController
from magic_viewer.ui.job import Lane
from magic_viewer.ui.layout_controller import LayoutController
from magic_viewer.ui.markings import MarkingStore
from magic_viewer.ui.open_session import OpenSession
from magic_viewer.ui.own_files import OwnFiles
from magic_viewer.ui.program_controller import ProgramController
from magic_viewer.ui.reopening import Reopening
from magic_viewer.ui.session import Session
from magic_viewer.ui.session_keeper import SessionKeeper


class KeepingController(QObject):
    """Keeps nothing until it is told where."""

    def __init__(
        self,
        session: Session,
        program: ProgramController,
        store: MarkingStore,
        layouts: LayoutController,
        blind: BlindController,
        report: Callable[[BaseException], None],
    ) -> None:
        super().__init__()
        self._session, self._program, self._store = session, program, store
        self._layouts, self._blind, self._report = layouts, blind, report
        self._keeper: SessionKeeper | None = None
        self._reopening: Reopening | None = None
        self._paths: tuple[Path, ...] = ()
        program.recent.opened.connect(self._note_opened)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All that may be at work."""
        parts = [one for one in (self._keeper, self._reopening) if one is not None]
        return tuple(lane for part in parts for lane in part.lanes)

    def begin(self, files: OwnFiles | None) -> None:
        """Keeps what is open in files of this run."""
        if files is not None:
            self._keeper = SessionKeeper(
                files,
                self._session,
                self._store,
                self._program.preferences,
                lambda: self._layouts.layout_name,
                lambda: self._blind.file,
            )

    def reopen(self, wanted: OpenSession, files: OwnFiles) -> None:
        """What is opened next is this, as it was."""
        if self._keeper is not None:
            self._keeper.set_reopened(wanted)
        if wanted.readings:
            self._blind.start(Path(wanted.readings))
        again = self._reopening = Reopening(
            wanted, files, self._session, self._store, lambda: self._paths == wanted.paths
        )
        again.failed.connect(self._report)
        again.finished.connect(files.forget)
        if wanted.layout == "planes":
            again.finished.connect(lambda: self._layouts.show_layout("planes"))

    def end(self) -> None:
        """Writes no more."""
        if self._keeper is not None:
            self._keeper.end()

    def _note_opened(self, paths: list[Path]) -> None:
        self._paths = tuple(path.absolute() for path in paths)
        if self._keeper is not None:
            self._keeper.begin(self._paths)
