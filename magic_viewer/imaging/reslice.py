"""Planes of a volume along the patient's axes, in true geometry.

A plane of a volume that lies along the patient's axes is cut from its voxels as they are, with
their spacing: every value is a voxel's own. Any other volume, oblique or sheared by a tilted
gantry, is interpolated linearly on square pixels as wide as its smallest spacing.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.block import Block, Voxels
from magic_viewer.imaging.geometry import affine_spacing, index_to_world, world_to_index
from magic_viewer.imaging.study import FloatArray, Slice

PlaneName = Literal["axial", "coronal", "sagittal"]
SlabKind = Literal["mean", "max", "min"]
_Indices = npt.NDArray[np.intp]

PLANES: Final[tuple[PlaneName, ...]] = ("axial", "coronal", "sagittal")
# World directions of growing column, row and plane, as the planes are hung: the patient's left
# on screen right, the front on top or at left, the head on top.
_DIRECTIONS: Final[dict[PlaneName, tuple[tuple[int, int, int], ...]]] = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
}
_ALIGNED_WITHIN = 1e-3
_MOST_PIXELS_A_SIDE = 1024


@dataclass(frozen=True, eq=False)
class Grid:
    """Parallel planes of one size.

    Attributes:
        affine: 4×4, (column, row, plane) -> LPS mm at pixel centres.
        shape: (planes, rows, columns).
    """

    affine: FloatArray
    shape: tuple[int, int, int]

    @property
    def step(self) -> float:
        """The mm from plane to plane, along their normal."""
        normal = np.cross(self.affine[:3, 0], self.affine[:3, 1])
        return abs(float(self.affine[:3, 2] @ normal / np.linalg.norm(normal)))

    def nearest_plane(self, point_world: npt.ArrayLike) -> int:
        """The number of the plane that a world point is nearest to."""
        number = round(float(world_to_index(self.affine, point_world)[2]))
        return min(max(number, 0), self.shape[0] - 1)

    def plane_affine(self, plane: float) -> FloatArray:
        """(column, row, 0) -> LPS mm of one plane."""
        affine = self.affine.copy()
        affine[:3, 3] += plane * affine[:3, 2]
        return affine


@dataclass(frozen=True)
class Slab:
    """Several planes seen as one.

    Attributes:
        kind: their mean, or the largest (MIP) or smallest (minIP) value of each pixel.
        thickness: mm along the planes' normal.
    """

    kind: SlabKind
    thickness: float

    def reach(self, step: float) -> int:
        """How many planes that are `step` mm apart belong to it on either side."""
        return max(0, round((self.thickness / step - 1) / 2))


def patient_grid(block: Block, name: PlaneName) -> Grid:
    """The planes along two of the patient's axes that hold the whole volume."""
    directions = np.array(_DIRECTIONS[name], np.float64).T
    return _own_grid(block, directions) or _square_grid(block, directions)


def acquired_grid(block: Block, k: int) -> tuple[Grid, int]:
    """The volume's own planes, or those at right angles to slice k of a sheared one.

    Returns:
        The planes, and which of them slice k is.
    """
    affine = block.affine
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    along = float(affine[:3, 2] @ normal)
    straight = affine.copy()
    straight[:3, 2] = along * normal
    if np.allclose(straight, affine, rtol=0, atol=_ALIGNED_WITHIN * abs(along)):
        return Grid(affine, _stored_shape(block)), k
    straight[:3, 3] = index_to_world(affine, (0, 0, k))
    return Grid(straight, (1, *_stored_shape(block)[1:])), 0


def _stored_shape(block: Block) -> tuple[int, int, int]:
    slices, rows, columns = block.values.shape
    return slices, rows, columns


def _own_grid(block: Block, directions: FloatArray) -> Grid | None:
    """The voxels' own lattice, turned; None unless it lies along the directions."""
    unit = block.affine[:3, :3] / affine_spacing(block.affine)
    towards = directions.T @ unit
    axes = np.abs(towards).argmax(axis=1)
    signs = np.sign(towards[np.arange(3), axes])
    wanted = np.zeros((3, 3))
    wanted[np.arange(3), axes] = signs
    if len(set(axes.tolist())) < 3 or np.abs(towards - wanted).max() > _ALIGNED_WITHIN:
        return None
    size = np.array(block.size)
    first = np.zeros(3)
    first[axes] = np.where(signs > 0, 0, size[axes] - 1)
    affine = np.eye(4)
    affine[:3, :3] = block.affine[:3, axes] * signs
    affine[:3, 3] = index_to_world(block.affine, first)
    columns, rows, planes = (int(n) for n in size[axes])
    return Grid(affine, (planes, rows, columns))


