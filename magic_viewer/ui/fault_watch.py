"""Notices what nobody else has caught, in any thread, and what ends the whole process."""

import faulthandler
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from magic_viewer.ui.crash_report import CrashReports
from magic_viewer.ui.own_files import OwnFiles


class FaultWatch(QObject):
    """From `begin` to `end`. An exception in a slot or a thread leaves the window usable.

    Args:
        files: of this run, or None: what ends the process then leaves no trace.
    """

    raised = Signal(object)

    def __init__(self, files: OwnFiles | None) -> None:
        super().__init__()
        self._files = files
        self._dump: IO[bytes] | None = None

    def begin(self) -> None:
        """Watches."""
        sys.excepthook = self._take
        threading.excepthook = self._take_of_thread
        if self._files is not None and not faulthandler.is_enabled():
            with suppress(OSError):
                self._dump = self._files.fault.open("wb")
                faulthandler.enable(self._dump)

    def end(self) -> None:
        """Watches no longer."""
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
        if self._dump is not None:
            faulthandler.disable()
            self._dump.close()

    def _take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        # Slots of the window's thread are called at once, for other threads they wait their turn.
        self.raised.emit(error.with_traceback(trace))

    def _take_of_thread(self, given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not issubclass(given.exc_type, SystemExit):
            self.raised.emit(given.exc_value.with_traceback(given.exc_traceback))


def report_left(left: OwnFiles, reports: CrashReports) -> str:
    """Makes a report of what ended another run; gives where it lies, or "" if nothing is known."""
    try:
        dump = left.fault.read_text(encoding="utf-8", errors="replace")
        left.fault.unlink()
    except OSError:
        return ""
    path = reports.keep_fault(dump) if dump.strip() else None
    return str(path) if path is not None else ""
