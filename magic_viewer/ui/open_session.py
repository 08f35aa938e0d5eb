"""What is open and where one is in it, as a small file. Names no patient but by where scans lie."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, get_args

from magic_viewer.imaging.study import Window, WindowFunction

FORMAT: Final = 1


@dataclass(frozen=True)
class OpenSession:
    """Enough to open it again.

    Attributes:
        paths: the files and folders that were opened together, absolute.
        series, volume, slice: from 0, in the whole study.
        window: on the slice, or None for its own display.
        is_inverted: black and white swapped.
        layout: of the panes.
        model: name of the model that answers; "" for none.
        readings: the file of a blind reading; "" where reading isn't blind.
        times_reopened: after a crash, without anything else opened since.
    """

    paths: tuple[Path, ...]
    series: int = 0
    volume: int = 0
    slice: int = 0
    window: Window | None = None
    is_inverted: bool = False
    layout: str = "single"
    model: str = ""
    readings: str = ""
    times_reopened: int = 0


def encoded(session: OpenSession) -> str:
    """As text. JSON's escapes carry names of any language, and those that are no text at all."""
    values = asdict(session) | {"paths": [str(path) for path in session.paths]}
    return json.dumps({"format": FORMAT, **values}) + "\n"


def decoded(text: str) -> OpenSession | None:
    """What a file says, or None where it is none, or of another format."""
    try:
        values = json.loads(text)
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            return None
        window = values.pop("window")
        paths = tuple(map(Path, values.pop("paths")))
        session = OpenSession(paths, window=Window(**window) if window else None, **values)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return session if _makes_sense(session) else None


def _makes_sense(session: OpenSession) -> bool:
    numbers = (session.series, session.volume, session.slice, session.times_reopened)
    words = (session.layout, session.model, session.readings)
    paths = session.paths
    return (
        bool(paths)
        and all(path.is_absolute() and "\0" not in str(path) for path in paths)
        and all(type(number) is int and number >= 0 for number in numbers)
        and all(isinstance(word, str) for word in words)
        and type(session.is_inverted) is bool
        and (session.window is None or _is_window(session.window))
    )


def _is_window(window: Window) -> bool:
    values: tuple[Any, ...] = (window.center, window.width)
    are_numbers = all(type(value) in (int, float) and math.isfinite(value) for value in values)
    is_known = window.function in get_args(WindowFunction) and isinstance(window.name, str)
    return are_numbers and window.width > 0 and is_known
