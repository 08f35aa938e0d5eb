"""The window: three columns, menus, drag and drop. Knows no file, slice or model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QMenu,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.ui.blind_panel import BlindPanel
from magic_viewer.ui.busy_strip import BusyStrip
from magic_viewer.ui.classify_panel import ClassifyPanel
from magic_viewer.ui.commands import COMMANDS, MENUS, Command, translate
from magic_viewer.ui.gallery import Gallery
from magic_viewer.ui.generate_panel import GeneratePanel
from magic_viewer.ui.marking_panel import MarkingPanel
from magic_viewer.ui.message_bar import MessageBar
from magic_viewer.ui.model_chooser import ModelChooser
from magic_viewer.ui.mouse import saved_profile
from magic_viewer.ui.overlay_panel import OverlayPanel
from magic_viewer.ui.preferences import COLUMNS, GEOMETRY, Preferences, Settings
from magic_viewer.ui.series_answer_panel import SeriesAnswerPanel
from magic_viewer.ui.shortcuts import KeyFilter, ShortcutsDialog
from magic_viewer.ui.study_panel import StudyPanel
from magic_viewer.ui.theme import MARGIN, SPACING
from magic_viewer.ui.welcome import Welcome
from magic_viewer.ui.whatif_panel import WhatIfPanel
from magic_viewer.ui.window_panel import WindowPanel

if TYPE_CHECKING:
    from magic_viewer.ui.viewer import Viewer

_SIZE = (1440, 900)
_WIDTHS = (240, 830, 350)
_STATUS_HEIGHT = 38
_GROWING = (QStackedWidget, QTabWidget, Gallery, StudyPanel)


class MainWindow(QMainWindow):
    """Lays out the views. The controller gives them something to show."""

    paths_dropped = Signal(list)
    closing = Signal()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self._preferences = Preferences(settings or QSettings(), self)
        self.may_close: Callable[[], bool] = lambda: True
        self.setWindowTitle("MAGIC Viewer")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.recent_menu = QMenu(self.tr("Recent"))
        self.commands: dict[str, QAction] = {}
        self.study_panel = StudyPanel()
        self.marking_panel = MarkingPanel()
        self.window_panel = WindowPanel()
        self.window_panel.hide()
        self.welcome = Welcome()
        self.viewer: Viewer | None = None
        self.message_bar = MessageBar()
        self.busy_strip = BusyStrip()
        self.model_chooser = ModelChooser()
        self.whatif_panel = WhatIfPanel()
        self.classify_panel = ClassifyPanel()
        self.blind_panel = BlindPanel()
        self.series_answer_panel = SeriesAnswerPanel()
        self.overlay_panel = OverlayPanel()
        self.generate_panel = GeneratePanel()
        self.gallery = Gallery()
        self._middle = QStackedWidget()
        self._tabs = QTabWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._device = QLabel()
        self._lay_out()
        self._make_menus()
        self._make_status()
        self._keys = KeyFilter(self)
        QApplication.instance().installEventFilter(self._keys)  # type: ignore[union-attr]
        self._restore()

    def make_viewer(self) -> "Viewer":
        """Adds the slice view. Imports pyqtgraph, which takes longer than the rest together."""
        from magic_viewer.ui.viewer import Viewer

        self.viewer = Viewer()
        self._middle.addWidget(self.viewer)
        self._take_all_drops()
        return self.viewer

    def come_to_front(self) -> None:
        """Before other windows; where the system won't have that, it calls for attention."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)

    def show_viewer(self) -> None:
        """The slice view in place of the welcome."""
        if self.viewer is not None:
            self._take_all_drops()
            self._middle.setCurrentWidget(self.viewer)
            self.window_panel.show()

    def show_classification(self) -> None:
        """Brings the tab with the answer to the front."""
        self._tabs.setCurrentIndex(0)

    def show_generation(self) -> None:
        """Brings the tab with the gallery to the front."""
        self._tabs.setCurrentIndex(1)

    def set_device(self, text: str) -> None:
        """Where the model runs."""
        self._device.setText(text)

    def show_shortcuts(self) -> None:
        """The F1 list."""
        ShortcutsDialog(saved_profile(self._preferences), self).open()

    # Drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Takes files and folders."""
        if _local_paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Says what was dropped."""
        event.acceptProposedAction()
        self.paths_dropped.emit(_local_paths(event))

    def _take_all_drops(self) -> None:
        """Scenes and fields would swallow files that were dropped on them."""
        for widget in self.findChildren(QWidget):
            if widget.acceptDrops():
                widget.setAcceptDrops(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keeps where the window and its columns were, if it may close."""
        if not self.may_close():
            event.ignore()
            return
        settings = self._preferences.settings
        settings.setValue(GEOMETRY, self.saveGeometry())
        settings.setValue(COLUMNS, self._splitter.saveState())
        # Gone from the screen before anyone waits for a thread to let go.
        self.hide()
        self.closing.emit()
        super().closeEvent(event)

    def _restore(self) -> None:
        geometry, columns = (self._preferences.layout(key) for key in (GEOMETRY, COLUMNS))
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(*_SIZE)
        if columns is None or not self._splitter.restoreState(columns):
            self._splitter.setSizes(_WIDTHS)

    def reset_layout(self) -> None:
        """The columns as wide as on the first day."""
        self._splitter.setSizes(_WIDTHS)

    def _lay_out(self) -> None:
        self._middle.addWidget(self.welcome)
        middle = _column([self.message_bar, self._middle], 0, 0)
        middle.setMinimumWidth(460)
        left = _column([self.study_panel, self.window_panel, self.marking_panel], 0, 0)
        left.setMinimumWidth(180)
        for widget in (left, middle, self._right()):
            widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            widget.setProperty("role", "panel")
            self._splitter.addWidget(widget)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(3)
        self._splitter.setStretchFactor(1, 1)
        self.setCentralWidget(self._splitter)

    def _right(self) -> QWidget:
        answers = [
            self.blind_panel,
            self.whatif_panel,
            self.classify_panel,
            self.series_answer_panel,
            self.overlay_panel,
        ]
        classify = _column(answers, MARGIN, 2 * MARGIN)
        classify.layout().addStretch(1)  # type: ignore[union-attr]
        generate = _column([self.generate_panel, self.gallery], MARGIN, MARGIN)
        self._tabs.addTab(_scrolling(classify), self.tr("Classify"))
        self._tabs.addTab(generate, self.tr("Generate"))
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        right = _column([self.model_chooser, self._tabs], 0, SPACING)
        right.setMinimumWidth(330)
        return right

    def _make_menus(self) -> None:
        menus = {name: self.menuBar().addMenu(translate(text)) for name, text in MENUS.items()}
        for command in COMMANDS:
            action = self._make_action(command)
            if command.starts_group:
                menus[command.menu].addSeparator()
            menus[command.menu].addAction(action)
            self.commands[command.name] = action
        menus["File"].insertMenu(self.commands["open_sample"], self.recent_menu)
        self.recent_menu.setToolTipsVisible(True)
        self.commands["quit"].triggered.connect(self.close)
        self.commands["shortcuts"].triggered.connect(self.show_shortcuts)
        self.commands["full_screen"].toggled.connect(self._set_full_screen)

    def _make_action(self, command: Command) -> QAction:
        action = QAction(command.words, self)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setCheckable(command.is_checkable)
        return action

    def _make_status(self) -> None:
        self.statusBar().setSizeGripEnabled(False)
        self._device.setProperty("role", "quiet")
        self._device.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self._device.setAccessibleName(self.tr("Device"))
        research = QLabel(self.tr("Research use. Not for diagnosis."))
        research.setProperty("role", "warning")
        research.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.statusBar().addWidget(self._device)
        # Down here, and of a height that has room for it, it moves no slice as it comes and goes.
        self.statusBar().addWidget(self.busy_strip, 1)
        self.statusBar().setFixedHeight(_STATUS_HEIGHT)
        self.statusBar().addPermanentWidget(research)

    def _set_full_screen(self, is_full: bool) -> None:
        state = Qt.WindowState.WindowFullScreen
        self.setWindowState(self.windowState() | state if is_full else self.windowState() & ~state)


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


def _column(widgets: Sequence[QWidget], margin: int, spacing: int) -> QWidget:
    result = QWidget()
    layout = QVBoxLayout(result)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget, int(isinstance(widget, _GROWING)))
    return result


def _scrolling(inside: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
