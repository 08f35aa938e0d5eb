"""A study in words and numbers, ready for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from magic_viewer.errors import ImagingError, RequestError
from magic_viewer.imaging.geometry import edge_letters, index_to_world, plane_name, swap_lps_ras
from magic_viewer.imaging.study import FloatArray, Series, Slice, Study, Volume

Index = tuple[int, ...]


def describe(study: Study, voxels: Sequence[Index] = ()) -> dict[str, Any]:
    """Says what a study holds.

    The first and last image of every series are decoded, so that a series whose pixels are
    damaged is told among "rejected".

    Args:
        study: what was opened.
        voxels: places to read in the largest series: DICOM and pictures (slice, row, column) in
            the order of display, NIfTI and the like (i, j, k) as stored; one number more names
            the volume.

    Returns:
        {"series": [...], "rejected": [{"file", "reason"}]}. A DICOM series whose images had to be
        shown in parts is there once, with the smaller ones under "other_stacks".

    Raises:
        ImagingError: there are series, but no pixels of any can be decoded.
        RequestError: a voxel lies outside the series.
    """
    described: list[tuple[Series, dict[str, Any]]] = []
    rejected = [{"file": notice.file, "reason": notice.text} for notice in study.rejected]
    for series in study.series:
        try:
            described.append((series, _describe_series(series)))
        except ImagingError as error:
            rejected.append({"file": series.title, "reason": str(error)})
    if study.series and not described:
        raise ImagingError(rejected[-1]["reason"])
    if described and voxels:
        series, facts = max(described, key=lambda pair: pair[1]["slices"])
        facts["voxels"] = [_voxel(series, index) for index in voxels]
    return {"series": _by_uid(described), "rejected": rejected}


def describe_in_words(study: Study) -> str:
    """Says the same in lines for people.

    Raises:
        ImagingError: as `describe`.
    """
    answer = describe(study)
    lines: list[str] = []
    for series in answer["series"]:
        for part in (series, *series.get("other_stacks", ())):
            lines += _lines(part)
    lines += [f"Not opened: {entry['reason']}" for entry in answer["rejected"]]
    return "\n".join(lines)


def _lines(facts: dict[str, Any]) -> list[str]:
    """Gives a series' title, what it is, and its notices."""
    size = " × ".join(map(str, facts["shape"]))
    volumes = f", {facts['volumes']} volumes" if facts["volumes"] > 1 else ""
    kind = " ".join(part for part in (facts["format"], facts["modality"], facts["plane"]) if part)
    lines = [facts["title"], f"  {kind}, {size}{volumes}"]
    if facts["spacing_row_col"]:
        rows, columns = facts["spacing_row_col"]
        between = facts["slice_spacing"]
        slices = f", slices {between:.2f} mm apart" if between else ""
        lines.append(f"  pixels {rows:.2f} × {columns:.2f} mm{slices}")
    if facts["edges"]:
        lines.append("  edges: " + ", ".join(f"{edge} {at}" for edge, at in facts["edges"].items()))
    if facts.get("orientation_from"):
        lines.append(f"  orientation from its {facts['orientation_from']}")
    if facts["window"]:
        center, width = facts["window"]
        lines.append(f"  window {width:g} wide around {center:g} {facts['unit'] or ''}".rstrip())
    lines += [f"  overlay: {name}" for name in facts["overlays"]]
    return lines + [f"  note: {notice}" for notice in facts["notices"]]


