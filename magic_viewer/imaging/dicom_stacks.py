"""Which images make a stack, and in what order.

Images of one series are one stack when they share orientation, size, spacing and frame of
reference. A stack is sorted by position along its normal. Several images at every position
(time, echo, b-value) make several volumes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from magic_viewer.imaging.dicom_headers import Frame
from magic_viewer.imaging.geometry import plane_affine
from magic_viewer.imaging.study import FloatArray

_SAME_DIRECTION = 0.01
_SAME_PLACE_MM = 0.01
_EVEN_WITHIN = 0.05
_GAP_FROM = 1.5
_GAPS_AT_MOST = 0.25
_TILT_FROM = 0.01
_TOLD_BY = (
    ("echo_time", "TE {:g} ms"),
    ("time", "time {:g}"),
    ("trigger_time", "{:g} ms after trigger"),
    ("b_value", "b {:g} s/mm²"),
)


@dataclass(frozen=True, eq=False)
class Stack:
    """Images in the order of display.

    Attributes:
        volumes: each a row of as many images as the others.
        affine: (i, j, k) -> LPS mm of every volume; None when there isn't one.
        slice_spacing: mm along the normal; None when unknown or uneven.
        notices: sentences for the user.
    """

    volumes: tuple[tuple[Frame, ...], ...]
    affine: FloatArray | None
    slice_spacing: float | None
    notices: tuple[str, ...]


def group_frames(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Parts images into stacks, in the order they came.

    Images of several kinds in unequal numbers make a stack for each kind.
    """
    by_key: dict[tuple[object, ...], list[list[Frame]]] = defaultdict(list)
    groups: list[list[Frame]] = []
    for frame in frames:
        alike = by_key[_key(frame)]
        for group in alike:
            if _parallel(group[0], frame):
                group.append(frame)
                break
        else:
            alike.append([frame])
            groups.append(alike[-1])
    return list(chain.from_iterable(map(_kinds_apart, groups)))


def _kinds_apart(group: list[Frame]) -> list[list[Frame]]:
    """Parts a stack whose positions hold unequal numbers of images by what the images are."""
    if not all(frame.is_placed for frame in group):
        return [group]
    if len({len(plane) for plane in _planes(_without_duplicates(group)[0])}) == 1:
        return [group]
    kinds: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in group:
        rank = frame.rank
        kinds[rank.image_type, rank.echo_time, rank.b_value].append(frame)
    return list(kinds.values())


def _key(frame: Frame) -> tuple[object, ...]:
    spacing = frame.spacing and tuple(round(mm, 3) for mm in frame.spacing)
    # A cine without positions is time, not depth: it is a stack of its own.
    alone = None if frame.format.frames == 1 or frame.is_placed else str(frame.source)
    reference = frame.frame_of_reference_uid
    kind = frame.shape, frame.format.is_color, frame.is_localizer
    return frame.patient, frame.series_uid, reference, *kind, spacing, alone


def _parallel(one: Frame, other: Frame) -> bool:
    if one.orientation is None or other.orientation is None:
        return one.orientation is other.orientation
    return bool(np.allclose(one.orientation, other.orientation, rtol=0, atol=_SAME_DIRECTION))


def stack(group: Sequence[Frame]) -> Stack:
    """Sorts the images of one group into volumes and measures their spacing."""
    frames, notices = _without_duplicates(group)
    notices += sorted({notice for frame in frames for notice in frame.notices})
    if frames[0].is_localizer:
        notices.append("A localizer: taken to plan other series on.")
    if not all(frame.is_placed for frame in frames):
        ordered = sorted(frames, key=lambda f: (f.rank.instance, f.rank.frame, str(f.source)))
        return Stack((tuple(ordered),), None, None, tuple(notices))
    planes = _planes(frames)
    counts = {len(plane) for plane in planes}
    if len(counts) > 1:
        notices.append(
            "Some positions hold more images than others: all are shown in one row, not as volumes."
        )
        return Stack((tuple(chain.from_iterable(planes)),), None, None, tuple(notices))
    volumes = tuple(zip(*planes, strict=True))
    affine, spacing = _measure(volumes[0], notices)
    return Stack(volumes, affine, spacing, tuple(notices))


