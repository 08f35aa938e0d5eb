"""Errors as sentences for the user and as log lines without patient data."""

import logging
import traceback
from pathlib import Path

from magic_viewer.errors import MagicViewerError

_log = logging.getLogger(__name__)


def is_foreseen(error: BaseException) -> bool:
    """Whether an error says all there is to say, and nothing in the program is to be mended."""
    return isinstance(error, MagicViewerError | MemoryError)


def sentence(error: BaseException, report: Path | None = None) -> str:
    """What happened and what to do next; where its report lies, if there is one."""
    if isinstance(error, MagicViewerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close other programs or open less at once."
    file = f"the report {report}" if report is not None else "the log file"
    return (
        f"Something went wrong inside MAGIC Viewer ({type(error).__name__}). "
        f"You can go on; if it happens again, please send us {file}."
    )


def log_error(error: BaseException) -> None:
    """Type and places only: a foreign error's message may hold a path or a patient's name."""
    places = "".join(traceback.format_tb(error.__traceback__))
    text = str(error) if isinstance(error, MagicViewerError) else "(message withheld)"
    _log.error("%s: %s\n%s", type(error).__name__, text, places)
