"""The files that one run of the program keeps while it lasts.

They lie in a folder that only the user can read, and go when the run ends as it should. A run holds
a lock; files whose lock nobody holds are those of a run that was ended from outside, or crashed.
"""

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
    """

    def __init__(self, stem: Path, lock: QLockFile) -> None:
        self._stem, self._lock = stem, lock
        self.fault = stem.with_suffix(".fault")

    def forget(self) -> None:
        """Removes them all, and lets the lock go."""
        for file in self._stem.parent.glob(f"{self._stem.name}.*"):
            if file.suffix != ".lock":
                with suppress(OSError):
                    file.unlink()
        self._lock.unlock()


def begin_own_files(folder: Path) -> OwnFiles | None:
    """Files for this run; None where none can be kept."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return _take(folder / uuid4().hex)


def left_files(folder: Path) -> list[OwnFiles]:
    """Those of runs that did not end as they should, the newest first; we hold their locks now."""
    locks = []
    for lock in folder.glob("*.lock"):
        with suppress(OSError):  # its run may just have ended
            locks.append((lock.stat().st_mtime, lock))
    taken = [_take(lock.with_suffix("")) for _, lock in sorted(locks, reverse=True)]
    return [files for files in taken if files is not None]


def _take(stem: Path) -> OwnFiles | None:
    lock = QLockFile(str(stem.with_suffix(".lock")))
    # A run may last for days; only that its process is gone makes a lock stale.
    lock.setStaleLockTime(0)
    return OwnFiles(stem, lock) if lock.tryLock(0) else None
