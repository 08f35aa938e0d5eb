"""Joins models, session, answers and maps."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from magic_viewer.errors import MagicViewerError, RequestError
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.results import Examination, ModelInfo
from magic_viewer.ui.backend import Backend, Engine, ModelEntry
from magic_viewer.ui.classify_panel import ClassifyPanel
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.licences import Licences
from magic_viewer.ui.map_painter import PaintedMap, paint
from magic_viewer.ui.model_chooser import ModelChooser
from magic_viewer.ui.overlay_panel import OverlayPanel
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.session import Session
from magic_viewer.ui.turns import Turns
from magic_viewer.ui.viewer import Viewer

# Long enough that a turn of the wheel is one question to the model, not ten.
_REST_MS = 120
_BAR_LENGTH = 256
Report = Callable[[BaseException], None]


class ModelController(QObject):
    """Asks the model about the slice in view once the scrolling has stopped."""

    engine_changed = Signal(object)
    entry_changed = Signal(object)
    answer_failed = Signal(str)
    settings_changed = Signal(object)
    map_switched = Signal(bool)

    def __init__(
        self,
        session: Session,
        backend: Backend,
        viewer: Viewer,
        chooser: ModelChooser,
        answers: ClassifyPanel,
        controls: OverlayPanel,
        licences: Licences,
        report: Report,
    ) -> None:
        super().__init__()
        self._licences = licences
        self._session, self._backend, self._report = session, backend, report
        self._viewer, self._chooser = viewer, chooser
        self._answers, self._controls = answers, controls
        self._entries: list[ModelEntry] = []
        self._asked: ModelInfo | None = None
        self._wanted: str | None = None
        self._engine: Engine | None = None
        self.turns = Turns()
        self.settings = OverlaySettings()
        self.painted: PaintedMap | None = None
        self._fits = True
        self._original: Examination | None = None
        self._held: tuple[tuple[object, ...], overlay.Limits] | None = None
        self.lanes = tuple(Lane(self) for _ in range(4))
        self._listing, self._loading, self._examining, self._painting = self.lanes
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._connect()

    def _connect(self) -> None:
        self._listing.succeeded.connect(self._take_models)
        self._listing.failed.connect(self._fail_loading)
        self._loading.succeeded.connect(self._take_engine)
        self._loading.failed.connect(self._fail_loading)
        self._examining.succeeded.connect(self._session.set_examination)
        self._examining.failed.connect(self._fail_examination)
        self._painting.succeeded.connect(self._show_map)
        self._painting.failed.connect(self._report)
        self._rest.timeout.connect(self._examine)
        self._chooser.model_requested.connect(self._load)
        self._chooser.noncommercial_accepted.connect(self._accept_licence)
        self._controls.settings_requested.connect(self.set_settings)
        self._controls.map_requested.connect(self.show_map)
        self._session.series_changed.connect(lambda _: self._begin_series())
        self._session.slice_index_changed.connect(self._examining.drop)
        self._session.slice_changed.connect(self._wait_for_rest)
        self._session.edited_changed.connect(self._ask_about_edited)
        self._session.examination_changed.connect(self._show_examination)

    # Models

    def begin(self, wanted: str | None = None) -> None:
        """Looks for models and loads the wanted one, or the first that can be used."""
        self._wanted = wanted
        self._listing.submit(single_step(self._backend.list_models))

    def _take_models(self, entries: list[ModelEntry]) -> None:
        self._entries = entries
        self._chooser.set_models(entries)
        if not entries:
            self.entry_changed.emit(None)
            self._chooser.set_status(self.tr("No model is installed. Scans can still be viewed."))
            return
        names = [entry.folder.name for entry in entries]
        if self._wanted is not None and self._wanted not in names:
            text = self.tr("There is no model “{name}”. Installed: {names}.")
            self._report(RequestError(text.format(name=self._wanted, names=", ".join(names))))
        usable = [index for index, entry in enumerate(entries) if entry.info is not None]
        first = usable[0] if usable else 0
        index = names.index(self._wanted) if self._wanted in names else first
        self._chooser.set_current(index)
        self._load(index)

    def _load(self, index: int) -> None:
        """The model before stops answering at once."""
        entry = self._entries[index]
        self._loading.drop()
        self._examining.drop()
        self._ask_about(None)
        self._set_engine(None)
        self.entry_changed.emit(entry)
        if entry.info is None:
            self._chooser.set_status(entry.problem)
        elif self._licences.must_ask(entry.info):
            self._chooser.set_status(entry.info.summary)
            self._ask_about(entry.info)
        else:
            self._chooser.set_status(self.tr("loading…"))
            self._loading.submit(single_step(self._backend.load_engine, entry.folder))

    def _ask_about(self, info: ModelInfo | None) -> None:
        """Before its first use, what a model may be used for; None: there is no question."""
        self._asked = info
        self._chooser.ask_about(info.licence if info is not None else "")
        self._show_no_answer()

    def _accept_licence(self) -> None:
        if self._asked is not None:
            self._licences.accept(self._asked)
            names = [entry.info for entry in self._entries]
            self._load(names.index(self._asked))

    def _take_engine(self, engine: Engine) -> None:
        self._chooser.set_status(engine.info.summary)
        self._set_engine(engine)
        self._wait_for_rest(self._session.shown)

    def _set_engine(self, engine: Engine | None) -> None:
        self._engine = engine
        labels = engine.info.labels if engine is not None else ()
        self._answers.set_labels(labels)
        self._controls.set_labels(labels)
        # Classes of another model mean nothing here.
        self.settings = self.settings.of_another_model()
        self._begin_series()
        self._session.set_model(engine.info if engine is not None else None)
        if engine is None:
            self._show_no_answer()
        self.engine_changed.emit(engine)

    def _fail_loading(self, error: BaseException) -> None:
        self._chooser.set_status(self.tr("This model could not be loaded."))
        self._report(error)

    # Answers

    def stop_asking(self) -> None:
        """Forgets the question that was to be asked after a rest."""
        self._rest.stop()

    def _wait_for_rest(self, image: Slice | None) -> None:
        self._examining.drop()
        if self._engine is None or image is None:
            self._rest.stop()
            self._show_no_answer()
            return
        self._answers.show_waiting()
        self.turns.expect()
        self._rest.start()

    def _show_no_answer(self) -> None:
        """What has to come before an answer."""
        if self._asked is None or self._session.shown is None:
            self._answers.show_nothing(self._what_lacks())
        else:
            self._answers.show_problem(self.tr("The model waits for your word on its licence."))

    def _what_lacks(self) -> str:
        """Why there is nothing to answer though a scan is open; empty where none is."""
        if self._session.series is None:
            return ""
        if self._engine is None:
            return self.tr("No answer before a model is loaded.")
        return self.tr("No slice to classify is in view.")

    def _ask_about_edited(self, image: Slice | None) -> None:
        self._answers.set_edited(image is not None)
        self._wait_for_rest(self._session.shown)

    def _examine(self) -> None:
        engine, image = self._engine, self._session.shown
        if engine is not None and image is not None:
            self._examining.submit(single_step(self.turns.first, engine.examine, image))

    def _fail_examination(self, error: BaseException) -> None:
        """What the model can't take is said where its answer would be."""
        text = self.tr("The model failed on this slice.")
        if isinstance(error, MagicViewerError):
            text = str(error)
        else:
            self._report(error)
        self._answers.show_problem(text)
        self.answer_failed.emit(text)

    def _show_examination(self, examination: Examination | None) -> None:
        if examination is not None:
            self._answers.show_answer(examination.classification)
            image = self._session.slice
            self._answers.show_input(examination, image.spacing if image else None)
            # Until the next answer the switch stays as it is, so that nothing jumps; and an edit
            # is made to see what it does to the map.
            if self._session.edited is None:
                self._fits = not examination.classification.is_misfit
            self._tell_whether_shown()
        self._paint()

    # The map

    def set_settings(self, settings: OverlaySettings) -> None:
        """What the user wants to see of the map."""
        self.settings = self._with_typed(settings.after(self.settings))
        self._controls.set_settings(self.settings)
        self.settings_changed.emit(self.settings)
        self._tell_whether_shown()
        self._paint()

    def show_map(self, is_wanted: bool) -> None:
        """The map over the slice or not, also over one that the model wasn't made for."""
        if is_wanted != self.shows_map:
            self.set_settings(self.settings.switched(is_wanted, self._fits))

    @property
    def shows_map(self) -> bool:
        """Whether a map lies over the slice in view, or would if there were one."""
        return self.settings.shows(self._fits)

    def _tell_whether_shown(self) -> None:
        self._controls.set_fits(self._fits)
        self.map_switched.emit(self.shows_map)

    def set_original(self, examination: Examination | None) -> None:
        """What was said of a slice before it was edited, to map the change; None: no change."""
        if examination is not self._original:
            self._original = examination
            self._let_range_go()
            self._paint()

    def _with_typed(self, settings: OverlaySettings) -> OverlaySettings:
        """Typing starts from the ends on screen, where they are of the same kind of values."""
        is_wanted = settings.range_kind == "typed" and settings.typed is None
        if not is_wanted or self.painted is None:
            return settings
        same = self.settings.is_contrast == settings.is_contrast
        is_same = same and self.settings.per_area == settings.per_area
        low, high = (round(value, 3) for value in self.painted.limits)
        return replace(settings, typed=(low, high)) if is_same else settings

    def _begin_series(self) -> None:
        """What was wanted for a slice that the model wasn't made for holds within one series."""
        self.settings, self._fits = replace(self.settings, is_insisted=False), True
        self._controls.set_settings(self.settings)
        self._tell_whether_shown()
        self._let_range_go()

    def _let_range_go(self) -> None:
        """A locked range holds within one series."""
        self._held = None

    def _paint(self) -> None:
        examination, image = self._session.examination, self._session.slice
        self._painting.drop()
        if examination is None or image is None:
            self._show_map(None)
            return
        self._controls.set_scales(examination.scale_cells)
        held = self._held[1] if self._held and self._held[0] == self.settings.mapped else None
        self._painting.submit(
            single_step(paint, examination, image, self.settings, held, self._original)
        )

    def _show_map(self, painted: PaintedMap | None) -> None:
        if painted is not None and self.settings.range_kind == "locked":
            self._held = (self.settings.mapped, painted.limits)
        self.painted = painted if self.shows_map else None
        view, bar = self._viewer.slice_view, self._viewer.color_bar
        has_outline = painted is not None and self.settings.has_outline
        view.set_outline(painted.attribution.box if painted and has_outline else None)
        view.set_veil(self.painted.veil if self.painted else None)
        if self.painted is None:
            bar.clear()
        else:
            strip = overlay.color_bar(self.painted.color_map, _BAR_LENGTH, 1)
            shown = self.painted
            bar.set_scale(shown.title, shown.limits, strip, shown.unit, shown.notes)
        self._session.set_map_notes(self.painted.notes if self.painted else ())
        self._controls.set_map(painted)
