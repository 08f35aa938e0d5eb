"""NIfTI-1 and NIfTI-2 (.nii, .nii.gz, .hdr + .img) -> Header."""

import re
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader
from nibabel.spatialimages import HeaderDataError

from magic_viewer.imaging.analyze_header import (
    data_file,
    dim_shape,
    mended,
    pixdim_zooms,
    voxel_offset,
    voxel_type,
)
from magic_viewer.imaging.source import Source, size_of
from magic_viewer.imaging.stored_voxels import stored_volumes
from magic_viewer.imaging.study import FloatArray, Window
from magic_viewer.imaging.volume_header import Header, Refuse, checked_affine, refusal

_MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
_SECONDS_PER_UNIT = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
_LARGEST_BVAL = 1 << 20


def read_nifti_header(path: Source, head: bytes, gzipped: bool) -> Header:
    """Checks the first bytes of a .nii, .nii.gz or .hdr, unpacked.

    Raises:
        ImagingError: it contradicts itself, or promises more voxels than there are.
    """
    refuse = partial(refusal, path, "NIfTI")
    nifti, stated_bits = mended(refuse, nifti_class(head), head)
    data_path, data_gzipped = (path, gzipped) if nifti.is_single else data_file(refuse, path)
    notices: list[str] = []
    scale_mm = _unit_scale(nifti, notices)
    affine, orientation_from = _affine_ras(refuse, nifti, scale_mm, notices)
    dtype = voxel_type(refuse, nifti, stated_bits, notices)
    shape = dim_shape(refuse, nifti)
    offset = voxel_offset(refuse, nifti)
    slope, intercept = _scaling(nifti)
    return Header(
        path=path,
        format="NIfTI",
        shape=shape,
        read_volume=stored_volumes(refuse, data_path, data_gzipped, offset, dtype, shape),
        zooms_mm=pixdim_zooms(nifti, scale_mm),
        affine_ras=affine,
        orientation_from=orientation_from,
        slope=slope,
        intercept=intercept,
        window=_window(nifti),
        notices=tuple(notices),
        volume_names=_b_values(path, shape[3]) or _times(nifti, shape[3]),
    )


def nifti_class(head: bytes) -> Any:
    """Chooses nibabel's class for one of the four magic words."""
    if head[4:6] in (b"n+", b"ni"):
        return Nifti2Header if head[5:6] == b"+" else Nifti2PairHeader
    return Nifti1Header if head[345:346] == b"+" else Nifti1PairHeader


def _b_values(path: Source, count: int) -> tuple[str, ...]:
    """Names the volumes by a .bval file beside the image, if there is one that fits."""
    beside = path.with_name(re.sub(r"\.(nii|hdr)(\.gz)?$", "", path.name) + ".bval")
    try:
        if not beside.is_file() or size_of(beside) > _LARGEST_BVAL:
            return ()
        with beside.open("rb") as stream:
            values = [float(word) for word in stream.read().split()]
    except (OSError, ValueError):
        return ()
    return tuple(f"b {value:g} s/mm²" for value in values) if len(values) == count > 1 else ()


def _times(nifti: Any, count: int) -> tuple[str, ...]:
    """Names the volumes by their time, where the fourth axis is time and has a step."""
    try:
        seconds = float(nifti["pixdim"][4]) * _SECONDS_PER_UNIT.get(nifti.get_xyzt_units()[1], 0.0)
    except KeyError:
        return ()
    is_time = int(nifti["dim"][0]) == 4 and 0 < seconds < np.inf
    return tuple(f"{number * seconds:.4g} s" for number in range(count)) if is_time else ()


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


def _window(nifti: Any) -> Window | None:
    low, high = float(nifti["cal_min"]), float(nifti["cal_max"])
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        return None
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")


def _affine_ras(
    refuse: Refuse, nifti: Any, scale_mm: float, notices: list[str]
) -> tuple[FloatArray | None, str]:
    """Takes sform, else qform, else None, and says which."""
    sform = nifti.get_sform(coded=True)[0]
    try:
        qform = nifti.get_qform(coded=True)[0]
    except (HeaderDataError, ValueError) as error:
        if sform is None:
            raise refuse("its qform is not a rotation") from error
        qform = None
    affine = sform if sform is not None else qform
    if affine is None:
        notices.append("No side letters are drawn: orientation unknown.")
        return None, ""
    scaled = np.array(affine, np.float64)
    scaled[:3] *= scale_mm
    checked = checked_affine(refuse, scaled, notices)
    if sform is not None and qform is not None and _differ(nifti, sform, qform):
        notices.append("Its sform and qform disagree; the sform is used.")
    return checked, "qform" if sform is None else "sform"


def _differ(nifti: Any, sform: npt.NDArray[Any], qform: npt.NDArray[Any]) -> bool:
    """Tells whether the two place some corner half a voxel apart or more."""
    size = np.asarray(nifti["dim"][1:4], np.float64) - 1
    corners = np.array([[*corner, 1] for corner in product(*((0, end) for end in size))])
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.linalg.norm(corners @ (sform - qform)[:3].T, axis=1)
    return bool(apart.max() > np.linalg.norm(sform[:3, :3], axis=0).min() / 2)
