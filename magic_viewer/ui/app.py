"""Starts the window. Only PySide6 and numpy are imported before it is on screen."""

import logging
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from magic_viewer.errors import ModelError
from magic_viewer.imaging.codec_pool import codec_pool
from magic_viewer.ui.backend import real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.crash_report import CrashReports
from magic_viewer.ui.fault_watch import FaultWatch
from magic_viewer.ui.file_events import FileEvents
from magic_viewer.ui.first_notice import show_first_notice
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.own_files import begin_own_files, left_files, own_folder
from magic_viewer.ui.preferences import THEME, Preferences
from magic_viewer.ui.resume import Resume
from magic_viewer.ui.screen import require_screen
from magic_viewer.ui.settings_file import SettingsOfThisRun, open_settings
from magic_viewer.ui.single_instance import InstanceServer, hand_over
from magic_viewer.ui.theme import apply_theme

_LOG_BYTES = 1_000_000


def run(paths: Sequence[Path], model: str | None = None, is_new_window: bool = False) -> int:
    """Shows the window until it is closed, or hands the paths to the one that is open.

    Args:
        paths: files and folders to open.
        model: name of the model to load, or None for the first there is. One that is named
            gets a window of its own.
        is_new_window: whether to open another window beside one that is open.

    Returns:
        The exit status.

    Raises:
        ScreenError: no window can be shown here.
    """
    require_screen()
    app = application()
    if model is None and not is_new_window and hand_over(paths):
        return 0
    _log_to_file()
    reports = CrashReports(own_folder() / "reports")
    left = left_files(own_folder() / "running")
    own_files = begin_own_files(own_folder() / "running")
    watch = FaultWatch(own_files)
    settings = open_settings(QSettings())
    apply_theme(app, Preferences(settings).get(THEME))
    window = MainWindow(settings)
    controller = Controller(window, real_backend(), settings)
    controller.keep_report = reports.keep
    watch.raised.connect(controller.report)
    watch.begin()
    controller.own_files = own_files
    resume = Resume(
        left, reports, controller.program.preferences, window.message_bar, controller.reopen
    )
    window.show()
    if paths:
        controller.open(paths)
    files = FileEvents(window)
    files.paths_given.connect(controller.open)
    if sys.platform == "darwin":
        app.installEventFilter(files)
    server = InstanceServer(window)
    server.paths_received.connect(lambda later: _show_again(window, controller, later))

    def begin() -> None:
        show_first_notice(controller.program.preferences, window)
        if isinstance(settings, SettingsOfThisRun):
            controller.program.say_newer_settings()
        had = resume.begin(may_open=not paths)
        _begin(controller, model or had or None)
        server.listen()

    # After the first paint, which is due before any timer of 0 ms fires again.
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, begin))
    status = app.exec()
    server.close()
    watch.end()
    resume.end()
    if own_files is not None:
        own_files.forget()
    return status


def _begin(controller: Controller, model: str | None) -> None:
    controller.begin(model)
    threading.Thread(target=_start_children, name="children", daemon=True).start()


def _start_children() -> None:
    """Those that run models take the longest; the first request says so if they can't start."""
    from magic_viewer.pipeline.engine_client import model_process

    with suppress(ModelError):
        model_process().start()
    codec_pool().start()


def _show_again(window: MainWindow, controller: Controller, paths: list[Path]) -> None:
    """Another start has asked for the window, and may have brought files."""
    window.come_to_front()
    if paths:
        controller.open(paths)


def application() -> QApplication:
    """The one QApplication, named."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("MAGIC Viewer")
    app.setOrganizationName("MAGIC Viewer")
    return app


def _log_to_file() -> None:
    """Where a report can be found later; a folder that can't be written costs only the log."""
    folder = own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "magic-viewer.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("magic_viewer").addHandler(handler)
