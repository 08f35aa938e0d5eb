"""Long work in a thread: a generator in, signals out.

A `Job` says `started`, any number of `progressed`, then exactly one of `succeeded`, `failed` and
`cancelled`, then always `finished`. A `Lane` runs one job at a time for one purpose, such as
reading the slice in view, and passes on only what the newest request has to say.
"""

import logging
import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, ClassVar, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from magic_viewer.progress import Stopped, stop_when

Work = Callable[[], Generator[Any, None, Any]]
Result = TypeVar("Result")

_log = logging.getLogger(__name__)


def single_step(function: Callable[..., Result], *arguments: Any) -> Work:
    """A function as work that can be cancelled before it begins, and where it asks `is_stopped`."""

    def work() -> Generator[Any, None, Result]:
        yield from ()
        return function(*arguments)

    return work


class Job(QObject):
    """One request, run once. Lives in the thread that made it and signals only there.

    Attributes:
        generation: the number of the request; a higher one is newer.
    """

    started = Signal()
    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    _reported = Signal(str, object)
    # A job that nobody holds must still outlive its thread.
    _in_flight: ClassVar[set["Job"]] = set()

    def __init__(self, work: Work, generation: int = 0) -> None:
        super().__init__()
        self.generation = generation
        self._work = work
        self._stop = threading.Event()
        self._has_outcome = False
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)
        self._reported.connect(self._receive, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begins, unless already cancelled."""
        if self._has_outcome:
            return
        Job._in_flight.add(self)
        self.started.emit()
        self._thread.start()

    def cancel(self) -> None:
        """Says `cancelled` at once; `finished` follows when the work has cleaned up."""
        if self._has_outcome:
            return
        self._has_outcome = True
        self._stop.set()
        self.cancelled.emit()
        if self not in Job._in_flight:
            self.finished.emit()

    def wait(self, seconds: float) -> bool:
        """Blocks until the thread has ended; whether it did in time."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """The thread: whatever happens in the work, one report of how it ended."""
        stop_when(self._stop.is_set)
        try:
            report = self._pull()
        except Stopped:
            report = ("stopped", None)
        except BaseException as error:  # noqa: BLE001 - decoders in Rust raise BaseException
            report = ("failed", error)
        self._reported.emit(*report)

    def _pull(self) -> tuple[str, Any]:
        """Drains the work item by item, so that a cancel is heard between two."""
        generator = self._work()
        try:
            while not self._stop.is_set():
                try:
                    item = next(generator)
                except StopIteration as stop:
                    return "succeeded", stop.value
                self._reported.emit("progressed", item)
        finally:
            generator.close()
        return "stopped", None

    @Slot(str, object)
    def _receive(self, kind: str, value: Any) -> None:
        """Back in the thread of the window."""
        if kind == "progressed":
            if not self._has_outcome:
                self.progressed.emit(value)
            return
        if not self._has_outcome:
            self._has_outcome = True
            (self.succeeded if kind == "succeeded" else self.failed).emit(value)
        elif kind == "failed":
            _log.warning("Cancelled work failed while it stopped: %s", type(value).__name__)
        # The thread is at its very end, and must not be the last to hold this object.
        self._thread.join()
        Job._in_flight.discard(self)
        self.finished.emit()


class Lane(QObject):
    """One job at a time for one purpose; a new request supersedes the old one.

    The superseded job is cancelled and nothing it says is passed on. The new one begins when
    the old one's thread has let go, and of several that wait only the newest is ever run.
    """

    started = Signal()
    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    _NAMES = ("started", "progressed", "succeeded", "failed", "cancelled", "finished")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._running: Job | None = None
        self._waiting: Job | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a thread is at work or about to be."""
        return self._running is not None

    def submit(self, work: Work) -> int:
        """Asks for work in place of any asked for before; gives its generation number."""
        self._generation += 1
        job = Job(work, self._generation)
        for name in self._NAMES:
            getattr(job, name).connect(partial(self._pass_on, job.generation, name))
        # Not the job itself: a connection that holds its own sender is never freed.
        job.finished.connect(partial(self._let_go, job.generation))
        self._waiting = job
        if self._running is None:
            self._start_waiting()
        else:
            self._running.cancel()
        return job.generation

    def cancel(self) -> None:
        """Gives up the newest request."""
        job = self._waiting or self._running
        self._waiting = None
        if job is not None:
            job.cancel()

    def drop(self) -> None:
        """Gives up the newest request without a word of it."""
        self._generation += 1
        self.cancel()

    def wait(self, seconds: float) -> bool:
        """Blocks until the thread at work has ended; whether it did in time."""
        return self._running is None or self._running.wait(seconds)

    def _pass_on(self, generation: int, name: str, *values: Any) -> None:
        if generation == self._generation:
            getattr(self, name).emit(*values)

    def _let_go(self, generation: int) -> None:
        if self._running is not None and generation == self._running.generation:
            self._running = None
            self._start_waiting()

    def _start_waiting(self) -> None:
        self._running, self._waiting = self._waiting, None
        if self._running is not None:
            self._running.start()
