"""What is reckoned on a map's own grid, the model input's pixels: smoothing, areas, regions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.results import Attribution, MapArray

Box = tuple[float, float, float, float]
Mask = npt.NDArray[np.bool_]

_REACH = 4
"""Standard deviations after which a Gaussian is cut off."""


@dataclass(frozen=True)
class Share:
    """What of a map lies in a region.

    Attributes:
        nats: inside.
        total: of the whole map, nats.
        area: part of the model's input that the region covers, 0..1.
    """

    nats: float
    total: float
    area: float

    @property
    def part(self) -> float | None:
        """The share, 1 for all; None where the whole is too near to 0 for one.

        Values have both signs, so a region may hold more than all, or less than nothing.
        """
        return self.nats / self.total if abs(self.total) >= 0.05 else None


def smoothed(values: MapArray, sigma: float) -> MapArray:
    """A Gaussian average that keeps the sum: what would leave at an edge is mirrored back.

    Args:
        values: (rows, columns).
        sigma: standard deviation in pixels of the map; 0 gives the values as they are.
    """
    if sigma <= 0:
        return values
    rows, columns = (_gaussian(length, sigma) for length in values.shape)
    result = rows @ values @ columns.T
    return np.asarray(result + (values.sum() - result.sum()) / values.size)


def _gaussian(length: int, sigma: float) -> MapArray:
    """(length, length): row i holds the weights of the values that make value i.

    Mirrored at the ends it is symmetric, so its columns add up to 1 as its rows do.
    """
    reach = int(np.ceil(_REACH * sigma))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    from_index = (np.arange(length)[:, None] + steps) % (2 * length)
    from_index = np.minimum(from_index, 2 * length - 1 - from_index)
    result = np.zeros((length, length))
    np.add.at(result, (np.arange(length)[:, None], from_index), weights / weights.sum())
    return result


def pixel_area(
    box: Box, shape: tuple[int, ...], spacing: tuple[float, float] | None
) -> float | None:
    """mm² of a pixel of a map, None where the spacing isn't the patient's.

    Args:
        box: of the map on its slice.
        shape: (rows, columns) of the map.
        spacing: (row, column) mm of the slice.
    """
    if spacing is None:
        return None
    top, left, bottom, right = box
    return (bottom - top) * spacing[0] / shape[-2] * (right - left) * spacing[1] / shape[-1]


def pixel_at(box: Box, shape: tuple[int, ...], row: float, column: float) -> tuple[int, int] | None:
    """(row, column) of the map's pixel at a place of the slice, edges at whole numbers.

    None outside the model's input.
    """
    top, left, bottom, right = box
    down, across = (row - top) / (bottom - top), (column - left) / (right - left)
    if not (0 <= down < 1 and 0 <= across < 1):
        return None
    return int(down * shape[-2]), int(across * shape[-1])


def covered(mask: Mask, box: Box, shape: tuple[int, int]) -> MapArray:
    """Part of each pixel of a map that a region covers, 0..1.

    Args:
        mask: (rows, columns) of the slice, True inside.
        box: of the map on the slice.
        shape: (rows, columns) of the map.
    """
    top, left, bottom, right = box
    rows = _overlap(top, bottom, shape[0], mask.shape[0])
    columns = _overlap(left, right, shape[1], mask.shape[1])
    return np.asarray(rows @ mask.astype(np.float64) @ columns.T)


def _overlap(start: float, stop: float, pixels: int, length: int) -> MapArray:
    """(pixels, length): part of each pixel of the map that each pixel of the slice makes up."""
    edges = start + (stop - start) * np.arange(pixels + 1) / pixels
    low = np.maximum(edges[:-1, None], np.arange(length))
    high = np.minimum(edges[1:, None], np.arange(1, length + 1))
    return np.asarray(np.clip(high - low, 0, None) * pixels / (stop - start))


def share_inside(attribution: Attribution, mask: Mask) -> Share:
    """What of a map lies in a region of its slice, each pixel counted by its covered part."""
    rows, columns = attribution.values.shape
    part = covered(mask, attribution.box, (rows, columns))
    values = attribution.values
    return Share(float((values * part).sum()), float(values.sum()), float(part.mean()))
