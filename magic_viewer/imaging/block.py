"""All voxels of a volume in one array, for whatever looks across its slices."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.geometry import world_to_index
from magic_viewer.imaging.study import FloatArray, Slice, Volume
from magic_viewer.progress import Progress

Voxels = npt.NDArray[np.float32]

MOST_BYTES = 1 << 30
_BYTES_A_VOXEL = 4


@dataclass(frozen=True, eq=False)
class Block:
    """The voxels of a volume, and how its slices are displayed.

    Attributes:
        values: (slices, rows, columns) modality values, C-contiguous.
        affine: 4×4, (i, j, k) -> LPS mm at voxel centres.
        example: a slice of the volume: unit, windows and whatever else all planes share.
    """

    values: Voxels
    affine: FloatArray
    example: Slice

    def contains(self, point_world: npt.ArrayLike) -> bool:
        """Whether a world point lies in a voxel."""
        index = world_to_index(self.affine, point_world)
        return bool(np.all(index >= -0.5) and np.all(index <= np.array(self.size) - 0.5))

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along (i, j, k)."""
        slices, rows, columns = self.values.shape
        return columns, rows, slices


def why_no_planes(volume: Volume, image: Slice) -> str | None:
    """Says in a sentence why a volume has no planes but its own; None when it has.

    Args:
        volume: the volume.
        image: any of its slices.
    """
    slices, rows, columns = volume.shape
    if min(volume.shape) < 2:
        return "Other planes need a stack of slices: this series has a single one."
    if image.is_color:
        return "Other planes are made of grey values: this series is in colour."
    if image.affine is None:
        return "Other planes need to know where the slices lie, and the file doesn't say."
    if volume.affine is None:
        return "Other planes need evenly spaced slices: in this series there are gaps or shifts."
    if not _is_usable(volume.affine):
        return "Other planes need three directions in space, and the file's don't span it."
    if slices * rows * columns * _BYTES_A_VOXEL > MOST_BYTES:
        return _too_large(volume)
    return None


def _is_usable(affine: FloatArray) -> bool:
    """Finite, and no axis flat or within the plane of the others."""
    if not np.all(np.isfinite(affine)):
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(lengths.min() > 0 and abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-3)


def _too_large(volume: Volume) -> str:
    needed = np.prod(volume.shape, dtype=np.int64) * _BYTES_A_VOXEL / (1 << 30)
    return (
        f"This series is too large for other planes: it needs {needed:.1f} GiB of memory, "
        f"and {MOST_BYTES / (1 << 30):g} GiB is the most that is taken."
    )


def read_block(volume: Volume) -> Generator[Progress, None, Block]:
    """Reads all slices of a volume that has planes.

    Raises:
        ImagingError: a slice can't be read, or is not like the others.
    """
    count = volume.shape[0]
    assert volume.affine is not None
    example = volume.read_slice(count // 2)
    values = np.empty(volume.shape, np.float32)
    for k in range(count):
        pixels = volume.read_slice(k).modality_values
        if pixels.shape != values.shape[1:]:
            raise ImagingError("Other planes need slices of one size, and these differ.")
        values[k] = pixels
        yield Progress(k + 1, count, "Reading slices")
    return Block(values, np.asarray(volume.affine, np.float64), example)
