"""The header of a NIfTI file, checked: what later code may rely on."""

import logging
import struct
import zlib
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader
from nibabel.spatialimages import HeaderDataError

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import is_nifti, unpacked_head
from magic_viewer.imaging.study import FloatArray, Notice, Window

_MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
_SHEAR_FROM = 0.01
_SERIOUS = 40
_silent = logging.getLogger("magic_viewer.nibabel")
_silent.disabled = True


@dataclass(frozen=True, eq=False)
class Header:
    """What a NIfTI file says of itself.

    Attributes:
        path: file that was opened.
        data_path: file with the voxels: the same, or the .img beside a .hdr.
        gzipped: whether `data_path` is compressed.
        data_offset: first byte of the voxels, after decompression.
        dtype: of a stored voxel, byte order included; named fields for RGB.
        shape: (i, j, k, volumes), all at least 1; axes beyond the third are counted together.
        slope: stored values -> modality values.
        intercept: see `slope`.
        affine_ras: 4×4, stored index -> RAS mm; None when the file doesn't say.
        zooms_mm: mm along (i, j, k) by pixdim.
        window: from cal_min and cal_max, when they are set.
        notices: what the user should know.
    """

    path: Path
    data_path: Path
    gzipped: bool
    data_offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int, int, int]
    slope: float
    intercept: float
    affine_ras: FloatArray | None
    zooms_mm: tuple[float, float, float]
    window: Window | None
    notices: tuple[Notice, ...]

    @property
    def title(self) -> str:
        """File name without its endings."""
        return self.path.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".hdr")

    @property
    def data_bytes(self) -> int:
        """Bytes of all voxels."""
        return prod(self.shape) * self.dtype.itemsize

    def refuse(self, reason: str) -> ImagingError:
        """Makes the error that says why this file can't be shown."""
        return _refusal(self.path, reason)


def _refusal(path: Path, reason: str) -> ImagingError:
    return ImagingError(f"{path.name} can't be opened as NIfTI: {reason}.")


def read_header(path: Path) -> Header:
    """Reads and checks the header of a .nii, .nii.gz or .hdr.

    Raises:
        ImagingError: it isn't NIfTI, or contradicts itself.
    """
    try:
        head, gzipped = unpacked_head(path)
    except (OSError, EOFError, zlib.error) as error:
        raise _refusal(path, "it can't be read, or its gzip data is damaged") from error
    nifti = _parse(path, head)
    data_path, data_gzipped = (path, gzipped) if nifti.is_single else _data_file(path)
    notices: list[str] = []
    scale_mm = _unit_scale(nifti, notices)
    affine = _affine_ras(path, nifti, scale_mm, notices)
    slope, intercept = _scaling(nifti)
    return Header(
        path=path,
        data_path=data_path,
        gzipped=data_gzipped,
        data_offset=int(nifti["vox_offset"]) if nifti.is_single else 0,
        dtype=_voxel_type(path, nifti),
        shape=_shape(path, nifti),
        slope=slope,
        intercept=intercept,
        affine_ras=affine,
        zooms_mm=_zooms(nifti, scale_mm),
        window=_window(nifti),
        notices=tuple(Notice(text, path.name) for text in notices),
    )


def _parse(path: Path, head: bytes) -> Any:
    """Makes nibabel's header object, small faults mended."""
    if not is_nifti(head):
        raise _refusal(path, "a NIfTI header was expected, this is something else")
    second = head[4:6] in (b"n+", b"ni")
    single = (head[5:6] if second else head[345:346]) == b"+"
    if second:
        kind: Any = Nifti2Header if single else Nifti2PairHeader
    else:
        kind = Nifti1Header if single else Nifti1PairHeader
    try:
        nifti = kind(head[: kind.template_dtype.itemsize], check=False)
        nifti.check_fix(logger=_silent, error_level=_SERIOUS)
    except (HeaderDataError, ValueError, KeyError, struct.error) as error:
        raise _refusal(path, "its header is damaged or cut short") from error
    return nifti


