"""Makes all classes of Qt in the thread of the window, before another thread asks for them.

PySide makes a class when it is first asked for. Importing pyqtgraph asks for all of them, in a
worker, and two threads that make one at the same time end the program.
"""

import time
from collections.abc import Iterator

from PySide6 import QtCore, QtGui, QtWidgets

_SLICE_SECONDS = 0.008


def make_types() -> Iterator[None]:
    """Pauses every few milliseconds, as all of it takes a tenth of a second."""
    until = time.perf_counter() + _SLICE_SECONDS
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            if time.perf_counter() > until:
                yield
                until = time.perf_counter() + _SLICE_SECONDS
