"""NIfTI-1 and NIfTI-2 (.nii, .nii.gz, .hdr + .img) -> Series.

NIfTI's world is RAS; it becomes LPS here and nowhere else. Voxels are never resampled: axes are
permuted and flipped so that i runs to the patient's left, j to posterior and k to superior. So
slices are axial with the patient's right on screen left, and what is oblique stays in the affine.
Without an orientation in the file the axes stay, with rows upwards as its writers mostly meant.
"""

import gzip
import threading
import zlib
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import nibabel.orientations as orientations
import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.geometry import affine_spacing, swap_lps_ras
from magic_viewer.imaging.nifti_header import Header, read_header
from magic_viewer.imaging.study import (
    FloatArray,
    PixelArray,
    Series,
    Slice,
    Volume,
)

# Deflate can't do better than 1032 to 1 (zlib's technical notes).
_BEST_GZIP_RATIO = 1032
_LARGEST_GZIP = 4 << 30
_ROWS_UPWARDS = np.array([[0, 1], [1, -1], [2, 1]], np.float64)


def read_nifti(path: Path) -> Series:
    """Reads the header of a NIfTI file; voxels follow when a slice is asked for.

    Raises:
        ImagingError: it isn't NIfTI, is damaged, or promises more voxels than it has.
    """
    header = read_header(path)
    voxels = _Voxels(header)
    voxels.check_size()
    turn = _display_turn(header)
    shape = header.shape[:3]
    index_to_stored = orientations.inv_ornt_aff(turn, shape)
    affine = None
    if header.affine_ras is not None:
        affine = swap_lps_ras(header.affine_ras) @ index_to_stored
    order = np.argsort(turn[:, 0])
    columns, rows, slices = (shape[axis] for axis in order)
    i, j, k = affine_spacing(affine) if affine is not None else header.zooms_mm
    layout = _Layout(voxels, turn, affine, (j, i))
    volumes = tuple(
        Volume(
            shape=(slices, rows, columns),
            read_slice=partial(layout.read_slice, volume),
            affine=affine,
            spacing=(k, j, i),
            stored_to_index=np.linalg.inv(index_to_stored),
        )
        for volume in range(header.shape[3])
    )
    return Series(header.title, None, volumes, "NIfTI", header.notices)


def _display_turn(header: Header) -> FloatArray:
    """Gives nibabel's orientation array from stored axes to (left, posterior, superior)."""
    if header.affine_ras is None:
        return _ROWS_UPWARDS
    stored = orientations.io_orientation(header.affine_ras)
    wanted = orientations.axcodes2ornt(("L", "P", "S"))
    return cast(FloatArray, orientations.ornt_transform(stored, wanted))


@dataclass(frozen=True)
class _Voxels:
    """The stored numbers of a file, mapped when plain and unpacked once when gzip."""

    header: Header
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def check_size(self) -> None:
        """Refuses a file that can't hold what its header promises, before anything is allocated."""
        there = self.header.data_path.stat().st_size
        wanted = self.header.data_offset + self.header.data_bytes
        if self.header.gzipped:
            if wanted > _LARGEST_GZIP:
                raise self.header.refuse(
                    f"it unpacks to {wanted / 2**30:.0f} GB, more than the 4 GB that are unpacked "
                    "in memory; unpack it with gunzip and open the .nii"
                )
            there *= _BEST_GZIP_RATIO
        if wanted > there:
            raise self.header.refuse(
                f"its header promises {wanted} bytes, the file can hold {there} at most; "
                "copy it again from its source"
            )

    def volume(self, number: int) -> npt.NDArray[Any]:
        """Gives one stored volume (i, j, k), not scaled."""
        with self._lock:
            return self._stored[..., number]

    @cached_property
    def _stored(self) -> npt.NDArray[Any]:
        header = self.header
        if not header.gzipped:
            return np.memmap(
                header.data_path, header.dtype, "r", header.data_offset, header.shape, order="F"
            )
        try:
            with gzip.open(header.data_path) as stream:
                block = _read_exactly(stream, header.data_offset, header.data_bytes)
        except (OSError, EOFError, zlib.error) as error:
            raise header.refuse("its gzip data is damaged or cut short; copy it again") from error
        return np.frombuffer(block, header.dtype).reshape(header.shape, order="F")


def _read_exactly(stream: gzip.GzipFile, offset: int, count: int) -> bytes:
    stream.read(offset)
    block = stream.read(count)
    if len(block) < count:
        raise EOFError
    stream.read(1)  # reaches the checksum, which is only compared at the end
    return block


@dataclass(frozen=True)
class _Layout:
    """How stored voxels become slices."""

    voxels: _Voxels
    turn: FloatArray
    affine: FloatArray | None
    spacing: tuple[float, float]

    def read_slice(self, volume: int, k: int) -> Slice:
        """Reads slice k of a volume, 0-based."""
        header = self.voxels.header
        turned = orientations.apply_orientation(self.voxels.volume(volume), self.turn)
        affine = None
        if self.affine is not None:
            affine = self.affine.copy()
            affine[:3, 3] += k * affine[:3, 2]
        return Slice(
            modality_values=_modality_values(header, turned[:, :, k].T),
            index=k,
            affine=affine,
            spacing=self.spacing,
            windows=() if header.window is None else (header.window,),
            rescale_slope=header.slope,
            rescale_intercept=header.intercept,
        )


def _modality_values(header: Header, stored: npt.NDArray[Any]) -> PixelArray:
    """Scales one plane (rows, columns); RGB has named fields."""
    if stored.dtype.names:
        channels = np.stack([stored[name] for name in stored.dtype.names[:3]], axis=-1)
        return channels.astype(np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        if (header.slope, header.intercept) == (1.0, 0.0):
            return stored.astype(np.float32)
        scaled = stored.astype(np.float64) * header.slope + header.intercept
        return scaled.astype(np.float32)