def _data_file(path: Path) -> tuple[Path, bool]:
    stem = path.name.removesuffix(".gz").removesuffix(".hdr")
    for ending, gzipped in ((".img", False), (".img.gz", True)):
        if (beside := path.with_name(stem + ending)).is_file():
            return beside, gzipped
    raise _refusal(path, f"its voxels should be in {stem}.img beside it, which isn't there")


def _shape(path: Path, nifti: Any) -> tuple[int, int, int, int]:
    """Reads `dim`; Python's integers, since products may pass 64 bits."""
    count, *dims = (int(value) for value in nifti["dim"])
    if not 1 <= count <= 7:
        raise _refusal(path, f"1 to 7 dimensions were expected, its header says {count}")
    # Zero beyond the third is a common way to write "not used".
    i, j, k = [*dims[:count], 1, 1][:3]
    more = [size or 1 for size in dims[3:count]]
    if min(i, j, k, *more) < 1:
        raise _refusal(path, "every axis needs a size of 1 or more, its header has a smaller one")
    return i, j, k, prod(more)


def _voxel_type(path: Path, nifti: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(nifti.get_data_dtype())
    except HeaderDataError as error:
        raise _refusal(path, "its data type is not one of NIfTI's") from error
    if dtype.kind not in "iufV" or dtype.itemsize == 0:
        raise _refusal(path, f"voxels of type {dtype} aren't shown; save magnitudes as float32")
    return dtype


def _scaling(nifti: Any) -> tuple[float, float]:
    """Gives slope and intercept; 0 or a non-number means "not scaled" by the standard."""
    slope, intercept = float(nifti["scl_slope"]), float(nifti["scl_inter"])
    if not np.isfinite(slope) or slope == 0:
        return 1.0, 0.0
    return slope, intercept if np.isfinite(intercept) else 0.0


def _unit_scale(nifti: Any, notices: list[str]) -> float:
    try:
        unit = nifti.get_xyzt_units()[0]
    except KeyError:
        return 1.0
    scale = _MM_PER_UNIT.get(unit, 1.0)
    if scale != 1.0:
        notices.append(f"Its units are {unit}s; they were turned into mm.")
    return scale


def _zooms(nifti: Any, scale_mm: float) -> tuple[float, float, float]:
    i, j, k = (abs(float(value)) * scale_mm or 1.0 for value in nifti["pixdim"][1:4])
    return i, j, k


def _window(nifti: Any) -> Window | None:
    low, high = float(nifti["cal_min"]), float(nifti["cal_max"])
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        return None
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")


def _affine_ras(path: Path, nifti: Any, scale_mm: float, notices: list[str]) -> FloatArray | None:
    """Takes sform, else qform, else None."""
    sform = nifti.get_sform(coded=True)[0]
    try:
        qform = nifti.get_qform(coded=True)[0]
    except HeaderDataError as error:
        if sform is None:
            raise _refusal(path, "its qform is not a rotation") from error
        qform = None
    affine = sform if sform is not None else qform
    if affine is None:
        notices.append("No side letters are drawn: orientation unknown.")
        return None
    scaled: FloatArray = np.diag([scale_mm] * 3 + [1.0]) @ np.asarray(affine, np.float64)
    if not np.all(np.isfinite(scaled)) or abs(np.linalg.det(scaled)) < 1e-12:
        raise _refusal(path, "its affine has no inverse, so voxels have no place in space")
    if sform is not None and qform is not None and _differ(nifti, sform, qform):
        notices.append("Its sform and qform disagree; the sform is used.")
    if _is_sheared(scaled):
        notices.append("Its axes have shear: they don't stand at right angles.")
    return scaled


def _differ(nifti: Any, sform: npt.NDArray[Any], qform: npt.NDArray[Any]) -> bool:
    """Tells whether the two place some corner half a voxel apart or more."""
    size = np.asarray(nifti["dim"][1:4], np.float64) - 1
    corners = np.array([[*corner, 1] for corner in product(*((0, end) for end in size))])
    apart = np.linalg.norm(corners @ (sform - qform)[:3].T, axis=1)
    return bool(apart.max() > np.linalg.norm(sform[:3, :3], axis=0).min() / 2)


def _is_sheared(affine: FloatArray) -> bool:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() > _SHEAR_FROM)
