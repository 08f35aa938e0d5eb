"""Joins session and tag browser: the tags of the file that the slice in view is from."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.tags import Tag, read_tags
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.sentences import log_error, sentence
from magic_viewer.ui.session import Session
from magic_viewer.ui.tag_browser import TagBrowser


class TagController(QObject):
    """Reads in a worker, and only while the browser is open. What is read is never logged."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__()
        self._session, self._window = session, window
        self._browser: TagBrowser | None = None
        self._asked = ""
        self._lane = Lane(self)
        self._lane.succeeded.connect(self._show_tags)
        self._lane.failed.connect(self._show_failure)
        self.lanes = (self._lane,)
        session.study_changed.connect(lambda _: self._forget())
        session.slice_index_changed.connect(lambda _: self._follow())

    def show(self) -> None:
        """Opens the browser, or brings it to the front; the file is read anew."""
        if self._browser is None:
            self._browser = TagBrowser(self._window)
        self._browser.show()
        self._browser.activateWindow()
        self._forget()
        self._follow()

    def close(self) -> None:
        """Takes the browser off the screen."""
        if self._browser is not None:
            self._browser.close()

    def _forget(self) -> None:
        """A file of the same name may be another by now."""
        self._asked = ""

    def _follow(self) -> None:
        """Reads the file of the slice asked for, unless that is the one shown."""
        if self._browser is None or not self._browser.isVisible():
            return
        session = self._session
        if session.volume is None:
            self._show_none(self.tr("Open a scan to see what its file says of it."))
        elif not session.volume.files:
            self._show_none(self.tr("This slice is from no file."))
        elif str(file := session.volume.files[session.slice_index]) != self._asked:
            self._asked = str(file)
            self._lane.submit(single_step(_read, file))

    def _show_none(self, reason: str) -> None:
        self._forget()
        self._lane.drop()
        if self._browser is not None:
            self._browser.show_problem(reason)

    def _show_tags(self, read: tuple[str, tuple[Tag, ...]]) -> None:
        if self._browser is not None:
            self._browser.set_tags(*read)

    def _show_failure(self, error: BaseException) -> None:
        if not isinstance(error, ImagingError):
            log_error(error)
        if self._browser is not None:
            self._browser.show_problem(sentence(error))


def _read(file: Source) -> tuple[str, tuple[Tag, ...]]:
    return file.name, read_tags(file)