def volume_names(volumes: Sequence[Sequence[Frame]]) -> list[str]:
    """Says of each volume what sets it apart from the others; "" where the files don't."""
    ranks = [volume[0].rank for volume in volumes]
    if len(ranks) == 1:
        return [""]
    names: list[list[str]] = [[] for _ in ranks]
    _name_types(names, [rank.image_type for rank in ranks])
    for field, unit in _TOLD_BY:
        values = [getattr(rank, field) for rank in ranks]
        if len(set(values)) > 1:
            for name, value in zip(names, values, strict=True):
                name.append(unit.format(value))
    return [", ".join(name) for name in names]


def _name_types(names: list[list[str]], types: list[tuple[str, ...]]) -> None:
    """Adds those values of Image Type that not all have."""
    shared = set(types[0]).intersection(*types)
    for name, values in zip(names, types, strict=True):
        own = [value for value in values if value not in shared]
        if own:
            name.append("/".join(own))


def _without_duplicates(group: Sequence[Frame]) -> tuple[list[Frame], list[str]]:
    """Drops copies of one image, which share all that tells images apart."""
    kept = {(f.instance_uid, f.number, f.position, f.rank): f for f in reversed(group)}
    frames = list(reversed(kept.values()))
    dropped = len(group) - len(frames)
    return frames, [f"Left out as duplicate: {dropped} of {len(group)} images."] if dropped else []


def _normal(frame: Frame) -> FloatArray:
    assert frame.orientation is not None
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    unit: FloatArray = normal / np.linalg.norm(normal)
    return unit


def _planes(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Sorts images along the normal and puts those of one position together, by rank."""
    normal = _normal(frames[0])
    depths = [float(np.dot(normal, np.asarray(frame.position))) for frame in frames]
    planes: list[list[Frame]] = []
    last = -np.inf
    for index in np.argsort(depths, kind="stable"):
        if depths[index] - last > _SAME_PLACE_MM:
            planes.append([])
            last = depths[index]
        planes[-1].append(frames[index])
    return [sorted(plane, key=lambda frame: frame.rank) for plane in planes]


def _measure(frames: Sequence[Frame], notices: list[str]) -> tuple[FloatArray | None, float | None]:
    """Gives the affine and slice spacing of parallel images in order, when they have one."""
    if len(frames) == 1:
        return _affine(frames[0], None), None
    normal = _normal(frames[0])
    positions = np.array([frame.position for frame in frames])
    depths = positions @ normal
    step = (positions[-1] - positions[0]) / (len(frames) - 1)
    spacing = float(step @ normal)
    sideways = float(np.linalg.norm(step - spacing * normal))
    if sideways > _TILT_FROM * spacing:
        angle = np.degrees(np.arctan2(sideways, spacing))
        notices.append(f"Slices are not at right angles to their stack: gantry tilt {angle:.1f}°.")
    uneven = _unevenness(depths)
    if uneven:
        notices += uneven
        return None, None
    fitted = positions[0] + np.arange(len(frames))[:, None] * step
    if np.abs(positions - fitted).max() > spacing / 2:
        notices.append("Slices are shifted sideways against each other.")
        return None, spacing
    return _affine(frames[0], step), spacing


def _affine(frame: Frame, step: FloatArray | None) -> FloatArray | None:
    if frame.position is None or frame.orientation is None or frame.spacing is None:
        return None
    return plane_affine(frame.position, frame.orientation, frame.spacing, step)


def _unevenness(depths: FloatArray) -> list[str]:
    """Says what is wrong with the distances between sorted slices, if anything.

    A few wide steps are gaps; many are a stack whose spacing changes.
    """
    steps = np.diff(depths)
    usual = float(np.median(steps))
    gaps = [pair for pair in pairwise(depths) if pair[1] - pair[0] > _GAP_FROM * usual]
    if gaps and len(gaps) <= len(steps) * _GAPS_AT_MOST:
        return [
            f"There is a missing slice between {low:.1f} and {high:.1f} mm." for low, high in gaps
        ]
    if np.abs(steps - usual).max() > _EVEN_WITHIN * usual:
        return [f"Slices are unevenly spaced, {steps.min():.2f} to {steps.max():.2f} mm apart."]
    return []
