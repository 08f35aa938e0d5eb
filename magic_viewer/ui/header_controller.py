"""Joins slice, model and panels: what the file says beside what the flow says."""

from PySide6.QtCore import QObject

from magic_viewer.imaging.header_value import header_value
from magic_viewer.imaging.source import Source
from magic_viewer.pipeline.header_says import HeaderRule, HeaderSays, header_says
from magic_viewer.pipeline.results import Examination
from magic_viewer.ui.classify_panel import ClassifyPanel
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.sentences import log_error
from magic_viewer.ui.session import Session


class HeaderController(QObject):
    """Reads one attribute in a worker, and only for models whose classes headers name."""

    def __init__(self, session: Session, panel: ClassifyPanel) -> None:
        super().__init__()
        self._session, self._panel = session, panel
        self._says = HeaderSays()
        self._lane = Lane(self)
        self.lanes = (self._lane,)
        self._lane.succeeded.connect(self._take)
        self._lane.failed.connect(log_error)
        session.slice_changed.connect(lambda _: self._read())
        session.model_changed.connect(lambda _: self._read())
        session.examination_changed.connect(self._show)

    def _read(self) -> None:
        self._says = HeaderSays()
        self._lane.drop()
        model, volume, image = self._session.model, self._session.volume, self._session.slice
        if model is None or volume is None or image is None:
            return
        if model.header.keyword and image.index < len(volume.files):
            self._lane.submit(single_step(_ask, volume.files[image.index], model.header))

    def _take(self, says: HeaderSays) -> None:
        self._says = says
        self._show(self._session.examination)

    def _show(self, examination: Examination | None) -> None:
        """Only beside an answer: while a reader guesses, nothing is to give it away."""
        if examination is None:
            self._panel.set_header(None)
        else:
            self._panel.set_header(self._says)


def _ask(file: Source, rule: HeaderRule) -> HeaderSays:
    return header_says(rule, header_value(file, rule.keyword))
