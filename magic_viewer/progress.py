"""What long work tells about itself.

Long work is a plain generator that yields `Progress` (or items) and returns its result. The
command line drains it; the window drains it in a worker thread. To cancel, stop pulling and
`close()` it.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")


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
