"""Which studies were opened last: where they are and when, and nothing of what is in them."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from magic_viewer.ui.preferences import RECENT, REMEMBER_RECENT, Preferences

MOST = 10


@dataclass(frozen=True)
class RecentStudy:
    """One opening.

    Attributes:
        paths: the files and folders that were opened together, absolute.
        opened: when, local time.
    """

    paths: tuple[Path, ...]
    opened: datetime

    @property
    def name(self) -> str:
        """The last two parts of the first path, and how many more there are."""
        first = self.paths[0]
        name = (
            f"{first.parent.name}/{first.name}" if first.parent.name else first.name or str(first)
        )
        more = len(self.paths) - 1
        return f"{name} + {more}" if more else name

    @property
    def where(self) -> str:
        """All paths, one a line."""
        return "\n".join(map(str, self.paths))


class RecentStudies:
    """The newest first, at most ten; kept only as long as the user wants them kept."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    def all(self) -> list[RecentStudy]:
        """What is remembered; what can't be understood is left out."""
        if not self._preferences.get(REMEMBER_RECENT):
            return []
        try:
            kept = json.loads(self._preferences.get(RECENT))
        except (ValueError, RecursionError):
            return []
        entries = kept if isinstance(kept, list) else []
        return [study for entry in entries if (study := _read(entry))][:MOST]

    def add(self, paths: list[Path], now: datetime | None = None) -> None:
        """Remembers an opening, in place of an earlier one of the same paths."""
        if not paths or not self._preferences.get(REMEMBER_RECENT):
            return
        new = RecentStudy(tuple(path.absolute() for path in paths), now or datetime.now())
        others = [study for study in self.all() if study.paths != new.paths]
        self._keep([new, *others][:MOST])

    def remove(self, study: RecentStudy) -> None:
        """Forgets one."""
        self._keep([one for one in self.all() if one.paths != study.paths])

    def clear(self) -> None:
        """Forgets all."""
        self._keep([])

    def _keep(self, studies: list[RecentStudy]) -> None:
        entries = [
            {
                "paths": [str(path) for path in one.paths],
                "opened": one.opened.isoformat(timespec="seconds"),
            }
            for one in studies
        ]
        self._preferences.set(RECENT, json.dumps(entries, separators=(",", ":")))


def _read(entry: object) -> RecentStudy | None:
    if not isinstance(entry, dict):
        return None
    paths, opened = entry.get("paths"), entry.get("opened")
    if not isinstance(paths, list) or not paths or not isinstance(opened, str):
        return None
    if not all(isinstance(path, str) and Path(path).is_absolute() for path in paths):
        return None
    try:
        return RecentStudy(tuple(map(Path, paths)), datetime.fromisoformat(opened))
    except ValueError:
        return None
