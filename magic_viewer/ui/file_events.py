"""Files that the desktop opens with the program: macOS tells of them by events, not by words."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent


class FileEvents(QObject):
    """A filter for the application."""

    paths_given = Signal(list)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Takes those events alone."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.paths_given.emit([Path(event.file())])
            return True
        return False