def _square_grid(block: Block, directions: FloatArray) -> Grid:
    """Square pixels around the box of all voxel centres."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in block.size])).reshape(3, -1).T
    corners = index_to_world(block.affine, ends) @ directions
    low, high = corners.min(axis=0), corners.max(axis=0)
    longest = float((high - low).max())
    pixel = max(min(affine_spacing(block.affine)), longest / (_MOST_PIXELS_A_SIDE - 1))
    counts = np.ceil((high - low) / pixel - 1e-6).astype(int) + 1
    start = (low + high) / 2 - (counts - 1) / 2 * pixel
    affine = np.eye(4)
    affine[:3, :3] = directions * pixel
    affine[:3, 3] = directions @ start
    columns, rows, planes = (int(n) for n in counts)
    return Grid(affine, (planes, rows, columns))


class Sampler:
    """Gives planes of a grid; what all of them share is worked out once.

    A pixel outside the volume is NaN.
    """

    def __init__(self, block: Block, grid: Grid) -> None:
        """Prepares for the planes of one grid."""
        self.block, self.grid = block, grid
        self._to_index = np.linalg.inv(block.affine) @ grid.affine
        self._cut = _turned(block.values, self._to_index, grid.shape)
        self._lattice = None if self._cut is not None else self._first_plane()
        self._strides = np.array([1, block.size[0], block.size[0] * block.size[1]])

    def image(self, plane: int, slab: Slab | None = None) -> Slice:
        """One plane, or the slab around it, to be shown like any slice."""
        affine = self.grid.plane_affine(plane)
        column, row, _ = affine_spacing(affine)
        values = self.values(plane) if slab is None else self.slab_values(plane, slab)
        return replace(
            self.block.example,
            modality_values=values,
            index=plane,
            affine=affine,
            spacing=(row, column),
            overlays=(),
        )

    def values(self, plane: int) -> Voxels:
        """(rows, columns) of one plane."""
        if self._cut is not None:
            return np.ascontiguousarray(self._cut[plane])
        return self._interpolated(plane)

    def slab_values(self, plane: int, slab: Slab) -> Voxels:
        """(rows, columns) of the planes around one, those that have a value."""
        reach = slab.reach(self.grid.step)
        if self._cut is not None:
            first, last = max(0, plane - reach), min(len(self._cut), plane + reach + 1)
            return _joined([self._cut[k] for k in range(first, last)], slab.kind)
        return _joined(
            [self._interpolated(k) for k in range(plane - reach, plane + reach + 1)], slab.kind
        )

    def _first_plane(self) -> FloatArray:
        """(3, rows, columns): where the pixels of plane 0 are in the volume."""
        _, rows, columns = self.grid.shape
        matrix = self._to_index[:3]
        column, row = np.arange(columns), np.arange(rows)[:, None]
        lattice = [a * column + b * row + d for a, b, _, d in matrix]
        return np.stack(lattice)

    def _interpolated(self, plane: int) -> Voxels:
        assert self._lattice is not None
        place = self._lattice + (plane * self._to_index[:3, 2])[:, None, None]
        most = np.array(self.block.size, np.float64) - 1
        inside = np.ones(place.shape[1:], np.bool_)
        for axis in range(3):
            inside &= place[axis] >= -0.5
            inside &= place[axis] <= most[axis] + 0.5
        result = np.full(inside.shape, np.nan, np.float32)
        found = np.flatnonzero(inside)
        if found.size:
            result.ravel()[found] = self._between(place.reshape(3, -1)[:, found], most)
        return result

    def _between(self, place: FloatArray, most: FloatArray) -> Voxels:
        """The eight voxels around each place, weighed; half a voxel at the rim is flat."""
        base = np.zeros(place.shape[1], np.intp)
        weights = []
        for axis in range(3):
            along = np.clip(place[axis], 0, most[axis])
            whole = np.minimum(along.astype(np.intp), int(most[axis]) - 1)
            weights.append((along - whole).astype(np.float32))
            base += whole * self._strides[axis]
        flat, (_, row, depth) = self.block.values.reshape(-1), self._strides
        near = _blend(_row(flat, base, weights[0]), _row(flat, base + row, weights[0]), weights[1])
        base += depth
        far = _blend(_row(flat, base, weights[0]), _row(flat, base + row, weights[0]), weights[1])
        return _blend(near, far, weights[2])


def _row(flat: Voxels, base: _Indices, weight: Voxels) -> Voxels:
    return _blend(flat.take(base), flat[1:].take(base), weight)


def _blend(first: Voxels, second: Voxels, weight: Voxels) -> Voxels:
    """From the first to the second; a weight of 0 leaves the second out, be it no number."""
    second -= first
    second *= weight
    second += first
    if np.isnan(second).any():
        np.copyto(second, first, where=weight == 0)
    return second


def _turned(values: Voxels, to_index: FloatArray, shape: tuple[int, int, int]) -> Voxels | None:
    """The voxels as (planes, rows, columns), without a copy; None when it takes interpolation."""
    matrix, start = np.rint(to_index[:3, :3]), np.rint(to_index[:3, 3])
    if not np.allclose(to_index[:3], np.column_stack([matrix, start]), rtol=0, atol=1e-6):
        return None
    axes = np.abs(matrix).argmax(axis=0)
    if sorted(axes.tolist()) != [0, 1, 2] or np.abs(matrix).sum() != 3:
        return None
    # Array axes run (k, j, i), and so do (plane, row, column).
    turned = values.transpose([2 - int(axis) for axis in axes[::-1]])
    signs = [int(matrix[axis, number]) for number, axis in enumerate(axes)][::-1]
    turned = turned[tuple(slice(None, None, sign) for sign in signs)]
    return turned if turned.shape == shape else None


def _joined(planes: list[Voxels], kind: SlabKind) -> Voxels:
    if kind == "max":
        return _folded(planes, np.fmax)
    if kind == "min":
        return _folded(planes, np.fmin)
    total, count = np.zeros(planes[0].shape, np.float32), np.zeros(planes[0].shape, np.float32)
    for plane in planes:
        known = np.isfinite(plane)
        np.add(total, plane, out=total, where=known)
        count += known
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / count


def _folded(planes: list[Voxels], join: np.ufunc) -> Voxels:
    result = np.array(planes[0])
    for plane in planes[1:]:
        join(result, plane, out=result)
    return result
