"""What long work tells about itself.

Long work is a plain generator that yields `Progress` (or items) and returns its result. The
command line drains it; the window drains it in a worker thread. To cancel, stop pulling and
`close()` it.

Work that waits for another process can't be closed while it waits, so it asks `is_stopped`.
"""

from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")
_is_stopped: ContextVar[Callable[[], bool] | None] = ContextVar("is_stopped", default=None)


class Stopped(BaseException):
    """Work gave up waiting because it is no longer wanted."""


def stop_when(is_so: Callable[[], bool]) -> None:
    """Says when the work of this thread is no longer wanted."""
    _is_stopped.set(is_so)


def is_stopped() -> bool:
    """Whether the work of this thread is no longer wanted."""
    is_so = _is_stopped.get()
    return is_so is not None and is_so()


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is.

    Attributes:
        done: finished units.
        total: all units, or None when unknown.
        message: one short phrase for the user, without patient data.
    """

    done: int
    total: int | None
    message: str


def drain(work: Generator[Any, None, Result]) -> Result:
    """Runs a generator to its end and gives what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: Result = stop.value
            return result
