"""Lengths, angles and regions in numbers. Millimetres only where the spacing is the patient's."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.marking import Marking, outline
from magic_viewer.imaging.study import FloatArray, Slice

Mask = npt.NDArray[np.bool_]

_BINS = 32
_LINES_PER_ROW = 16


@dataclass(frozen=True)
class Length:
    """A distance, in "mm" or "px"."""

    value: float
    unit: str


@dataclass(frozen=True)
class Angle:
    """An angle of 0..180 degrees."""

    value: float
    unit: str = "°"


@dataclass(frozen=True)
class Statistics:
    """The pixels of a region that hold a number and aren't padding.

    Attributes:
        mean: NaN, as the three after it, where no pixel counts; always in colour.
        sd: of the pixels themselves (divided by their number).
        minimum: the lowest value.
        maximum: the highest value.
        area: of the shape itself, not of its pixels.
        area_unit: "mm²" or "px²".
        count: pixels whose centre lies inside and that hold a number.
        unit: of the values; "" when unknown.
        histogram: pixels in each of equally wide bins from `minimum` to `maximum`.
    """

    mean: float
    sd: float
    minimum: float
    maximum: float
    area: float
    area_unit: str
    count: int
    unit: str
    histogram: tuple[int, ...] = ()


Measurement = Length | Angle | Statistics


def measure(marking: Marking, image: Slice) -> Measurement | None:
    """What a marking measures on its slice; None for an arrow."""
    if marking.kind == "distance":
        return length(marking, image)
    if marking.kind == "angle":
        return angle(marking, image)
    return statistics(marking, image) if marking.is_region else None


def length(marking: Marking, image: Slice) -> Length:
    """From the first point to the second."""
    first, second = np.asarray(marking.points_index[:2], np.float64)
    if image.spacing is None:
        return Length(float(np.linalg.norm(second - first)), "px")
    return Length(float(np.linalg.norm((second - first) @ _pixel_edges(image))), "mm")


def angle(marking: Marking, image: Slice) -> Angle:
    """Between the arms at the second point, as the patient has it; 0 when an arm has no length."""
    arm, vertex, other = np.asarray(marking.points_index, np.float64)
    first, second = (arm - vertex) @ _pixel_edges(image), (other - vertex) @ _pixel_edges(image)
    across = np.linalg.norm(np.cross(first, second))
    return Angle(float(np.degrees(np.arctan2(across, first @ second))))


def statistics(marking: Marking, image: Slice) -> Statistics:
    """Mean, SD, range, histogram and area of a region; only the area in colour."""
    along_row, along_column = _pixel_edges(image)
    is_known = image.spacing is not None
    pixel = float(np.linalg.norm(np.cross(along_row, along_column))) if is_known else 1.0
    values = _counted_values(marking, image)
    some = values if values.size else np.array([np.nan])
    low, high = float(some.min()), float(some.max())
    return Statistics(
        mean=float(some.mean()),
        sd=float(some.std()),
        minimum=low,
        maximum=high,
        area=_pixels_enclosed(marking) * pixel,
        area_unit="mm²" if is_known else "px²",
        count=values.size,
        unit=image.unit or "",
        histogram=_histogram(values, low, high) if values.size else (),
    )


def region_mask(marking: Marking, shape: tuple[int, int]) -> Mask:
    """Which pixel centres of a slice of (rows, columns) lie inside a region.

    A centre on the left or upper edge is inside, one on the right or lower edge is not, so
    that regions side by side share no pixel. Where an outline crosses itself, what it winds
    round twice is outside.
    """
    rows, columns = shape
    return _mask(outline(marking), range(rows), range(columns))


def _mask(points: FloatArray, rows: range, columns: range) -> Mask:
    """Every crossing of a row flips what lies right of it."""
    flips = np.zeros((len(rows), len(columns) + 1), np.bool_)
    row, column = _crossings(points, np.array(rows, np.float64))
    place = np.clip(np.ceil(column) - columns.start, 0, len(columns)).astype(np.intp)
    np.logical_xor.at(flips, (row, place), True)
    return np.logical_xor.accumulate(flips, axis=1)[:, : len(columns)]


def _pixel_edges(image: Slice) -> FloatArray:
    """The steps to the next column and to the next row, (2, 3): mm, or bare proportions."""
    if image.spacing is None:
        return np.array([[1.0, 0, 0], [0, image.pixel_aspect, 0]])
    if image.affine is not None:
        # Not the spacing alone: the axes of a NIfTI file may stand askew.
        edges: FloatArray = image.affine[:3, :2].T
        return edges
    row, column = image.spacing
    return np.array([[column, 0, 0], [0, row, 0]])


def _counted_values(marking: Marking, image: Slice) -> FloatArray:
    """The values inside that are numbers, and not padding."""
    if image.is_color:
        return np.empty(0)
    points = outline(marking)
    # Only the box around it: a small region on a large image is measured at once.
    first = np.maximum(np.floor(points.min(axis=0)), 0)
    last = np.minimum(np.ceil(points.max(axis=0)), [image.shape[1] - 1, image.shape[0] - 1])
    columns, rows = (range(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))
    part = image.modality_values[rows.start : rows.stop, columns.start : columns.stop]
    values = part[_mask(points, rows, columns)].astype(np.float64)
    counted = np.isfinite(values)
    if image.padding_value is not None:
        counted &= values != np.float32(image.padding_value)
    return values[counted]


def _histogram(values: FloatArray, low: float, high: float) -> tuple[int, ...]:
    """By place between the ends: numpy's own refuses ranges too small for its bins."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    bins = np.minimum(share * _BINS, _BINS - 1).astype(np.intp)
    return tuple(np.bincount(bins, minlength=_BINS).tolist())


def _pixels_enclosed(marking: Marking) -> float:
    """The area in pixels."""
    if marking.kind == "freehand":
        return _enclosed_by_outline(outline(marking))
    width, height = np.abs(np.subtract(*np.asarray(marking.points_index, np.float64)))
    return float(width * height * (np.pi / 4 if marking.kind == "ellipse" else 1.0))


def _enclosed_by_outline(points: FloatArray) -> float:
    """Adds up what lies inside along lines much closer than rows; crossings are no trouble."""
    top, bottom = points[:, 1].min(), points[:, 1].max()
    lines = max(64, int(np.ceil((bottom - top) * _LINES_PER_ROW)))
    step = (bottom - top) / lines
    line, column = _crossings(points, top + step * (np.arange(lines) + 0.5))
    column = column[np.lexsort((column, line))]
    return float((column[1::2] - column[::2]).sum() * step)


def _crossings(points: FloatArray, heights: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Where a closed outline crosses level lines: (number of the line, column), unordered.

    Each line is crossed an even number of times: an edge holds its upper end, not its lower.
    """
    ends = np.roll(points, -1, axis=0)
    downward = (ends[:, 1] >= points[:, 1])[:, None]
    upper, lower = np.where(downward, points, ends), np.where(downward, ends, points)
    first, last = (np.searchsorted(heights, edge[:, 1]) for edge in (upper, lower))
    counts = last - first
    edge = np.repeat(np.arange(len(points)), counts)
    line = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    (column, row), (to_column, to_row) = upper[edge].T, lower[edge].T
    share = (heights[line] - row) / (to_row - row)
    return line, column + share * (to_column - column)
