"""Reports of what went wrong inside the program, for whoever mends it.

A report holds types and places in the code, versions and the time. No message of an error and no
path is in it, since these can name a patient. It stays on this computer.
"""

import logging
import platform
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import PySide6

from magic_viewer import __version__

MOST = 10
"""So many are kept; the oldest go."""
_MOST_FRAMES = 60
_FAULT_PLACE = re.compile(r'File "(?P<file>.*)", line (?P<line>\d+) in (?P<name>\S+)$')
_FAULT_WORDS = re.compile(
    r"(Fatal Python error|Windows fatal exception): [\w ]+|(Current thread|Thread) 0x[0-9a-f]+"
)
_log = logging.getLogger(__name__)


class CrashReports:
    """Keeps reports in a folder.

    Args:
        folder: made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Path] = {}

    def keep(self, error: BaseException) -> Path | None:
        """Where the report of an exception lies; what happens again is reported once a run."""
        return self._keep("\n".join(_exceptions(error)))

    def keep_fault(self, dump: str) -> Path | None:
        """Likewise of what `faulthandler` has left of a run that crashed."""
        return self._keep("\n".join(_fault_lines(dump)))

    def _keep(self, what: str) -> Path | None:
        if what not in self._kept:
            if len(self._kept) == MOST:
                return None
            path = self._write(what)
            if path is None:
                return None
            self._kept[what] = path
        return self._kept[what]

    def _write(self, what: str) -> Path | None:
        now = datetime.now(UTC)
        path = self._folder / f"report-{now:%Y%m%d-%H%M%S-%f}.txt"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in sorted(self._folder.glob("report-*.txt"))[: -(MOST - 1)]:
                old.unlink()
            path.write_text(f"{_heading(now)}\n\n{what}\n", encoding="utf-8")
        except OSError as error:
            _log.warning("A report could not be kept: %s", error.strerror)
            return None
        return path


def _heading(now: datetime) -> str:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    versions = f"Python {platform.python_version()}, PySide6 {PySide6.__version__}"
    torch = sys.modules.get("torch")
    versions += f", numpy {np.__version__}" + (f", torch {torch.__version__}" if torch else "")
    how = "installed package" if getattr(sys, "frozen", False) else "Python"
    return "\n".join(
        [
            f"MAGIC Viewer {__version__} ({how})",
            f"{now:%Y-%m-%d %H:%M:%S} UTC",
            system,
            versions,
            "Types and places in the code only: no messages, no paths, nothing of a scan.",
        ]
    )


def _exceptions(error: BaseException) -> Iterator[str]:
    """An exception and those it came from, each with its places, the innermost last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if seen:
            yield "came from"
        seen.add(id(current))
        yield f"{type(current).__module__}.{type(current).__qualname__}"
        frames = list(traceback.walk_tb(current.__traceback__))[-_MOST_FRAMES:]
        for frame, line in frames:
            # A module's name, not its file: where a program lies can name a user.
            module = frame.f_globals.get("__name__", "?")
            yield f"  {module}:{line} in {frame.f_code.co_name}"
        current = current.__cause__ or current.__context__


def _fault_lines(dump: str) -> Iterator[str]:
    for line in dump.splitlines():
        if place := _FAULT_PLACE.search(line):
            file = _within_packages(place["file"])
            yield f"  {file}:{place['line']} in {place['name']}"
        elif words := _FAULT_WORDS.match(line):
            yield words.group()


def _within_packages(file: str) -> str:
    """A file of code from its package on, without where that lies."""
    parts = re.split(r"[/\\]", file)
    if "magic_viewer" in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index("magic_viewer") :])
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") + 1 :])
    return parts[-1]
