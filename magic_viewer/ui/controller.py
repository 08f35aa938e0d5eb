"""The only place that joins session, engine, jobs and views."""

import pkgutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QMessageBox

from magic_viewer import __version__
from magic_viewer.paths import is_model
from magic_viewer.ui.backend import Backend
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.orientation import Orientation
from magic_viewer.ui.preferences import Settings
from magic_viewer.ui.program_controller import ProgramController
from magic_viewer.ui.qt_types import make_types
from magic_viewer.ui.sentences import is_foreseen, log_error, sentence
from magic_viewer.ui.session import Session

if TYPE_CHECKING:
    from magic_viewer.ui.markings import MarkingStore
    from magic_viewer.ui.open_session import OpenSession
    from magic_viewer.ui.own_files import OwnFiles
    from magic_viewer.ui.whatif_controller import WhatIfController

_PATIENCE_AT_THE_END = 3.0


class Controller(QObject):
    """Made before the window is shown; `begin` is for after, when heavy imports may start.

    Attributes:
        keep_report: leaves a report of what nobody foresaw, and says where.
        own_files: where what is open is kept while it is, or None: nowhere.
    """

    def __init__(self, window: MainWindow, backend: Backend, settings: Settings) -> None:
        super().__init__()
        self._window, self._backend, self._settings = window, backend, settings
        self.session = Session(self)
        self.program = ProgramController(window, self.session, settings, self.open, self.say)
        self._importing, self._saving = Lane(self), Lane(self)
        self._making = QTimer(self)
        self._making.timeout.connect(self._make_types)
        self._importing.succeeded.connect(self._build)
        self._importing.failed.connect(self.report)
        self._saving.failed.connect(self.report)
        self.keep_report: Callable[[BaseException], Path | None] = lambda _: None
        self.own_files: OwnFiles | None = None
        self._reopened: tuple[OpenSession, OwnFiles] | None = None
        self._is_built = False
        self._waiting: Callable[[], None] | None = None
        self._model: str | None = None
        self._models_given: list[Path] = []
        self._connect_files()

    def begin(self, model: str | None = None) -> None:
        """Fetches what the first paint did not need."""
        self._model = model
        self._types = make_types()
        self._making.start()
        self._make_types()

    def _make_types(self) -> None:
        if next(self._types, self) is self:
            self._making.stop()
            self._importing.submit(single_step(_import_parts))

    def open(self, given: Sequence[Path]) -> None:
        """Opens files and folders, as soon as there is a view to show them in; adds models."""
        models = [path for path in given if is_model(path)]
        scans = [path for path in given if path not in models]
        if models:
            self._add_models(models)
        if scans or not models:
            self._leave(lambda: self._scan.open(scans), scans)

    def reopen(self, wanted: "OpenSession", files: "OwnFiles") -> None:
        """Opens what a run that crashed had open, and forgets its files once that has succeeded."""
        if wanted.readings:
            # Before the model can answer.
            self.session.set_blind(True)
        self._reopened = (wanted, files)
        if self._is_built:
            self._keeping.reopen(wanted, files)
        self.open(wanted.paths)

    def _add_models(self, models: Sequence[Path]) -> None:
        if self._is_built:
            self._added.add(models)
        else:
            self._models_given += models

    def report(self, error: BaseException) -> None:
        """One sentence for the user, the rest for the log and a report."""
        log_error(error)
        report = None if is_foreseen(error) else self.keep_report(error)
        self.say(sentence(error, report))

    def say(self, text: str, details: str = "") -> None:
        """One sentence that waits to be read."""
        self._window.message_bar.show_message(text, details)

    def end(self) -> None:
        """Stops all work; waits a moment for threads that hold files or memory."""
        self._making.stop()
        lanes = [self._importing, self._saving, *self.program.recent.lanes]
        if self._is_built:
            self._models.stop_asking()
            self._added.end()
            self._tags.close()
            self._blind.end()
            lanes += [*self._scan.lanes, *self._models.lanes, *self._samples.lanes]
            lanes += self._markings.lanes
            lanes += [*self._tags.lanes, *self._series.lanes, *self._whatif.lanes]
            lanes += [*self._blind.lanes, *self._headers.lanes, *self._added.lanes]
            lanes += [*self._layouts.lanes, *self._keeping.lanes]
            self._keeping.end()
        for lane in lanes:
            lane.drop()
        deadline = time.monotonic() + _PATIENCE_AT_THE_END
        for lane in lanes:
            lane.wait(max(0.0, deadline - time.monotonic()))

    # Building

    def _build(self, _: object) -> None:
        from magic_viewer.ui.added_controller import AddedController
        from magic_viewer.ui.blind_controller import BlindController
        from magic_viewer.ui.cine import Cine
        from magic_viewer.ui.keeping_controller import KeepingController
        from magic_viewer.ui.layout_controller import LayoutController
        from magic_viewer.ui.licences import Licences
        from magic_viewer.ui.marking_controller import MarkingController
        from magic_viewer.ui.model_controller import ModelController
        from magic_viewer.ui.sample_controller import SampleController
        from magic_viewer.ui.scan_controller import ScanController
        from magic_viewer.ui.series_controller import SeriesController
        from magic_viewer.ui.tag_controller import TagController
        from magic_viewer.ui.view_controller import ViewController
        from magic_viewer.ui.whatif_controller import WhatIfController
        from magic_viewer.ui.window_controller import WindowController

        window, session, backend = self._window, self.session, self._backend
        self._viewer = window.make_viewer()
        self._scan = ScanController(
            session,
            backend,
            self._viewer,
            window.study_panel,
            window.busy_strip,
            self.report,
            self.say,
        )
        self._models = ModelController(
            session,
            backend,
            self._viewer,
            window.model_chooser,
            window.classify_panel,
            window.overlay_panel,
            Licences(self.program.preferences),
            self.report,
        )
        self._added = AddedController(window, backend, self._models.begin, self.report, self.say)
        self._models.entry_changed.connect(self._added.set_entry)
        self._series = SeriesController(
            session,
            self._viewer.series_strip,
            window.series_answer_panel,
            self._models.turns,
            self.report,
            self.say,
        )
        self._blind = BlindController(
            session,
            window.blind_panel,
            window.commands["blind"],
            [window.classify_panel, window.overlay_panel],
            self.report,
        )
        self._series.is_shown = self._blind.is_shown
        self._series.answer_shown.connect(self._blind.note_shown)
        self._blind.slice_read.connect(self._series.show)
        self._models.answer_failed.connect(self._blind.fail)
        self._models.engine_changed.connect(self._blind.set_engine)
        self._models.engine_changed.connect(self._series.set_engine)
        self._markings = MarkingController(
            session,
            self._viewer.slice_view,
            window.marking_panel,
            window.commands,
            self.report,
            self.say,
        )
        self._view_controls = ViewController(session, self._viewer.slice_view, window.commands)
        self._window_controls = WindowController(
            session,
            window.window_panel,
            self._view_controls,
            window.commands,
            self.program.preferences,
        )
        self.program.keeps_unwritten = self._blind.keeps_unwritten
        self.program.guard(lambda: self._markings.is_unsaved, self._markings.save_then)
        self._layouts = LayoutController(
            session, self._viewer.panes, window.commands, self.report, self.say
        )
        self._layouts.crosshair_placed.connect(self._view_controls.place_crosshair)
        self._window_controls.join(self._layouts.compare)
        for view in self._viewer.panes.views[1:]:
            self._view_controls.add_view(view)
        self._samples = SampleController(window.generate_panel, window.gallery, self.report)
        self._tags = TagController(session, window)
        self._whatif = WhatIfController(
            session,
            self._viewer.slice_view,
            window.whatif_panel,
            window.commands,
            self._models.turns,
            self.report,
            self.say,
        )
        self._whatif.entered.connect(self._show_whatif)
        self._whatif.original_changed.connect(self._models.set_original)
        self._models.engine_changed.connect(self._whatif.set_engine)
        self._models.engine_changed.connect(self._samples.set_engine)
        self._explain()
        self._watch_device()
        session.study_changed.connect(lambda _: window.show_viewer())
        self._cine = Cine(session)
        self._keeping = KeepingController(
            session, self.program, self._markings.store, self._layouts, self._blind, self.report
        )
        self._keeping.begin(self.own_files)
        if self._reopened is not None:
            self._keeping.reopen(*self._reopened)
        self._is_built = True
        self._connect_commands()
        if self._waiting is not None:
            self._waiting()
        self._models.begin(self._model)
        self._added.add(self._models_given)

    def _explain(self) -> None:
        """Values under the pointer, shares of regions, and the header beside the flow."""
        from magic_viewer.ui.header_controller import HeaderController
        from magic_viewer.ui.point_controller import PointController
        from magic_viewer.ui.share_controller import ShareController

        session, window, models = self.session, self._window, self._models
        view, table = self._viewer.slice_view, window.overlay_panel.point_table
        self._points = PointController(session, view, models, table)
        self._shares = ShareController(
            session, models, self._markings, window.marking_panel, view.hand
        )
        self._headers = HeaderController(session, window.classify_panel)

    def _watch_device(self) -> None:
        from magic_viewer.ui.device_watch import DeviceWatch

        watch = self._device_watch = DeviceWatch()
        self._models.engine_changed.connect(watch.set_engine)
        self.session.examination_changed.connect(lambda _: watch.look())
        for lane in (*self._samples.lanes, *self._series.lanes, *self._whatif.lanes):
            lane.finished.connect(watch.look)
        watch.device_changed.connect(self._window.set_device)
        watch.moved.connect(self.say)

    def _when_built(self, action: Callable[[], None]) -> None:
        if self._is_built:
            action()
        else:
            self._waiting = action

    def _connect_files(self) -> None:
        window = self._window
        window.paths_dropped.connect(self.open)
        window.closing.connect(self.end)
        window.welcome.open_file_requested.connect(self._ask_for_files)
        window.welcome.open_folder_requested.connect(self._ask_for_folder)
        window.welcome.open_sample_requested.connect(self._open_sample)
        self._on("open_file", self._ask_for_files)
        self._on("open_folder", self._ask_for_folder)
        self._on("open_sample", self._open_sample)
        self._on("about", self._show_about)

    def _connect_commands(self) -> None:
        scan, panes = self._scan, self._viewer.panes
        scroller = partial(self._layouts.active_scroller, scan)
        display = partial(self._layouts.active_display, scan)
        for name, action in {
            "previous_slice": lambda: scroller().step(-1),
            "next_slice": lambda: scroller().step(1),
            "back_ten": lambda: scroller().step(-10),
            "forward_ten": lambda: scroller().step(10),
            "first_slice": lambda: scroller().go_to_end(False),
            "last_slice": lambda: scroller().go_to_end(True),
            "previous_series": lambda: scan.step_series(-1),
            "next_series": lambda: scan.step_series(1),
            "fit": panes.fit,
            "zoom_in": panes.zoom_in,
            "zoom_out": panes.zoom_out,
            "flip_horizontal": lambda: display().turn(Orientation.flipped_horizontally),
            "flip_vertical": lambda: display().turn(Orientation.flipped_vertically),
            "turn_right": lambda: display().turn(lambda now: now.turned(1)),
            "turn_left": lambda: display().turn(lambda now: now.turned(-1)),
            "reset": scan.reset,
            "file_window": lambda: display().show_file_window(),
            "full_range": lambda: display().show_full_range(),
            "invert": lambda: display().invert(),
            "generate": self._generate,
            "classify_all": self._series.begin,
            "cancel": self._cancel,
            "undo": lambda: self._steps.undo(),
            "redo": lambda: self._steps.redo(),
            "tags": self._tags.show,
            "save_view": self._ask_where_to_save_view,
        }.items():
            self._on(name, action)
        self._connect_overlay_command()
        self._connect_cine()

    def _connect_cine(self) -> None:
        action = self._window.commands["cine"]
        action.toggled.connect(self._cine.set_playing)
        self._viewer.cine_requested.connect(self._cine.set_playing)
        self._viewer.cine_speed_requested.connect(self._cine.set_speed)
        self._cine.playing_changed.connect(self._viewer.set_playing)
        self._cine.playing_changed.connect(action.setChecked)

    def _connect_overlay_command(self) -> None:
        action = self._window.commands["overlay"]
        action.setChecked(self._models.shows_map)
        action.toggled.connect(self._models.show_map)
        self._models.map_switched.connect(action.setChecked)
        self._models.map_switched.connect(self._viewer.panes.set_has_map)

    def _on(self, name: str, action: Callable[[], Any]) -> None:
        self._window.commands[name].triggered.connect(lambda _checked=False: action())

    # Commands

    def _ask_for_files(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Open files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.open([Path(name) for name in names]))
        dialog.open()

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Open a folder"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.open([Path(name)]))
        dialog.open()

    def _open_sample(self) -> None:
        self._leave(lambda: self._scan.open_sample())

    def _leave(self, action: Callable[[], None], given: Sequence[Path] = ()) -> None:
        """Opens something in place of what is open, once nothing is lost by it."""

        def open_it() -> None:
            self.program.recent.begin(given)
            action()

        self._when_built(lambda: self.program.before_leaving(open_it))

    def _generate(self) -> None:
        self._window.show_generation()
        self._window.generate_panel.ask()

    def _cancel(self) -> None:
        if any(one.cancel() for one in (self._markings, self._whatif, self._view_controls)):
            return
        if self._cine.is_playing:
            self._cine.set_playing(False)
            return
        self._layouts.cancel()
        self._scan.cancel()
        self._samples.cancel()
        self._series.cancel()

    @property
    def _steps(self) -> "WhatIfController | MarkingStore":
        """Whose steps are undone: the brush's while it is in hand, else the measurements'."""
        return self._whatif if self._whatif.has_brush else self._markings.store

    def _show_whatif(self) -> None:
        """The brush in hand, and its panel in sight."""
        while self._markings.cancel():
            pass
        self._window.show_classification()

    def _show_about(self) -> None:
        text = self.tr("MAGIC Viewer {version}\n\nResearch use. Not for diagnosis.")
        box = QMessageBox(self._window)
        box.setWindowTitle(self.tr("About MAGIC Viewer"))
        box.setText(text.format(version=__version__))
        box.open()

    # Saving the view

    def _ask_where_to_save_view(self) -> None:
        if self.session.slice is None:
            self.say(self.tr("There is no slice to save yet. Open a scan first."))
            return
        dialog = QFileDialog(self._window, self.tr("Save view"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("PNG image (*.png)"))
        dialog.setDefaultSuffix("png")
        dialog.selectFile("view.png")
        dialog.fileSelected.connect(lambda name: self.save_view(Path(name)))
        dialog.open()

    def save_view(self, path: Path) -> None:
        """Writes what is on screen."""
        from magic_viewer.pipeline.export import save_view
        from magic_viewer.ui.snapshot import snapshot

        picture = self._viewer.slice_view.picture
        if picture.display_values is not None:
            look, shown = self._view_controls.look, self._markings.shown
            view = snapshot(self.session, picture, self._models.painted, shown, look)
            self._saving.submit(single_step(save_view, view, path))


def _import_parts() -> None:
    """Imports pyqtgraph and all of the window's own modules, so that building it takes less."""
    from magic_viewer import ui

    for module in pkgutil.iter_modules(ui.__path__):
        import_module(f"{ui.__name__}.{module.name}")
