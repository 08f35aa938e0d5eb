"""What the window asks of the layers below. Heavy imports happen on the call, in a worker."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from magic_viewer import paths
from magic_viewer.errors import MagicViewerError
from magic_viewer.imaging.study import Slice, Study
from magic_viewer.pipeline.results import (
    Classification,
    Examination,
    ModelInfo,
    Sample,
    SampleRequest,
    SeriesClassification,
)
from magic_viewer.progress import Progress

if TYPE_CHECKING:
    from magic_viewer.pipeline.added import StagedModel


class Engine(Protocol):
    """A loaded model."""

    @property
    def info(self) -> ModelInfo:
        """What the user should know of it."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def model_hash(self) -> str:
        """SHA-256 of its weights, hex."""

    def examine(self, image: Slice, /) -> Examination:
        """Classifies and explains one slice."""

    def combine(self, answers: Sequence[Classification], count: int, /) -> SeriesClassification:
        """The answer for a series of `count` slices, from those for its slices."""

    def generate(self, request: SampleRequest, /) -> Generator[Progress | Sample, None, None]:
        """Draws synthetic images."""


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be chosen.

    Attributes:
        folder: where it lies.
        info: None when its folder can't be read.
        problem: why not, one sentence.
    """

    folder: Path
    info: ModelInfo | None
    problem: str = ""

    @property
    def is_added(self) -> bool:
        """Whether the user has added it, and may remove it."""
        return paths.is_added(self.folder)


@dataclass(frozen=True)
class Backend:
    """The five things the window can't do itself; each may take long."""

    open_study: Callable[[Sequence[Path]], Generator[Progress | Study, None, Study]]
    sample_scans: Callable[[], list[Path]]
    list_models: Callable[[], list[ModelEntry]]
    load_engine: Callable[[Path], Engine]
    stage_model: Callable[[Path], Generator[Progress, None, "StagedModel"]]


def real_backend() -> Backend:
    """The program's own."""
    return Backend(_open_study, _sample_scans, _list_models, _load_engine, _stage_model)


def _open_study(given: Sequence[Path]) -> Generator[Progress | Study, None, Study]:
    from magic_viewer.imaging.load import open_study

    return (yield from open_study(given))


def _sample_scans() -> list[Path]:
    from magic_viewer.imaging.samples import sample_scans

    return sample_scans()


def _list_models() -> list[ModelEntry]:
    return [_entry(folder) for folder in paths.model_folders()]


def _entry(folder: Path) -> ModelEntry:
    from magic_viewer.pipeline.library import read_info

    try:
        return ModelEntry(folder, read_info(folder))
    except MagicViewerError as error:
        return ModelEntry(folder, None, str(error))


def _load_engine(folder: Path) -> Engine:
    from magic_viewer.pipeline.engine_client import load_engine

    return load_engine(folder)


def _stage_model(source: Path) -> Generator[Progress, None, "StagedModel"]:
    from magic_viewer.pipeline.added import stage_model
    from magic_viewer.pipeline.engine_client import check_model

    return (yield from stage_model(source, check_model))
