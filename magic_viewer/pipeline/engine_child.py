"""The process that runs models for the window, so that torch never holds it up.

It reads requests from standard input and answers on standard output (`messages`). Each request is
a generator; one step of each is done in turn, so that a slice is answered while samples are
drawn. A thread listens meanwhile: what is no longer wanted is dropped between two steps. When
standard input ends, so does the process, in the middle of a step if need be.
"""

import os
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from magic_viewer.child import take_pipes
from magic_viewer.errors import MagicViewerError
from magic_viewer.pipeline.messages import (
    CHECK,
    Answer,
    Ask,
    Done,
    Failed,
    ModelFacts,
    Stop,
    Told,
    receive,
    send,
)

if TYPE_CHECKING:
    from magic_viewer.pipeline.engine import Engine

Steps = Generator[Any, None, Any]


def main() -> None:
    """Answers until standard input ends."""
    requests, answers = take_pipes()
    desk = Desk(answers)
    threading.Thread(target=_listen, args=(requests, desk), daemon=True).start()
    with suppress(Exception):  # the first request will say so
        _import_torch()
    while True:
        desk.step()


def _import_torch() -> None:
    """Before it is asked for; it leaves a processor to the window.

    Threads that wait for each other are to sleep: where another program has their processor,
    those that spin make a pass take ten times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch

    import magic_viewer.pipeline.engine  # noqa: F401

    torch.set_num_threads(max(1, torch.get_num_threads() - 1))


def _listen(requests: IO[bytes], desk: "Desk") -> None:
    try:
        while True:
            desk.take(receive(requests))
    finally:
        os._exit(0)


class Desk:
    """What is being worked on, and where answers go."""

    def __init__(self, answers: IO[bytes]) -> None:
        self._answers = answers
        self._work: dict[int, Steps] = {}
        self._current: int | None = None
        self._has_work = threading.Condition()
        self._folder = ""
        self._engine: Engine | None = None

    def take(self, request: Ask | Stop) -> None:
        """A request or its end, from the thread that listens."""
        with self._has_work:
            if isinstance(request, Ask):
                self._work[request.number] = self._begin(request)
                self._has_work.notify()
            elif self._work.pop(request.number, None) is None or request.number != self._current:
                # Also what was answered in the meantime: who stopped it waits for this word.
                self._tell(Done(request.number))

    def step(self) -> None:
        """Waits for work, and does one step of what has waited longest."""
        with self._has_work:
            self._has_work.wait_for(lambda: self._work)
            self._current = number = next(iter(self._work))
            work = self._work[number]
        answer = self._advance(number, work)
        with self._has_work:
            self._current = None
            if self._work.pop(number, None) is None:
                answer = Done(number)
            elif answer is None or isinstance(answer, Told):
                self._work[number] = work  # at the end of the line
            if answer is not None:
                self._tell(answer)

    def _advance(self, number: int, work: Steps) -> Answer | None:
        try:
            value = next(work)
        except StopIteration as stop:
            return Done(number, stop.value, self._device)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            return _failed(number, error)
        return None if value is None else Told(number, value, self._device)

    def _tell(self, answer: Answer) -> None:
        try:
            send(self._answers, answer)
        except OSError:
            os._exit(0)

    def _begin(self, asked: Ask) -> Steps:
        """The work for a request, from its first step on."""
        if asked.task == CHECK:
            from magic_viewer.pipeline.self_test import check_steps

            yield
            return (yield from check_steps(Path(asked.folder)))
        engine = self._loaded(asked.folder, anew=asked.task == "load")
        yield
        return (yield from TASKS[asked.task](engine, asked.subject))

    def _loaded(self, folder: str, anew: bool) -> "Engine":
        """The model asked for. One is kept; work in hand keeps its own."""
        from magic_viewer.pipeline.engine import Engine

        if self._engine is None or anew or folder != self._folder:
            self._engine = None
            self._folder, self._engine = folder, Engine.load(Path(folder))
        engine: Engine = self._engine
        return engine

    @property
    def _device(self) -> str:
        return self._engine.device if self._engine is not None else ""


def _failed(number: int, error: Exception) -> Failed:
    is_ours = isinstance(error, MagicViewerError)
    places = "".join(traceback.format_tb(error.__traceback__))
    return Failed(number, type(error).__name__, str(error) if is_ours else "", places)


def _facts(engine: "Engine", _: Any) -> Steps:
    yield from ()
    return ModelFacts(engine.info, engine.calibration, engine.model_hash)


TASKS: dict[str, Callable[["Engine", Any], Steps]] = {
    "load": _facts,
    "examine": lambda engine, image: engine.examine_steps(image),
    "generate": lambda engine, request: engine.generate_steps(request),
}


if __name__ == "__main__":
    main()
