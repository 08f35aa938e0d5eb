"""What a region of a slice becomes in a what-if: blurred, filled from around, or mirrored.

All take an image with a mask of the pixels that hold a measurement, and read only those.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.study import FloatArray, Mask, Slice

FloatImage = npt.NDArray[np.float32]
Side = Literal[0, 1]
"""The array axis along which a slice has the patient's left and right: 0 rows, 1 columns."""

_BOXES = 3
_CELLS = 4
_NOTHING = 1e-6
_RELAXATIONS = 12
# The coarse have put the surface in place; the fine only smooth it.
_RELAXATIONS_WHEN_LARGE = 2
_LARGE = 192 * 192
_NOISE_SIDE = 512
_MIDLINE_REACH = 0.15
_MIDLINE_SAMPLES = 128
_OFF_AXIS = 0.7


def counted(image: Slice) -> Mask:
    """The pixels (rows, columns) of a grey slice that hold a measurement."""
    values = image.modality_values
    result: Mask = np.isfinite(values)
    if image.padding_value is not None:
        result &= values != np.float32(image.padding_value)
    return result


def blurred(values: FloatImage, known: Mask, half_widths: tuple[int, int]) -> FloatImage:
    """The mean around each pixel, weighted nearly like a Gaussian.

    Args:
        values: (rows, columns).
        known: which of them count.
        half_widths: of each of three running means, (rows, columns) in pixels. Together they
            reach three times as far.

    Returns:
        (rows, columns); where nothing known is in reach, the values as they were.
    """
    steps = (max(1, half_widths[0] // _CELLS), max(1, half_widths[1] // _CELLS))
    total, weight = _cells(np.where(known, values, 0), steps), _cells(known, steps)
    for axis, half in enumerate(half_widths):
        for _ in range(_BOXES):
            total = _running_sum(total, half // steps[axis], axis)
            weight = _running_sum(weight, half // steps[axis], axis)
    total, weight = (_spread(each, steps, values.shape) for each in (total, weight))
    has_any = weight > _NOTHING
    result: FloatImage = np.where(has_any, total / np.where(has_any, weight, 1), values)
    return result.astype(np.float32)


def _cells(values: npt.NDArray[Any], steps: tuple[int, int]) -> FloatArray:
    """Sums of blocks of so many rows and columns: a wide blur needs no finer grid."""
    (rows, columns), (down, right) = values.shape, steps
    whole = np.pad(values, ((0, -rows % down), (0, -columns % right)))
    blocks = whole.reshape(len(whole) // down, down, -1, right)
    cells: FloatArray = blocks.sum(axis=(1, 3), dtype=np.float64)
    return cells


def _spread(cells: FloatArray, steps: tuple[int, int], shape: tuple[int, ...]) -> FloatArray:
    """Back on the grid of the pixels, linear between the cells' centres."""
    for axis, (step, length) in enumerate(zip(steps, shape, strict=False)):
        if step > 1:
            count = cells.shape[axis]
            places = np.clip((np.arange(length) + 0.5) / step - 0.5, 0, count - 1)
            lower = np.minimum(places.astype(np.intp), max(count - 2, 0))
            upper = np.minimum(lower + 1, count - 1)
            share = np.expand_dims(places - lower, 1 - axis)
            low, high = np.take(cells, lower, axis), np.take(cells, upper, axis)
            cells = low + share * (high - low)
    return cells


def _running_sum(values: FloatArray, half: int, axis: int) -> FloatArray:
    """Sums of 2 half + 1 neighbours, nothing beyond the ends."""
    width = [(0, 0), (0, 0)]
    width[axis] = (half + 1, half)
    sums = np.moveaxis(np.cumsum(np.pad(values, width), axis=axis), axis, 0)
    return np.moveaxis(sums[2 * half + 1 :] - sums[: -(2 * half + 1)], 0, axis)


def filled(values: FloatImage, known: Mask) -> FloatImage:
    """The unknown pixels from the rim of the known ones, as smooth as a soap film.

    Coarse to fine: half the size is filled first, then relaxed towards the mean of its
    neighbours. Where nothing at all is known, the values stay.
    """
    if not known.any():
        return values
    return _film(np.where(known, values, 0).astype(np.float64), known).astype(np.float32)


def _film(values: FloatArray, known: Mask) -> FloatArray:
    if known.all():
        return values
    rows, columns = values.shape
    if max(rows, columns) > 1:
        counts = _pooled(known.astype(np.float64))
        means = _pooled(values * known) / np.maximum(counts, 1)
        coarse = _film(means, counts > 0)
        guess = coarse.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns]
        values = np.where(known, values, guess)
    for _ in range(_RELAXATIONS if values.size < _LARGE else _RELAXATIONS_WHEN_LARGE):
        values = np.where(known, values, _mean_of_neighbours(values))
    return values


def _pooled(values: FloatArray) -> FloatArray:
    """Sums of 2 × 2 pixels; an odd last row or column stands alone."""
    rows, columns = values.shape
    even = np.pad(values, ((0, rows % 2), (0, columns % 2)))
    pooled: FloatArray = even.reshape(len(even) // 2, 2, -1, 2).sum(axis=(1, 3))
    return pooled


def _mean_of_neighbours(values: FloatArray) -> FloatArray:
    padded = np.pad(values, 1, mode="edge")
    across = padded[1:-1, :-2] + padded[1:-1, 2:]
    mean: FloatArray = (padded[:-2, 1:-1] + padded[2:, 1:-1] + across) / 4
    return mean


def noise(shape: tuple[int, int], corner: tuple[int, int], seed: int) -> FloatImage:
    """Standard normal noise, the same at a place whatever part of the slice is asked for.

    Args:
        shape: (rows, columns) of the part.
        corner: (row, column) of the slice at which the part begins.
        seed: of this noise.
    """
    rows = (np.arange(shape[0]) + corner[0]) % _NOISE_SIDE
    columns = (np.arange(shape[1]) + corner[1]) % _NOISE_SIDE
    return _tile(seed)[np.ix_(rows, columns)]


@lru_cache(maxsize=1)
def _tile(seed: int) -> FloatImage:
    return np.random.default_rng(seed).standard_normal((_NOISE_SIDE, _NOISE_SIDE), np.float32)


def left_right_axis(image: Slice) -> Side | None:
    """Along which axis the patient's left and right lie; None in a sagittal slice.

    Without an affine the picture's own left and right count.
    """
    if image.affine is None:
        return 1
    # (i, j, k) is (column, row, slice), and x of LPS runs from right to left.
    along = np.asarray(image.affine[:3, :3], np.float64)
    share = np.abs(along[0]) / np.maximum(np.linalg.norm(along, axis=0), 1e-12)
    if share[0] >= _OFF_AXIS:
        return 1
    return 0 if share[1] >= _OFF_AXIS else None


def mirrored(values: FloatImage, known: Mask, axis: Side) -> tuple[FloatImage, Mask]:
    """Each pixel's opposite across the midline along the axis, and where there is one."""
    length = values.shape[axis]
    places = midline(values, known, axis) - np.arange(length)
    inside = (places >= 0) & (places < length)
    opposite = np.take(values, np.clip(places, 0, length - 1), axis)
    there = np.take(known, np.clip(places, 0, length - 1), axis)
    there &= np.expand_dims(inside, 1 - axis)
    return opposite, there


def midline(values: FloatImage, known: Mask, axis: Side) -> int:
    """Twice the place about which the slice is most like its mirror image.

    Pixel p has its opposite at midline − p. Looked for near the middle, coarse to fine.
    """
    floor = values[known].min() if known.any() else 0.0
    lines = np.moveaxis(np.where(known, values, floor), axis, 1).astype(np.float64)
    lines = lines[:: max(1, len(lines) // _MIDLINE_SAMPLES)]
    last = lines.shape[1] - 1
    step = max(1, lines.shape[1] // _MIDLINE_SAMPLES)
    reach = round(2 * _MIDLINE_REACH * last)
    near = range(last - reach, last + reach + 1, step)
    best = min(near, key=lambda place: (_unlikeness(lines, place), abs(place - last)))
    close = range(best - step, best + step + 1)
    return min(close, key=lambda place: (_unlikeness(lines, place), abs(place - last)))


def _unlikeness(lines: npt.NDArray[Any], place: int) -> float:
    last = lines.shape[1] - 1
    part = lines[:, max(0, place - last) : min(last, place) + 1]
    return float(np.abs(part - part[:, ::-1]).mean()) if part.size else np.inf
