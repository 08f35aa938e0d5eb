"""Errors as sentences for the user and as log lines without patient data."""

import logging
import traceback

from magic_viewer.errors import MagicViewerError

_log = logging.getLogger(__name__)


def sentence(error: BaseException) -> str:
    """What happened and what to do next."""
    if isinstance(error, MagicViewerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close other programs or open less at once."
    return (
        f"Something went wrong inside MAGIC Viewer ({type(error).__name__}). "
        "You can go on; if it happens again, please report it with the log file."
    )


def log_error(error: BaseException) -> None:
    """Type and places only: a foreign error's message may hold a path or a patient's name."""
    places = "".join(traceback.format_tb(error.__traceback__))
    text = str(error) if isinstance(error, MagicViewerError) else "(message withheld)"
    _log.error("%s: %s\n%s", type(error).__name__, text, places)
