"""Classifying the slices of a series one by one, in a worker. No Qt."""

import hashlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from magic_viewer.imaging.study import Slice, Volume
from magic_viewer.pipeline.results import Classification, SeriesClassification
from magic_viewer.ui.backend import Engine
from magic_viewer.ui.turns import Turns

# How often the answer for the series is renewed while slices come in.
_RENEWAL_SECONDS = 0.5
_SAMPLED_VALUES = 1 << 16


@dataclass(frozen=True, eq=False)
class SliceOutcome:
    """What came of one slice.

    Attributes:
        index: of the slice, 0-based.
        classification: the answer, or None where there is none.
        error: why there is none.
        fingerprint: of the slice's pixels, empty where they could not be read.
    """

    index: int
    classification: Classification | None
    error: Exception | None = None
    fingerprint: bytes = b""


def fingerprint(image: Slice) -> bytes:
    """Tells a slice from all others, also after its file was opened again."""
    values = image.modality_values
    sample = np.ascontiguousarray(values.ravel()[:: 1 + values.size // _SAMPLED_VALUES])
    # Its number would change while slices before it are still being read.
    place = image.index if image.affine is None else image.affine.tolist()
    facts = f"{place} {values.shape}".encode()
    return hashlib.blake2b(facts + sample.tobytes(), digest_size=16).digest()


def classify_slices(
    engine: Engine,
    volume: Volume,
    wanted: Sequence[int],
    known: Mapping[int, Classification],
    turns: Turns,
) -> Generator[SliceOutcome | SeriesClassification | None, None, SeriesClassification | None]:
    """Classifies slices; one that fails does not stop the others.

    Args:
        engine: the model.
        volume: read slice by slice.
        wanted: the slices to be classified.
        known: answers for slices that were classified before.
        turns: the slice in view goes before.

    Yields:
        What came of each slice, now and then the answer for the series so far, and None while
        others go before.

    Returns:
        The answer for the series; None where no slice has one.
    """
    answers, renewed = dict(known), time.monotonic()
    count = volume.shape[0]
    for index in wanted:
        outcome = yield from _outcome(engine, volume, index, turns)
        yield outcome
        if outcome.classification is not None:
            answers[index] = outcome.classification
        if answers and time.monotonic() - renewed > _RENEWAL_SECONDS:
            yield (yield from turns.later(engine.combine, tuple(answers.values()), count))
            renewed = time.monotonic()
    if not answers:
        return None
    return (yield from turns.later(engine.combine, tuple(answers.values()), count))


def _outcome(
    engine: Engine, volume: Volume, index: int, turns: Turns
) -> Generator[None, None, SliceOutcome]:
    mark = b""
    try:
        image = volume.read_slice(index)
        mark = fingerprint(image)
        examination = yield from turns.later(engine.examine, image)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other slices go on
        return SliceOutcome(index, None, error, mark)
    return SliceOutcome(index, examination.classification, None, mark)
