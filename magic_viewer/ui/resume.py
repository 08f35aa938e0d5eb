"""What a start does about a run that did not end as it should: tells, opens again, or asks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from magic_viewer.ui.crash_report import CrashReports
from magic_viewer.ui.fault_watch import report_left
from magic_viewer.ui.open_session import OpenSession, decoded, encoded
from magic_viewer.ui.own_files import OwnFiles, write_own
from magic_viewer.ui.preferences import REMEMBER_RECENT, Preferences
from magic_viewer.ui.recent import RecentStudy

if TYPE_CHECKING:
    from magic_viewer.ui.message_bar import MessageBar

Reopen = Callable[[OpenSession, OwnFiles], None]


class Resume(QObject):
    """Opens once what was open; what crashed after that is opened only when asked for.

    Args:
        left: files of runs that ended unexpectedly, the newest first.
        reports: keep what is known of why.
        preferences: whether studies are to be remembered.
        bar: says what is done.
        reopen: opens a session; forgets its files when that has succeeded.
    """

    def __init__(
        self,
        left: list[OwnFiles],
        reports: CrashReports,
        preferences: Preferences,
        bar: "MessageBar",
        reopen: Reopen,
    ) -> None:
        super().__init__()
        self._left, self._reports, self._preferences = left, reports, preferences
        self._bar, self._reopen = bar, reopen
        preferences.changed.connect(self._follow)

    def begin(self, may_open: bool) -> str:
        """Opens the newest of the sessions where that may be; gives the model that it had."""
        reports = [place for files in self._left if (place := report_left(files, self._reports))]
        text = self.tr("MAGIC Viewer ended unexpectedly when it was last used.")
        found = self._newest() if self._preferences.get(REMEMBER_RECENT) else None
        if found is None:
            if reports:
                self._bar.show_message(f"{text} {self._told(reports)}")
            return ""
        files, session = found
        name = RecentStudy(session.paths, datetime.now()).name
        if may_open and not session.times_reopened and self._open(files, session):
            text += " " + self.tr("“{name}” was opened again.").format(name=name)
            self._bar.show_message(f"{text} {self._told(reports)}".strip())
            return session.model
        text += " " + self.tr("“{name}” was open.").format(name=name)
        if files.measurements.is_file():
            text += " " + self.tr("Measurements that were not saved come back with it.")
        self._bar.show_offer(
            f"{text} {self._told(reports)}".strip(),
            self.tr("Open it again"),
            lambda: self._offered(files, session),
            files.forget,
        )
        return ""

    def end(self) -> None:
        """What was neither opened nor declined waits for the next start."""
        for files in self._left:
            files.release()

    def _follow(self, key: str) -> None:
        if key == REMEMBER_RECENT.key and not self._preferences.get(REMEMBER_RECENT):
            for files in self._left:
                files.forget()

    def _offered(self, files: OwnFiles, session: OpenSession) -> None:
        if not self._open(files, session):
            self._bar.show_message(self.tr("It can't be opened again: the disk takes no files."))

    def _told(self, reports: list[str]) -> str:
        if not reports:
            return ""
        text = self.tr("A report, with nothing of a scan in it, is in {place}.")
        return text.format(place=reports[0])

    def _newest(self) -> tuple[OwnFiles, OpenSession] | None:
        for files in self._left:
            try:
                session = decoded(files.session.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                session = None
            if session is not None:
                return files, session
        return None

    def _open(self, files: OwnFiles, session: OpenSession) -> bool:
        """Whether it is being opened: not before it is noted that it was, lest it crash forever."""
        again = replace(session, times_reopened=session.times_reopened + 1)
        try:
            write_own(files.session, encoded(again))
        except OSError:
            return False
        self._reopen(again, files)
        return True
