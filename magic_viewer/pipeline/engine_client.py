"""A model in a process of its own, used as if it were here: `load_engine` gives an `Engine`.

The process is started before it is needed, serves one model after the other, and is replaced when
it dies or doesn't let go of what it was told to stop.
"""

import atexit
import itertools
import threading
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from magic_viewer.errors import ModelError
from magic_viewer.imaging.study import PixelArray, Slice
from magic_viewer.paths import engine_child_command
from magic_viewer.pipeline.engine_line import DeadError, Line
from magic_viewer.pipeline.messages import CHECK, Ask, Done, ModelFacts, Told
from magic_viewer.pipeline.results import (
    Classification,
    Examination,
    ModelInfo,
    Sample,
    SampleRequest,
    SeriesClassification,
)
from magic_viewer.pipeline.series_answer import calibrated, series_answer
from magic_viewer.progress import Progress, drain

ENDED = "The model's process came to a sudden end. It is started again with the next request."


class ModelProcess:
    """One child at a time, made when there is none."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def start(self) -> None:
        """Makes the child now, so that the first request needn't wait for it.

        Raises:
            ModelError: the system has no room for another process.
        """
        self._living()

    @property
    def pid(self) -> int | None:
        """Of the child; None where there is none."""
        return self._line.pid if self._line is not None else None

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            if self._line is not None:
                self._line.end()
            self._line = None

    def ask(self, folder: Path, task: str, subject: Any = None) -> Generator[Told, None, Done]:
        """Asks, and passes on what is told.

        Raises:
            MagicViewerError: as the engine does; a ModelError also when the process dies.
            Stopped: the answer is no longer wanted.
        """
        while True:
            asked = Ask(next(self._numbers), str(folder), task, subject)
            try:
                return (yield from self._living().ask(asked))
            except DeadError as error:
                if not error.may_ask_again:
                    raise ModelError(ENDED) from None

    def _living(self) -> Line:
        with self._lock:
            if self._line is None or not self._line.is_alive:
                try:
                    self._line = Line(engine_child_command())
                except OSError as error:
                    raise ModelError(
                        "The model's process can't be started. Close other programs and try again."
                    ) from error
            return self._line


class EngineClient:
    """One model, ready for slices and requests, from any thread. Needs no torch here."""

    def __init__(self, process: ModelProcess, folder: Path) -> None:
        """Loads a model.

        Raises:
            ModelError: if anything in its folder doesn't fit.
        """
        self._process, self._folder = process, folder
        self._device = ""
        self._facts: ModelFacts = self._answer("load")

    @property
    def info(self) -> ModelInfo:
        """Name, labels, licence."""
        return self._facts.info

    @property
    def device(self) -> str:
        """Where it computes, for people; another than before when memory ran out there."""
        return self._device

    @property
    def model_hash(self) -> str:
        """SHA-256 of its weights, hex."""
        return self._facts.model_hash

    def examine(self, image: Slice) -> Examination:
        """Classifies and maps one slice; see `Engine.examine`."""
        examination: Examination = self._answer("examine", _lean(image))
        return examination

    def combine(self, answers: Sequence[Classification], count: int) -> SeriesClassification:
        """The answer for a series; see `Engine.combine`."""
        calibration = calibrated(self.info, self._facts.calibration)
        return series_answer(answers, count, self.info.labels, calibration)

    def generate(self, request: SampleRequest) -> Generator[Progress | Sample, None, None]:
        """Draws synthetic images; see `Engine.generate`."""
        yield from self._ask("generate", request)

    def _answer(self, task: str, subject: Any = None) -> Any:
        return drain(self._ask(task, subject))

    def _ask(self, task: str, subject: Any = None) -> Generator[Any, None, Any]:
        work = self._process.ask(self._folder, task, subject)
        try:
            while True:
                told = next(work)
                self._device = told.device
                yield told.value
        except StopIteration as stop:
            self._device = stop.value.device
            return stop.value.value
        finally:
            work.close()


def _lean(image: Slice) -> Slice:
    """What the engine needs of a slice: not what lies over it, nor how it is shown."""
    values: PixelArray = np.asarray(image.modality_values)  # type: ignore[assignment]
    return replace(image, modality_values=values, overlays=(), voi_lut=None)


def load_engine(folder: Path) -> EngineClient:
    """Loads a model into the program's one process for models.

    Raises:
        ModelError: if anything in its folder doesn't fit.
    """
    return EngineClient(model_process(), folder)


def check_model(folder: Path) -> Generator[Progress, None, dict[str, Any]]:
    """`self_test.check_steps` in the program's one process for models.

    Raises:
        ModelError: saying what isn't sound.
    """
    work = model_process().ask(folder, CHECK)
    try:
        while True:
            yield next(work).value
    except StopIteration as stop:
        found: dict[str, Any] = stop.value.value
        return found
    finally:
        work.close()


_process: ModelProcess | None = None
_lock = threading.Lock()


def model_process() -> ModelProcess:
    """The program's one process for models."""
    global _process
    with _lock:
        if _process is None:
            _process = ModelProcess()
            atexit.register(_process.close)
        return _process
