"""Silence around file readers whose warnings quote the file, and so may quote the patient."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Python's warning filters belong to the process, not the thread.
_lock = threading.RLock()

for _name in ("pydicom", "nibabel", "nibabel.global", "PIL"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


@contextmanager
def quiet() -> Iterator[None]:
    """Lets no warning of a file reader reach the terminal; one thread at a time."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
