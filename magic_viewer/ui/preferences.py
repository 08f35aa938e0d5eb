"""Every setting that is kept: its key, its type, its default. Validates and resets in one place.

What can't be understood (another type, a word of a newer version) counts as not there. Where they
are kept, and what becomes of those of a newer version, is in `settings_file.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from PySide6.QtCore import QByteArray, QObject, Signal

T = TypeVar("T", bool, int, str)
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Preference(Generic[T]):
    """One setting.

    Attributes:
        key: under which it is kept.
        default: what holds while nothing is kept; its type is the setting's.
        choices: the only values there are; () for any of the type.
    """

    key: str
    default: T
    choices: tuple[T, ...] = ()

    def parsed(self, kept: object) -> T:
        """What was kept, or the default where it makes no sense. Files keep all as text."""
        value = _as(type(self.default), kept)
        is_fine = value is not None and (not self.choices or value in self.choices)
        return value if is_fine and value is not None else self.default


class Settings(Protocol):
    """What keeps values under keys: `QSettings`, or what takes its place for one run."""

    def value(self, key: str, /) -> object:
        """What is kept, or None."""

    def setValue(self, key: str, value: object, /) -> None:
        """Keeps a value."""

    def clear(self) -> None:
        """Forgets all."""


NEWEST_FORMAT: Final = 1
"""Goes up when an older program would misread the settings."""
FORMAT: Final = Preference("format", 0)
"""Which one the settings as a whole have; 0 is the one before there was a number."""
THEME: Final = Preference("theme", "dark", ("dark", "light", "system"))
RADIOLOGICAL: Final = Preference("radiological", True)
FILE_OVERLAYS: Final = Preference("file_overlays", True)
MOUSE_PROFILE: Final = Preference[str]("mouse_profile", "clinical", ("clinical", "research"))
SMOOTH: Final = Preference("smooth", True)
SCALE_BAR: Final = Preference("scale_bar", True)
WINDOW_PANEL: Final = Preference("window_panel", True)
"""Whether the group "Window" is unfolded."""
PRESETS: Final = Preference("ct_presets", "")
"""JSON; see `presets.py`."""
REMEMBER_RECENT: Final = Preference("remember_recent", True)
RECENT: Final = Preference("recent", "[]")
"""JSON; see `recent.py`."""
NONCOMMERCIAL: Final = Preference("noncommercial", "[]")
"""JSON; see `licences.py`."""
NOTICE_ACCEPTED: Final = Preference("notice_accepted", 0)
"""The newest version of the first notice that the user has accepted."""
GEOMETRY: Final = "geometry"
COLUMNS: Final = "columns"

PREFERENCES: Final[Sequence[Preference[bool] | Preference[int] | Preference[str]]] = (
    THEME,
    RADIOLOGICAL,
    FILE_OVERLAYS,
    MOUSE_PROFILE,
    SMOOTH,
    SCALE_BAR,
    WINDOW_PANEL,
    PRESETS,
    REMEMBER_RECENT,
    RECENT,
    NONCOMMERCIAL,
    NOTICE_ACCEPTED,
)


class Preferences(QObject):
    """Reads and writes them, and says which has changed."""

    changed = Signal(str)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings

    def get(self, preference: Preference[T]) -> T:
        """The value in force."""
        return preference.parsed(self.settings.value(preference.key))

    def set(self, preference: Preference[T], value: T) -> None:
        """Keeps a value."""
        if value != self.get(preference):
            self.settings.setValue(preference.key, value)
            self.changed.emit(preference.key)

    def layout(self, key: str) -> QByteArray | None:
        """A state that Qt has made: of the window, of its columns."""
        kept = self.settings.value(key)
        return kept if isinstance(kept, QByteArray) else None

    def reset(self) -> None:
        """Everything as on the first day, but for the notice, which was read."""
        accepted = self.get(NOTICE_ACCEPTED)
        before = {one.key: self.settings.value(one.key) for one in PREFERENCES}
        self.settings.clear()
        self.settings.setValue(FORMAT.key, NEWEST_FORMAT)
        self.settings.setValue(NOTICE_ACCEPTED.key, accepted)
        for key, value in before.items():
            if value is not None and key != NOTICE_ACCEPTED.key:
                self.changed.emit(key)


def _as(kind: type[T], kept: object) -> T | None:
    if kind is bool and isinstance(kept, str):
        kept = _WORDS.get(kept)
    if kind is int and isinstance(kept, str) and kept.removeprefix("-").isdecimal():
        kept = int(kept)
    return kept if type(kept) is kind else None
