"""Which non-commercial licences the user has agreed to; a model under another waits for it."""

import json

from magic_viewer.pipeline.results import ModelInfo
from magic_viewer.ui.backend import Backend
from magic_viewer.ui.preferences import NONCOMMERCIAL, Preferences


class Licences:
    """Remembered by their words, which are the same for models of the same data."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    def must_ask(self, info: ModelInfo) -> bool:
        """Whether a model may not be used yet."""
        return info.is_noncommercial and info.licence not in self._accepted()

    def accept(self, info: ModelInfo) -> None:
        """The user uses models under this licence non-commercially."""
        if self.must_ask(info):
            self._preferences.set(NONCOMMERCIAL, json.dumps([*self._accepted(), info.licence]))

    def accept_all(self, backend: Backend) -> None:
        """For tours of the program, in which nobody could be asked."""
        for entry in backend.list_models():
            if entry.info is not None:
                self.accept(entry.info)

    def _accepted(self) -> list[str]:
        try:
            kept = json.loads(self._preferences.get(NONCOMMERCIAL))
        except (ValueError, RecursionError):
            return []
        return [one for one in kept if isinstance(one, str)] if isinstance(kept, list) else []
