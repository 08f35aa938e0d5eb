"""Joins the recent studies with the File menu, the welcome page and opening."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.preferences import RECENT, REMEMBER_RECENT, Preferences
from magic_viewer.ui.recent import RecentStudies, RecentStudy
from magic_viewer.ui.welcome import Welcome


class RecentController(QObject):
    """Opens what is still there; says what is not, and forgets it.

    Args:
        preferences: where they are kept.
        menu: File > Recent.
        welcome: the page that lists them too.
        open_paths: opens files and folders.
        say: one sentence for the user.
    """

    opened = Signal(list)

    def __init__(
        self,
        preferences: Preferences,
        menu: QMenu,
        welcome: Welcome,
        open_paths: Callable[[Sequence[Path]], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(menu)
        self._preferences, self._menu, self._welcome = preferences, menu, welcome
        self._open_paths, self._say = open_paths, say
        self.studies = RecentStudies(preferences)
        self._opening: list[Path] | None = None
        # A share that does not answer must not hold the window up.
        self._looking = Lane(self)
        self.lanes = (self._looking,)
        self._looking.succeeded.connect(self._take_found)
        preferences.changed.connect(self._follow)
        welcome.recent_requested.connect(self.open)
        self._show()

    def begin(self, paths: Sequence[Path]) -> None:
        """These are being opened; () for what should not be remembered."""
        self._opening = list(paths)

    def remember(self) -> None:
        """What was being opened is on screen."""
        if self._opening is not None:
            paths, self._opening = self._opening, None
            self.studies.add(paths)
            self.opened.emit(paths)

    def open(self, study: RecentStudy) -> None:
        """Opens it again, if it is still there."""
        self._looking.submit(single_step(_look_for, study))

    def _take_found(self, found: tuple[RecentStudy, bool]) -> None:
        study, is_there = found
        if is_there:
            self._open_paths(study.paths)
            return
        self.studies.remove(study)
        text = self.tr("“{name}” is not there any more, and is gone from the list.")
        self._say(text.format(name=study.name))

    def _follow(self, key: str) -> None:
        if key == REMEMBER_RECENT.key and not self._preferences.get(REMEMBER_RECENT):
            self._preferences.set(RECENT, RECENT.default)
        if key in (RECENT.key, REMEMBER_RECENT.key):
            self._show()

    def _show(self) -> None:
        studies = self.studies.all()
        self._welcome.set_recent(studies)
        self._menu.clear()
        self._menu.setEnabled(bool(studies))
        for study in studies:
            action = QAction(study.name.replace("&", "&&"), self._menu)
            action.setToolTip(plain_tooltip(study.where))
            action.triggered.connect(lambda _=False, chosen=study: self.open(chosen))
            self._menu.addAction(action)
        self._menu.addSeparator()
        clear = self._menu.addAction(self.tr("Clear list"))
        clear.triggered.connect(lambda _=False: self.studies.clear())


def _look_for(study: RecentStudy) -> tuple[RecentStudy, bool]:
    try:
        return study, all(path.exists() for path in study.paths)
    except OSError:
        return study, True  # opening it says why it can't be read
