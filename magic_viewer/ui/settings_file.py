"""Where the settings are kept, and what becomes of those that a newer version has written."""

from PySide6.QtCore import QSettings

from magic_viewer.ui.preferences import FORMAT, NEWEST_FORMAT, REMEMBER_RECENT, Settings


class SettingsOfThisRun:
    """In place of settings that must stay as they are: nothing outlives the run.

    All is as on the first day, but that no studies are remembered: nobody knows whether the user
    wants that.
    """

    def __init__(self) -> None:
        self._values: dict[str, object] = {REMEMBER_RECENT.key: False}

    def value(self, key: str, /) -> object:
        """What was set in this run, or None."""
        return self._values.get(key)

    def setValue(self, key: str, value: object, /) -> None:
        """Holds a value for this run."""
        self._values[key] = value

    def clear(self) -> None:
        """Forgets all."""
        self._values.clear()


def open_settings(kept: QSettings) -> Settings:
    """The settings to work with.

    Args:
        kept: what an earlier run has left.

    Returns:
        The same, numbered with our format; or, where a newer version has written them, others for
        this run alone, so that going back to the newer version loses nothing.
    """
    found = FORMAT.parsed(kept.value(FORMAT.key))
    if found > NEWEST_FORMAT:
        return SettingsOfThisRun()
    if found < NEWEST_FORMAT:
        # What was written before there was a number is read as it is.
        kept.setValue(FORMAT.key, NEWEST_FORMAT)
    return kept
