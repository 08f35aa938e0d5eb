"""The files that one run of the program keeps while it lasts.

They lie in a folder that only the user can read, and go when the run ends as it should. A run holds
a lock; files whose lock nobody holds are those of a run that was ended from outside, or crashed.
"""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QLockFile, QStandardPaths


def own_folder() -> Path:
    """Where the program keeps what is of no use to others: the log, reports, running sessions."""
    place = QStandardPaths.StandardLocation.AppLocalDataLocation
    return Path(QStandardPaths.writableLocation(place))


class OwnFiles:
    """Those of one run, which holds their lock.

    Attributes:
        fault: what `faulthandler` writes.
        session: what is open; see `open_session.py`.
        measurements: of what is open, as far as they are in no other file.
    """

    def __init__(self, stem: Path, lock: QLockFile) -> None:
        self._stem, self._lock = stem, lock
        self.fault = stem.with_suffix(".fault")
        self.session = stem.with_suffix(".json")
        self.measurements = stem.with_suffix(".measurements")
        self._is_over = False

    def forget_session(self) -> None:
        """Removes what says what is open."""
        for file in (self.session, self.measurements):
            with suppress(OSError):
                file.unlink()

    def release(self) -> None:
        """Lets the lock go, and leaves the files for a later run; once."""
        if not self._is_over:
            self._is_over = True
            self._lock.unlock()

    def forget(self) -> None:
        """Removes them all, and lets the lock go; once."""
        if self._is_over:
            return
        for file in self._stem.parent.glob(f"{self._stem.name}.*"):
            if file.suffix != ".lock":
                with suppress(OSError):
                    file.unlink()
        self.release()


def begin_own_files(folder: Path) -> OwnFiles | None:
    """Files for this run; None where none can be kept."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return _take(folder / uuid4().hex)


def left_files(folder: Path) -> list[OwnFiles]:
    """Those of runs that did not end as they should, the newest first; we hold their locks now."""
    stems: dict[Path, float] = {}
    with suppress(OSError):  # there is no such folder, or a run has just ended
        for file in folder.iterdir():
            stem = file.with_suffix("")
            stems[stem] = max(stems.get(stem, 0.0), file.stat().st_mtime)
    taken = [_take(stem) for stem in sorted(stems, key=stems.__getitem__, reverse=True)]
    return [files for files in taken if files is not None]


def write_own(path: Path, text: str) -> None:
    """Writes a file that only the user can read, whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    new = path.with_suffix(f"{path.suffix}-new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def _take(stem: Path) -> OwnFiles | None:
    lock = QLockFile(str(stem.with_suffix(".lock")))
    # A run may last for days; only that its process is gone makes a lock stale.
    lock.setStaleLockTime(0)
    return OwnFiles(stem, lock) if lock.tryLock(0) else None