def _by_uid(described: list[tuple[Series, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Lists a DICOM series that is shown in parts once: its largest part, with the others in it."""
    listed: dict[object, dict[str, Any]] = {}
    for series, facts in sorted(described, key=lambda pair: -pair[1]["slices"]):
        main = listed.setdefault(series.uid or id(series), facts)
        if main is not facts:
            main.setdefault("other_stacks", []).append(facts)
    return [facts for _, facts in described if any(facts is main for main in listed.values())]


def _describe_series(series: Series) -> dict[str, Any]:
    volume = series.volumes[0]
    first = volume.read_slice(0)
    series.volumes[-1].read_slice(volume.shape[0] - 1)
    letters = edge_letters(first.affine)
    windows = [[window.center, window.width] for window in first.windows]
    facts = {
        "title": series.title,
        "format": series.format,
        "modality": series.modality,
        "shape": _shape(series, first),
        "slices": volume.shape[0],
        "volumes": len(series.volumes),
        "color": _color(first),
        "spacing_row_col": list(first.spacing) if first.spacing else None,
        "slice_spacing": volume.spacing[0],
        "plane": plane_name(first.affine),
        "edges": asdict(letters) if letters else None,
        "window": windows[0] if windows else None,
        "windows": windows,
        "unit": first.unit,
        "overlays": [overlay.name for overlay in first.overlays],
        "notices": [notice.text for notice in series.notices],
    }
    if volume.stored_to_index is not None:
        facts |= _stored_axes(volume, volume.stored_to_index)
        facts["orientation_from"] = series.orientation_from or None
    return facts


def _color(image: Slice) -> str | None:
    if not image.is_color:
        return None
    return "PALETTE" if image.photometric_interpretation == "PALETTE COLOR" else "RGB"


def _shape(series: Series, first: Slice) -> list[int]:
    """Gives the sizes of the file's own axes."""
    volume = series.volumes[0]
    if volume.stored_to_index is None:
        return [*volume.shape, 3] if _color(first) == "RGB" else list(volume.shape)
    sizes = _along_stored(volume.stored_to_index, np.array(volume.shape[::-1]))
    return [round(size) for size in sizes] + ([len(series.volumes)] if series.volumes[1:] else [])


def _along_stored(stored_to_index: FloatArray, along_index: FloatArray) -> list[float]:
    """Brings one number for each axis here into the order of the file's axes."""
    return [float(number) for number in np.abs(stored_to_index[:3, :3]).T @ along_index]


def _stored_axes(volume: Volume, stored_to_index: FloatArray) -> dict[str, Any]:
    from nibabel.orientations import aff2axcodes

    spacing = np.array([mm or 0.0 for mm in reversed(volume.spacing)])
    codes = None
    if volume.affine is not None:
        codes = "".join(aff2axcodes(swap_lps_ras(volume.affine @ stored_to_index)))
    return {"axcodes": codes, "zooms": _along_stored(stored_to_index, spacing)}


def _voxel(series: Series, index: Index) -> dict[str, Any]:
    """Reads one voxel; `index` as in `describe`."""
    if len(index) not in (3, 4):
        raise RequestError(f"A voxel has 3 or 4 numbers, {len(index)} were given.")
    volume_number = index[3] if len(index) == 4 else 0
    if not 0 <= volume_number < len(series.volumes):
        raise RequestError(
            f"Volume {volume_number} was asked for, there are {len(series.volumes)}."
        )
    volume = series.volumes[volume_number]
    if volume.stored_to_index is None:
        k, row, column = index[:3]
    else:
        place = volume.stored_to_index @ [*index[:3], 1]
        column, row, k = (round(float(part)) for part in place[:3])
    if not all(0 <= at < size for at, size in zip((k, row, column), volume.shape, strict=True)):
        raise RequestError(f"Voxel {index} lies outside the series.")
    return {"index": list(index), **_reading(volume.read_slice(k), row, column)}


def _reading(image: Slice, row: int, column: int) -> dict[str, Any]:
    found = image.modality_values[row, column]
    facts: dict[str, Any] = {"unit": image.unit or ""}
    if image.is_color:
        facts["value"] = [int(channel) for channel in found]
    else:
        value = float(found)
        facts["value"] = value if isfinite(value) else None
        facts["stored"] = _stored(image, value)
    if image.affine is not None:
        world = index_to_world(swap_lps_ras(image.affine), (column, row, 0))
        facts["world_ras"] = [float(mm) for mm in world]
    return facts


def _stored(image: Slice, value: float) -> float | None:
    if image.rescale_slope is None or not isfinite(value):
        return None
    stored = (value - image.rescale_intercept) / image.rescale_slope
    return round(stored, 3)
