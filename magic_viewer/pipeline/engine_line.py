"""One child that runs models, and who waits for which of its answers."""

import builtins
import logging
import threading
import time
from collections.abc import Generator, Sequence
from queue import Empty, SimpleQueue

from magic_viewer import errors
from magic_viewer.child import Child
from magic_viewer.errors import MagicViewerError
from magic_viewer.pipeline.messages import (
    Answer,
    Ask,
    Done,
    Failed,
    Request,
    Stop,
    Told,
    receive,
    send,
)
from magic_viewer.progress import Stopped, is_stopped

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 1.5


class DeadError(Exception):
    """The child no longer answers.

    Attributes:
        may_ask_again: whether that is no fault of the request, which has not begun to be answered.
    """

    def __init__(self, may_ask_again: bool) -> None:
        super().__init__()
        self.may_ask_again = may_ask_again


class Line:
    """One child, asked from any thread; one thread of its own sorts what it answers.

    Attributes:
        is_alive: whether it can be asked.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it.

        Raises:
            OSError: the system has no room for another process.
        """
        self._child = Child(command)
        self.is_alive = True
        self._is_replaced = False
        self._waiting: dict[int, SimpleQueue[Answer]] = {}
        self._stopping: dict[int, float] = {}
        self._sending = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="model", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The child's."""
        return self._child.pid

    def end(self) -> None:
        """Ends the child."""
        self._child.kill()
        self._listener.join()

    def ask(self, asked: Ask) -> Generator[Told, None, Done]:
        """Asks, and passes on what is told. Closed early, the child is told to stop.

        Raises:
            DeadError: the child died.
            Stopped: the answer is no longer wanted.
            Exception: what the child met, see `_error`.
        """
        answers: SimpleQueue[Answer] = SimpleQueue()
        self._waiting[asked.number] = answers
        has_begun = False
        try:
            self._send(asked)
            while isinstance(answer := self._next(answers, has_begun), Told):
                has_begun = True
                yield answer
        except (GeneratorExit, Stopped):
            self._stop(asked.number)
            raise
        finally:
            del self._waiting[asked.number]
        if isinstance(answer, Failed):
            raise _error(answer)
        return answer

    def _next(self, answers: "SimpleQueue[Answer]", has_begun: bool) -> Answer:
        """Waits, and looks up now and then."""
        while True:
            if is_stopped():
                raise Stopped
            try:
                return answers.get(timeout=_LOOK_SECONDS)
            except Empty:
                if not self.is_alive:
                    raise DeadError(self._is_replaced and not has_begun) from None
                self._replace_if_stuck()

    def _stop(self, number: int) -> None:
        self._stopping[number] = time.monotonic() + _PATIENCE_SECONDS
        self._send(Stop(number))

    def _replace_if_stuck(self) -> None:
        """Ends a child that goes on with what nobody wants while somebody waits."""
        now = time.monotonic()
        if any(deadline < now for deadline in list(self._stopping.values())):
            self._is_replaced = True
            self._child.kill()
            self._listener.join()

    def _send(self, request: Request) -> None:
        """A child that can't be written to is found dead by the thread that listens."""
        with self._sending:
            try:
                send(self._child.requests, request)
            except (OSError, ValueError):
                self._child.kill()

    def _listen(self) -> None:
        try:
            while True:
                answer = receive(self._child.answers)
                if not isinstance(answer, Told):
                    self._stopping.pop(answer.number, None)
                waiting = self._waiting.get(answer.number)
                if waiting is not None:
                    waiting.put(answer)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.is_alive = False
            self._child.end()


def _error(failed: Failed) -> Exception:
    """What the child met, as if it had been met here: one of ours, or of Python's."""
    kind = getattr(errors, failed.error, None) or getattr(builtins, failed.error, None)
    if isinstance(kind, type) and issubclass(kind, MagicViewerError):
        return kind(failed.sentence)
    _log.error("In the model's process: %s\n%s", failed.error, failed.places)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind()
    return RuntimeError(failed.error)
