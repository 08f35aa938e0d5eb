"""Markings as a JSON file: where they lie and what they measured. Names no patient.

A series is told by its DICOM UID and its size, or by its place in the list for formats
without UIDs. What was measured is for other programs; here it is measured again.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from magic_viewer.errors import ExportError, ImagingError
from magic_viewer.imaging.marking import KINDS, Marking, Place, inside, points_needed
from magic_viewer.imaging.measure import Measurement
from magic_viewer.imaging.study import Series, Study

FORMAT: Final = "MAGIC Viewer measurements"
VERSION: Final = 1

_T = TypeVar("_T")


def save(
    markings: Sequence[Marking],
    measured: Mapping[Marking, Measurement | None],
    study: Study,
    path: Path,
) -> None:
    """Writes markings with what is known of their values.

    Raises:
        ExportError: the file can't be written.
    """
    text = as_text(markings, measured, study)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(
            f"The measurements could not be written: {error.strerror or 'unknown reason'}. "
            "Choose another folder."
        ) from error


def as_text(
    markings: Sequence[Marking], measured: Mapping[Marking, Measurement | None], study: Study
) -> str:
    """What `save` writes."""
    numbers = sorted({marking.place.series for marking in markings})
    content = {
        "format": FORMAT,
        "version": VERSION,
        "points": "column, row; pixel centres at whole numbers; slices from 0",
        "series": [_series_facts(study, number) for number in numbers],
        "markings": [_marking_facts(marking, measured.get(marking)) for marking in markings],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def load(path: Path, study: Study) -> tuple[Marking, ...]:
    """Reads markings that belong to a study.

    Raises:
        ImagingError: the file can't be read, is damaged, or belongs to another study.
    """
    content = _read(path)
    series = _checked(lambda: _find_all(content["series"], study), "The list of series")
    markings = _checked(lambda: list(content["markings"]), "The list of measurements")
    return tuple(
        _checked(partial(_marking, fact, series, study), f"Measurement {number}")
        for number, fact in enumerate(markings, 1)
    )


def _series_facts(study: Study, number: int) -> dict[str, Any]:
    series = study.series[number]
    return {
        "number": number,
        "uid": series.uid,
        "volumes": len(series.volumes),
        "shape": list(series.volumes[0].shape),
    }


def _marking_facts(marking: Marking, measured: Measurement | None) -> dict[str, Any]:
    facts = {
        "kind": marking.kind,
        **marking.place._asdict(),
        "points": [list(point) for point in marking.points_index],
        "text": marking.text,
    }
    if measured is not None:
        facts["measured"] = {name: _plain(value) for name, value in asdict(measured).items()}
    return facts


def _plain(value: object) -> object:
    """JSON has no word for NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImagingError(
            f"The file of measurements can't be read: {error.strerror or 'unknown reason'}."
        ) from error
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ImagingError("This is no file of measurements; choose one saved by MAGIC Viewer.")
    if content.get("version") != VERSION:
        raise ImagingError(
            "This file of measurements is of another version; open it with the version of "
            "MAGIC Viewer that saved it."
        )
    return content


def _checked(read: Callable[[], _T], what: str) -> _T:
    """Runs what reads a part, and turns all that a damaged part can do into one sentence."""
    try:
        return read()
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ImagingError(f"{what} in this file is damaged; save the file again.") from error


def _find_all(facts: Sequence[Mapping[str, Any]], study: Study) -> dict[int, int]:
    """Which series of the study each number of the file means."""
    return {_whole(fact["number"]): _find(fact, study) for fact in facts}


def _find(fact: Mapping[str, Any], study: Study) -> int:
    uid, number = str(fact["uid"]), _whole(fact["number"])
    same = [place for place, one in enumerate(study.series) if _is_same(fact, one)]
    if uid and same:
        return number if number in same else same[0]
    if not uid and number in same:
        return number
    raise ImagingError(
        "These measurements belong to a scan that is not open; open all of that scan first."
    )


def _is_same(fact: Mapping[str, Any], series: Series) -> bool:
    return (
        fact["uid"] == series.uid
        and fact["volumes"] == len(series.volumes)
        and tuple(fact["shape"]) == series.volumes[0].shape
    )


def _marking(fact: Mapping[str, Any], series: Mapping[int, int], study: Study) -> Marking:
    place = Place(series[_whole(fact["series"])], _whole(fact["volume"]), _whole(fact["slice"]))
    volume = study.series[place.series].volumes[place.volume]
    kind, text = fact["kind"], fact["text"]
    points = tuple((float(column), float(row)) for column, row in fact["points"])
    needed = points_needed(kind)
    is_whole = len(points) >= needed if kind == "freehand" else len(points) == needed
    is_inside = all(inside(point, volume.shape[1:]) == point for point in points)
    if not (kind in KINDS and isinstance(text, str) and is_whole and is_inside):
        raise ValueError(kind)
    if not 0 <= place.slice < volume.shape[0]:
        raise ValueError(place)
    return Marking(kind, points, place, text)


def _whole(value: object) -> int:
    """A count from 0, as it stands."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value
