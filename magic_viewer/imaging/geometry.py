"""Where a voxel lies: affines, spacing, LPS and RAS, side letters.

The world is LPS millimetres (x to the patient's left, y to posterior, z to superior), float64.
An affine is 4×4 and maps (i, j, k) = (column, row, slice) at voxel centres to world points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.study import FloatArray

_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_EDGE_NAMES = (("R", "L"), ("A", "P"), ("F", "H"))
_WORLD_NAMES = (("R", "L"), ("A", "P"), ("I", "S"))
_PLANES = ("sagittal", "coronal", "axial")
_SECOND_LETTER_FROM = 0.25
_OBLIQUE_BELOW = 0.8
_PARALLEL_BELOW = 1e-3


@dataclass(frozen=True)
class EdgeLetters:
    """Which side of the patient each edge of a picture shows, such as "R" or "AL"."""

    left: str
    right: str
    top: str
    bottom: str


def swap_lps_ras(affine: npt.ArrayLike) -> FloatArray:
    """Turns an affine (4×4) from LPS to RAS or back; it is its own inverse."""
    return _LPS_FROM_RAS @ np.asarray(affine, np.float64)


def affine_spacing(affine: npt.ArrayLike) -> tuple[float, float, float]:
    """Gives the mm between voxel centres along (i, j, k)."""
    i, j, k = np.linalg.norm(np.asarray(affine, np.float64)[:3, :3], axis=0)
    return float(i), float(j), float(k)


def plane_affine(
    position: Sequence[float],
    orientation: Sequence[float],
    spacing: tuple[float, float],
    slice_step: npt.ArrayLike | None = None,
) -> FloatArray:
    """Builds the affine of one image as DICOM tells it (PS3.3 C.7.6.2.1.1).

    Args:
        position: world point of the first pixel's centre.
        orientation: direction cosines along a row (growing column), then along a column.
        spacing: (row, column) mm, the order of Pixel Spacing.
        slice_step: world vector to the next slice; None for 1 mm along the normal.
    """
    along_row, along_column = np.reshape(np.asarray(orientation, np.float64), (2, 3))
    affine = np.eye(4)
    affine[:3, 0] = along_row * spacing[1]
    affine[:3, 1] = along_column * spacing[0]
    affine[:3, 2] = np.cross(along_row, along_column) if slice_step is None else slice_step
    affine[:3, 3] = position
    return affine


def index_to_world(affine: npt.ArrayLike, index: npt.ArrayLike) -> FloatArray:
    """Maps indices (..., 3) = (i, j, k) to world points (..., 3)."""
    matrix = np.asarray(affine, np.float64)
    world: FloatArray = np.asarray(index, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    return world


def world_to_index(affine: npt.ArrayLike, point_world: npt.ArrayLike) -> FloatArray:
    """Maps world points (..., 3) to indices (..., 3), not rounded."""
    matrix = np.asarray(affine, np.float64)
    offset = np.asarray(point_world, np.float64) - matrix[:3, 3]
    index = np.linalg.solve(matrix[:3, :3], offset[..., None])[..., 0]
    return index.astype(np.float64, copy=False)


def edge_letters(affine: npt.ArrayLike | None) -> EdgeLetters | None:
    """Names the edges of a slice (A P L R H F) from the direction of its rows and columns.

    In an oblique slice an edge has two letters, larger part first.

    Returns:
        None when the affine is None or tells no direction.
    """
    if affine is None:
        return None
    matrix = np.asarray(affine, np.float64)
    along_row, along_column = matrix[:3, 0], matrix[:3, 1]
    lengths = np.linalg.norm(matrix[:3, :2], axis=0)
    if not (np.all(np.isfinite(lengths)) and np.all(lengths > 0)):
        return None
    return EdgeLetters(
        left=_direction_letters(-along_row),
        right=_direction_letters(along_row),
        top=_direction_letters(-along_column),
        bottom=_direction_letters(along_column),
    )


def _direction_letters(direction: FloatArray) -> str:
    unit = direction / np.linalg.norm(direction)
    largest, second = np.argsort(-np.abs(unit), kind="stable")[:2]
    shown = [largest, second] if abs(unit[second]) > _SECOND_LETTER_FROM else [largest]
    return "".join(_EDGE_NAMES[axis][int(unit[axis] > 0)] for axis in shown)


def plane_crossing(
    affine: npt.ArrayLike, other: npt.ArrayLike
) -> tuple[FloatArray, FloatArray] | None:
    """Finds the line in which another plane meets this one.

    Args:
        affine: 4×4, (column, row, 0) -> LPS mm of this plane.
        other: the same of the other.

    Returns:
        A point of the line and its direction, each (column, row) of this plane; None when the
        planes are parallel.
    """
    here, there = np.asarray(affine, np.float64), np.asarray(other, np.float64)
    normal = np.cross(there[:3, 0], there[:3, 1])
    slope = normal @ here[:3, :2] / np.linalg.norm(normal)
    if np.abs(slope / np.linalg.norm(here[:3, :2], axis=0)).max() < _PARALLEL_BELOW:
        return None
    distance = normal @ (there[:3, 3] - here[:3, 3]) / np.linalg.norm(normal)
    point = slope * distance / (slope @ slope)
    return point, np.array([-slope[1], slope[0]])


def format_world(point_lps: npt.ArrayLike) -> str:
    """Writes a world point as radiologists read it: "R 17.6 P 35.3 S 12.1" (mm)."""
    return " ".join(
        f"{names[int(value >= 0)]} {abs(value):.1f}"
        for names, value in zip(_WORLD_NAMES, np.asarray(point_lps, np.float64), strict=True)
    )


def plane_name(affine: npt.ArrayLike | None) -> str | None:
    """Says "axial", "coronal", "sagittal" or "oblique"; None when orientation is unknown."""
    if affine is None or edge_letters(affine) is None:
        return None
    matrix = np.asarray(affine, np.float64)
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    part = np.abs(normal) / np.linalg.norm(normal)
    axis = int(np.argmax(part))
    return _PLANES[axis] if part[axis] > _OBLIQUE_BELOW else "oblique"
