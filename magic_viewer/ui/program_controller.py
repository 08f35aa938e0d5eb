"""Joins what belongs to the program and to no scan: settings, looks, recent studies, closing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication

from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.preferences import (
    FILE_OVERLAYS,
    MOUSE_PROFILE,
    RADIOLOGICAL,
    SCALE_BAR,
    SMOOTH,
    THEME,
    Preference,
    Preferences,
    Settings,
)
from magic_viewer.ui.recent_controller import RecentController
from magic_viewer.ui.session import Session
from magic_viewer.ui.settings_dialog import SettingsDialog
from magic_viewer.ui.theme import apply_theme
from magic_viewer.ui.unsaved import Action, UnsavedGuard


class ProgramController(QObject):
    """Made with the window, before there is anything to open.

    Args:
        window: the window.
        session: follows the settings that concern it.
        settings: where they are kept.
        open_paths: opens files and folders.
        say: one sentence for the user.

    Attributes:
        keeps_unwritten: whether closing would lose something that no file takes.
    """

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        settings: Settings,
        open_paths: Callable[[Sequence[Path]], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._window, self._say = window, say
        self.preferences = Preferences(settings, self)
        self.recent = RecentController(
            self.preferences, window.recent_menu, window.welcome, open_paths, say
        )
        self._guard: UnsavedGuard | None = None
        self.keeps_unwritten: Callable[[], bool] = lambda: False
        self._is_leaving = self._has_warned = False
        session.study_changed.connect(lambda _: self.recent.remember())
        window.may_close = self._may_close
        window.commands["settings"].triggered.connect(lambda _=False: self.show_settings())
        self._tie(window.commands["radiological"], RADIOLOGICAL, session.set_radiological)
        self._tie(window.commands["file_overlays"], FILE_OVERLAYS, session.show_overlays)
        self._tie(window.commands["smooth"], SMOOTH)
        self._tie(window.commands["scale_bar"], SCALE_BAR)
        self._tie(window.commands["research_mouse"], MOUSE_PROFILE)
        self.preferences.changed.connect(self._follow)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def show_settings(self) -> None:
        """Opens the settings."""
        dialog = SettingsDialog(self.preferences, self._window)
        dialog.reset_requested.connect(self.reset)
        dialog.open()

    def reset(self) -> None:
        """All settings, and the window's own columns, as on the first day."""
        self.preferences.reset()
        self._window.reset_layout()

    def say_newer_settings(self) -> None:
        """Why nothing is as the user has set it."""
        self._say(
            self.tr(
                "The settings on this computer are those of a newer MAGIC Viewer: they stay as "
                "they are, and this run has the usual ones. Start the newer version to use yours."
            )
        )

    # Unsaved measurements

    def guard(self, is_unsaved: Callable[[], bool], save: Callable[[Action], None]) -> None:
        """From now on measurements are not lost without a question."""
        self._guard = UnsavedGuard(self._window, is_unsaved, save)

    def before_leaving(self, action: Action) -> None:
        """Does what takes the open study away, once nothing is lost by it."""
        if self._guard is None:
            action()
        else:
            self._guard.before(action)

    def _may_close(self) -> bool:
        if not self._has_warned and self.keeps_unwritten():
            self._has_warned = True
            self._say(
                self.tr(
                    "Your readings are not in their file yet. Choose another file for them, or "
                    "close again to lose them."
                )
            )
            return False
        if self._is_leaving or self._guard is None or not self._guard.is_needed:
            return True
        self._guard.before(self._close)
        return False

    def _close(self) -> None:
        self._is_leaving = True
        self._window.close()

    # Settings

    def _tie(
        self,
        action: QAction,
        preference: Preference[Any],
        apply: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """A menu item, a setting of two values and what they decide, always in step."""
        off, on = preference.choices or (False, True)

        def follow(key: str = preference.key) -> None:
            if key == preference.key:
                is_on = self.preferences.get(preference) == on
                action.setChecked(is_on)
                apply(is_on)

        follow()
        self.preferences.changed.connect(follow)
        action.toggled.connect(lambda is_on: self.preferences.set(preference, on if is_on else off))

    def _follow(self, key: str) -> None:
        app = QApplication.instance()
        if key == THEME.key and isinstance(app, QApplication):
            apply_theme(app, self.preferences.get(THEME))

    def _follow_system(self) -> None:
        if self.preferences.get(THEME) == "system":
            self._follow(THEME.key)
