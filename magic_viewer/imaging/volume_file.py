"""Every format of volumes that nibabel knows the header of -> Series.

Their world is RAS; it becomes LPS here and nowhere else. Voxels are never resampled: axes are
permuted and flipped so that i runs to the patient's left, j to posterior and k to superior. So
slices are axial with the patient's right on screen left, and what is oblique stays in the affine.
Without an orientation in the file the axes stay, with rows upwards as its writers mostly meant.
"""

import zlib
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import nibabel.orientations as orientations
import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.analyze_header import is_analyze, read_analyze_header
from magic_viewer.imaging.geometry import affine_spacing, swap_lps_ras
from magic_viewer.imaging.kinds import is_mgh, is_minc1, is_minc2, is_nifti, unpacked_head
from magic_viewer.imaging.mgh_header import read_mgh_header
from magic_viewer.imaging.nifti_header import read_nifti_header
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.study import (
    FloatArray,
    Notice,
    PixelArray,
    Series,
    Slice,
    Volume,
)
from magic_viewer.imaging.volume_header import Header, refusal

_ROWS_UPWARDS = np.array([[0, 1], [1, -1], [2, 1]], np.float64)


def read_volume_file(path: Source) -> Series:
    """Reads the header of NIfTI, MGH, Analyze or MINC; voxels follow when a slice is asked for.

    Raises:
        ImagingError: it is none of them, is damaged, or promises more voxels than it has.
    """
    header = _read_header(path)
    turn = _display_turn(header)
    shape = header.shape[:3]
    index_to_stored = orientations.inv_ornt_aff(turn, shape)
    affine = None
    if header.affine_ras is not None:
        affine = swap_lps_ras(header.affine_ras) @ index_to_stored
    order = np.argsort(turn[:, 0])
    columns, rows, slices = (shape[axis] for axis in order)
    i, j, k = affine_spacing(affine) if affine is not None else header.zooms_mm
    layout = _Layout(header, turn, affine, (j, i))
    volumes = tuple(
        Volume(
            shape=(slices, rows, columns),
            read_slice=partial(layout.read_slice, volume),
            affine=affine,
            spacing=(k, j, i),
            stored_to_index=np.linalg.inv(index_to_stored),
            name=name,
            files=(path,) * slices,
        )
        for volume, name in enumerate(header.volume_names or [""] * header.shape[3])
    )
    notices = tuple(Notice(text, path.name) for text in header.notices)
    return Series(
        title=header.title,
        modality=None,
        volumes=volumes,
        format=header.format,
        notices=notices,
        orientation_from=header.orientation_from,
    )


def _read_header(path: Source) -> Header:
    """Lets the reader of its format read what a file says of itself."""
    try:
        head, gzipped = unpacked_head(path)
    except (OSError, EOFError, zlib.error) as error:
        reason = "it can't be read, or its gzip data is damaged"
        raise refusal(path, "a volume", reason) from error
    if is_nifti(head):
        return read_nifti_header(path, head, gzipped)
    if is_mgh(head):
        return read_mgh_header(path, head, gzipped)
    if is_minc1(head) or is_minc2(head):
        from magic_viewer.imaging.minc import read_minc_header

        return read_minc_header(path, head, gzipped)
    if is_analyze(path, head):
        return read_analyze_header(path, head)
    expected = "a header of NIfTI, MGH, MINC or Analyze was expected, this is something else"
    raise refusal(path, "a volume", expected)


def _display_turn(header: Header) -> FloatArray:
    """Gives nibabel's orientation array from stored axes to (left, posterior, superior)."""
    if header.affine_ras is None:
        return _ROWS_UPWARDS
    stored = orientations.io_orientation(header.affine_ras)
    wanted = orientations.axcodes2ornt(("L", "P", "S"))
    return cast(FloatArray, orientations.ornt_transform(stored, wanted))


@dataclass(frozen=True)
class _Layout:
    """How stored voxels become slices."""

    header: Header
    turn: FloatArray
    affine: FloatArray | None
    spacing: tuple[float, float]

    def read_slice(self, volume: int, k: int) -> Slice:
        """Reads slice k of a volume, 0-based."""
        header = self.header
        turned = orientations.apply_orientation(header.read_volume(volume), self.turn)
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
            rescale_slope=None if turned.dtype.kind == "c" else header.slope,
            rescale_intercept=header.intercept,
        )


def _modality_values(header: Header, stored: npt.NDArray[Any]) -> PixelArray:
    """Scales one plane (rows, columns); RGB has named fields, complex becomes its magnitude."""
    if stored.dtype.names:
        channels = np.stack([stored[name] for name in stored.dtype.names[:3]], axis=-1)
        return channels.astype(np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = stored
        if (header.slope or 1.0, header.intercept) != (1.0, 0.0):
            exact = stored.astype(np.result_type(stored, np.float64))
            scaled = exact * header.slope + header.intercept
        return (np.abs(scaled) if stored.dtype.kind == "c" else scaled).astype(np.float32)
