"""Segmentations and parametric maps laid over the images of the same frame of reference.

A slice gets those frames whose plane is its own: parallel, and no further away than half the
distance between slices. On another grid the nearest pixel is taken; nothing is made up between
planes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_findings import Quantity, Segments
from magic_viewer.imaging.dicom_headers import Frame
from magic_viewer.imaging.dicom_pixels import Stored
from magic_viewer.imaging.geometry import index_to_world, plane_affine, world_to_index
from magic_viewer.imaging.study import FloatArray, Overlay, Slice, Volume

_PARALLEL_FROM = 0.9999
_SAME_PLACE_MM = 0.01
_USUAL_SPACING_MM = 1.0
_FloatImage = npt.NDArray[np.float32]
_Place = tuple[int, str]
_Layer = tuple[str, int | str]  # file, and segment number or quantity


@dataclass(frozen=True, eq=False)
class Findings:
    """Frames to be laid over the images of one frame of reference.

    Attributes:
        frames: with a place, a spacing and a `finding`.
        positions: (frames, 3) LPS mm.
        normals: (frames, 3) unit vectors.
        step: mm between neighbouring planes, the least there is; 0 for one plane.
        numbers: of each layer that there is, from 1.
    """

    frames: tuple[Frame, ...]
    positions: FloatArray
    normals: FloatArray
    step: float
    numbers: Mapping[_Layer, int]


def findings_by_place(frames: Sequence[Frame]) -> dict[_Place, Findings]:
    """Collects segmentations and parametric maps by patient and frame of reference."""
    by_place: dict[_Place, list[Frame]] = defaultdict(list)
    for frame in frames:
        if frame.finding and frame.is_placed and frame.spacing and frame.frame_of_reference_uid:
            by_place[place_of(frame)].append(frame)
    return {place: _collect(found) for place, found in by_place.items()}


def place_of(frame: Frame) -> _Place:
    """What a finding and the images that it is laid over share."""
    return frame.patient, frame.frame_of_reference_uid


def _collect(frames: Sequence[Frame]) -> Findings:
    axes = np.array([frame.orientation for frame in frames]).reshape(-1, 2, 3)
    normals = np.cross(axes[:, 0], axes[:, 1])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    positions = np.array([frame.position for frame in frames], np.float64)
    steps = np.diff(np.sort(positions @ normals[0]))
    layers = dict.fromkeys(layer for frame in frames for layer in _layers(frame))
    return Findings(
        tuple(frames),
        positions,
        normals,
        float(min(steps[steps > _SAME_PLACE_MM], default=0.0)),
        {layer: number for number, layer in enumerate(layers, start=1)},
    )


def _layers(frame: Frame) -> Iterator[_Layer]:
    assert frame.finding is not None
    whole = frame.finding
    for part in whole.names if isinstance(whole, Segments) else (whole.name,):
        yield str(frame.source), part


def laid_over(volume: Volume, findings: Findings, read: Callable[[Frame], Stored]) -> Volume:
    """Gives the volume with what was found on each of its slices.

    Args:
        volume: images.
        findings: of the same frame of reference.
        read: gives a finding's stored values; called when a slice is asked for.
    """
    return replace(
        volume, read_slice=partial(_read_slice, volume, findings, read), has_findings=True
    )


def _read_slice(
    volume: Volume, findings: Findings, read: Callable[[Frame], Stored], k: int
) -> Slice:
    image = volume.read_slice(k)
    if image.affine is None:
        return image
    reach = max(volume.spacing[0] or _USUAL_SPACING_MM, findings.step) / 2
    found: dict[_Layer, tuple[str, _FloatImage]] = {}
    for frame, layers in _nearest(findings, image.affine, reach):
        # A finding that is damaged must not keep the image from showing.
        with suppress(ImagingError):
            stored = _on_grid(frame, image, read(frame))
            for layer in layers:
                name, values = _part(frame, layer, stored)
                found[layer] = name, np.fmax(found.get(layer, (name, values))[1], values)
    overlays = [
        _overlay(*found[layer], number, isinstance(layer[1], str))
        for layer, number in findings.numbers.items()
        if layer in found
    ]
    shown = tuple(one for one in overlays if one.mask.any())
    return replace(image, overlays=(*image.overlays, *shown))


def _overlay(name: str, values: _FloatImage, number: int, is_map: bool) -> Overlay:
    return Overlay(name, np.isfinite(values), values if is_map else None, number)


def _nearest(
    findings: Findings, affine: FloatArray, reach: float
) -> Iterator[tuple[Frame, list[_Layer]]]:
    """Gives the frames in a slice's plane, with those of their layers that no other is nearer to.

    Several may share the nearest plane, as the tiles of one do.
    """
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    distances = np.abs((findings.positions - affine[:3, 3]) @ normal)
    is_near = distances <= reach + _SAME_PLACE_MM
    is_near &= np.abs(findings.normals @ normal) >= _PARALLEL_FROM
    least: dict[_Layer, float] = {}
    for index in sorted(np.flatnonzero(is_near), key=lambda index: float(distances[index])):
        frame, distance = findings.frames[index], float(distances[index])
        layers = [
            layer
            for layer in _layers(frame)
            if distance <= least.setdefault(layer, distance) + _SAME_PLACE_MM
        ]
        if layers:
            yield frame, layers


def _on_grid(frame: Frame, image: Slice, stored: Stored) -> _FloatImage:
    """Brings a frame's stored values to the slice's pixels, NaN outside."""
    assert image.affine is not None
    assert frame.position is not None
    assert frame.orientation is not None
    assert frame.spacing is not None
    affine = plane_affine(frame.position, frame.orientation, frame.spacing)
    # In parallel planes one step along a row or column is the same step everywhere.
    corners = index_to_world(image.affine, [(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    start, right, down = world_to_index(affine, corners)[:, :2]
    rows, columns = np.arange(image.shape[0])[:, None], np.arange(image.shape[1])[None]
    i, j = (
        np.rint(start[axis] + columns * (right - start)[axis] + rows * (down - start)[axis])
        for axis in (0, 1)
    )
    is_inside = (i >= 0) & (i < stored.shape[1]) & (j >= 0) & (j < stored.shape[0])
    values = np.full(image.shape, np.nan, np.float32)
    values[is_inside] = stored[j[is_inside].astype(np.intp), i[is_inside].astype(np.intp)]
    return values


def _part(frame: Frame, layer: _Layer, stored: _FloatImage) -> tuple[str, _FloatImage]:
    """Gives a layer's name and its values, NaN where it isn't; 1 inside a segment."""
    finding, part = frame.finding, layer[1]
    if isinstance(finding, Quantity):
        if finding.padding is not None:
            stored = np.where(stored == np.float32(finding.padding), np.float32(np.nan), stored)
        scaled = stored * np.float32(finding.slope) + np.float32(finding.intercept)
        return finding.name, scaled
    assert isinstance(finding, Segments)
    assert isinstance(part, int)
    is_inside = stored == part if finding.least is None else stored >= finding.least
    return finding.names[part], np.where(is_inside, np.float32(1), np.float32(np.nan))
