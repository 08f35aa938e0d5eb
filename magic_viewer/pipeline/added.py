"""Models that the user adds: checked before anything is kept, kept whole or not at all.

A model is first copied into a folder beside where it will lie, whose name starts with a dot, and
checked there. Keeping it is one renaming, as is taking it away. What an interruption leaves behind
is no model, and goes a day later.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from magic_viewer.errors import ModelError, RequestError
from magic_viewer.flow.config import WEIGHTS
from magic_viewer.paths import added_models, is_added, model_folders
from magic_viewer.pipeline.library import CARD, CONFIG, read_bundle
from magic_viewer.pipeline.model_file import copy, unpack
from magic_viewer.pipeline.model_schema import require_config
from magic_viewer.pipeline.results import ModelInfo
from magic_viewer.progress import Progress

_UNFINISHED = ".unfinished-"
_DAY_SECONDS = 86_400
Check = Callable[[Path], Generator[Progress, None, dict[str, Any]]]


@dataclass(frozen=True)
class StagedModel:
    """A model that was checked, and waits to be kept or thrown away.

    Attributes:
        source: the file or folder it came from.
        folder: its copy, in a folder of its own.
        info: what its configuration says.
        name: what it will be called: another name than its own where that is taken.
        card: what its makers say of it, Markdown.
        sha256: of its weights, hex.
        n_bytes: of all its files.
        same: name of a model there is that is the same; "" where there is none.
    """

    source: Path
    folder: Path
    info: ModelInfo
    name: str
    card: str
    sha256: str
    n_bytes: int
    same: str


def stage_model(source: Path, check: Check) -> Generator[Progress, None, StagedModel]:
    """Copies a model and checks everything about the copy.

    Args:
        source: a .magicmodel file or a model's folder.
        check: `self_test.check_steps`, or `engine_client.check_model` where torch is to stay away.

    Returns:
        The model; to be given to `keep` or `discard`.

    Raises:
        ModelError: which part doesn't fit; or the user's folder can't be written.
    """
    place = _make_place()
    try:
        staged = yield from _stage(source, place, check)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return staged


def keep(staged: StagedModel) -> Path:
    """Adds a checked model to those that can be chosen.

    Raises:
        ModelError: it can't be written.
    """
    folder = added_models() / staged.name
    try:
        staged.folder.rename(folder)
    except OSError as error:
        raise _not_written(error) from error
    finally:
        discard(staged)
    return folder


def discard(staged: StagedModel) -> None:
    """Throws a checked model's copy away."""
    shutil.rmtree(staged.folder.parent, ignore_errors=True)


def remove_model(folder: Path) -> None:
    """Takes an added model away.

    Raises:
        RequestError: it isn't one that the user has added.
        ModelError: it can't be removed.
    """
    if not is_added(folder):
        raise RequestError(
            f"{folder.name} was not added by you, so it can't be removed here. "
            "'magic-viewer models' lists the models."
        )
    place = _make_place()
    try:
        folder.rename(place / folder.name)
    except OSError as error:
        raise ModelError(
            f"{folder}: can't be removed ({error.strerror}). Close other windows and try again."
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _stage(source: Path, place: Path, check: Check) -> Generator[Progress, None, StagedModel]:
    try:
        take = copy if source.is_dir() else unpack
        folder = yield from take(source, place)
        info = _read_info(folder)
        card = (folder / CARD).read_text(encoding="utf-8")
        found = yield from check(folder)
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
        same = _same_as(folder, found["sha256"])
    except UnicodeDecodeError as error:
        raise ModelError(f"{source}: expected {CARD} to be text in UTF-8.") from error
    except ModelError as error:
        # The user knows nothing of the copy.
        said = str(error).replace(f"{place}{os.sep}", f"{source}: ")
        raise ModelError(said) from error
    except OSError as error:
        if str(error.filename or "").startswith(str(source)):
            raise ModelError(f"{source}: can't be read ({error.strerror}).") from error
        raise _not_written(error) from error
    return StagedModel(
        source, folder, info, _free_name(info.name), card, found["sha256"], n_bytes, same
    )


def _read_info(folder: Path) -> ModelInfo:
    path = folder / CONFIG
    with suppress(ValueError, RecursionError):  # which read_bundle puts into words
        require_config(path, json.loads(path.read_text(encoding="utf-8")))
    return read_bundle(folder).info


def _same_as(folder: Path, sha256: str) -> str:
    """The name of a model with the same weights and configuration."""
    config = (folder / CONFIG).read_bytes()
    size = (folder / WEIGHTS).stat().st_size
    for other in model_folders():
        weights = other / WEIGHTS
        if not weights.is_file() or weights.stat().st_size != size:
            continue
        if (other / CONFIG).read_bytes() == config and _hash(weights) == sha256:
            return other.name
    return ""


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _free_name(name: str) -> str:
    """The name itself, or with a number where another model has it."""
    taken = {folder.name.casefold() for folder in model_folders()}
    taken |= {path.name.casefold() for path in added_models().iterdir()}
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in names if one.casefold() not in taken)


def _make_place() -> Path:
    """A folder of our own beside the user's models; old ones go."""
    home = added_models()
    try:
        home.mkdir(parents=True, exist_ok=True)
        for old in home.glob(f"{_UNFINISHED}*"):
            if time.time() - old.stat().st_mtime > _DAY_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=home))
    except OSError as error:
        raise _not_written(error) from error


def _not_written(error: OSError) -> ModelError:
    return ModelError(
        f"{added_models()}: the model can't be kept there ({error.strerror}). Make room or allow "
        "writing, and add it again."
    )
