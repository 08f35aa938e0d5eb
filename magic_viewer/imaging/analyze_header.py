"""Analyze 7.5 and SPM's dialects of it (.hdr + .img) -> Header, and what NIfTI took over from it.

Analyze says which way its axes run in no way that programs agree on, so nothing is claimed.
"""

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.spm2analyze import Spm2AnalyzeHeader
from nibabel.wrapstruct import WrapStructError

from magic_viewer.imaging.source import Source
from magic_viewer.imaging.stored_voxels import stored_volumes
from magic_viewer.imaging.volume_header import (
    Header,
    Refuse,
    check_type,
    checked_shape,
    refusal,
)

_SERIOUS = 40
_silent = logging.getLogger("magic_viewer.nibabel")
_silent.disabled = True


def is_analyze(path: Source, head: bytes) -> bool:
    """Tells whether a file is an Analyze header: by its size in front, and by its name."""
    return head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c") and bool(_stem(path))


def read_analyze_header(path: Source, head: bytes) -> Header:
    """Checks the first bytes of a .hdr.

    Raises:
        ImagingError: it contradicts itself, or its .img isn't there.
    """
    refuse = partial(refusal, path, "Analyze")
    fields, stated_bits = mended(refuse, Spm2AnalyzeHeader, head)
    notices = ["No side letters are drawn: orientation unknown, Analyze doesn't tell it reliably."]
    data_path, gzipped = data_file(refuse, path)
    if path.with_name(f"{_stem(path)}.mat").is_file():
        notices.append("The orientation that SPM keeps in the .mat file beside it isn't read.")
    shape = dim_shape(refuse, fields)
    dtype = voxel_type(refuse, fields, stated_bits, notices)
    slope, intercept = fields.get_slope_inter()
    return Header(
        path=path,
        format="Analyze",
        shape=shape,
        read_volume=stored_volumes(
            refuse, data_path, gzipped, voxel_offset(refuse, fields), dtype, shape
        ),
        zooms_mm=pixdim_zooms(fields),
        affine_ras=None,
        orientation_from="",
        slope=1.0 if slope is None else float(slope),
        intercept=float(intercept or 0.0),
        notices=tuple(notices),
    )


def mended(refuse: Refuse, kind: Callable[..., Any], head: bytes) -> tuple[Any, int]:
    """Makes nibabel's header object, small faults mended, and gives its `bitpix` before that."""
    try:
        fields = kind(head[: kind.template_dtype.itemsize], check=False)  # type: ignore[attr-defined]
        stated_bits = int(fields["bitpix"])
        fields.check_fix(logger=_silent, error_level=_SERIOUS)
    except (HeaderDataError, WrapStructError, ValueError, KeyError) as error:
        raise refuse("its header is damaged, cut short or of a kind that isn't read") from error
    return fields, stated_bits


def data_file(refuse: Refuse, path: Source) -> tuple[Source, bool]:
    """Finds the .img of a .hdr, and tells whether it is gzip."""
    stem = _stem(path)
    for ending in (".img", ".img.gz", ".IMG"):
        if (beside := path.with_name(stem + ending)).is_file():
            return beside, ending.endswith(".gz")
    raise refuse(f"its voxels should be in {stem}.img beside it, which isn't there")


def _stem(path: Source) -> str:
    match = re.fullmatch(r"(.+)\.hdr(\.gz)?", path.name, re.IGNORECASE)
    return match[1] if match else ""


def dim_shape(refuse: Refuse, fields: Any) -> tuple[int, int, int, int]:
    """Reads `dim`."""
    count, *sizes = (int(value) for value in fields["dim"])
    if not 1 <= count <= 7:
        raise refuse(f"1 to 7 dimensions were expected, its header says {count}")
    # Zero beyond the third is a common way to write "not used".
    return checked_shape(refuse, sizes[: min(count, 3)] + [size or 1 for size in sizes[3:count]])


def voxel_type(refuse: Refuse, fields: Any, stated_bits: int, notices: list[str]) -> np.dtype[Any]:
    """Reads `datatype`, and tells when `bitpix` doesn't fit it."""
    try:
        dtype: np.dtype[Any] = np.dtype(fields.get_data_dtype())
    except HeaderDataError as error:
        raise refuse("its data type is none of the format's") from error
    check_type(refuse, dtype, fields.get_value_label("datatype"), notices)
    if stated_bits != dtype.itemsize * 8:
        notices.append(
            f"Its header says {stated_bits} bits a voxel where its data type has "
            f"{dtype.itemsize * 8}; the data type is used."
        )
    return dtype


def voxel_offset(refuse: Refuse, fields: Any) -> int:
    """Reads `vox_offset`, which is a float in the older formats."""
    offset = float(fields["vox_offset"])
    if not np.isfinite(offset) or offset < 0:
        raise refuse("its header says that voxels start where no file can have them")
    return int(fields["vox_offset"])


def pixdim_zooms(fields: Any, scale_mm: float = 1.0) -> tuple[float, float, float]:
    """Reads `pixdim`; 1 mm where it has no size."""
    sizes = (abs(float(value)) * scale_mm for value in fields["pixdim"][1:4])
    i, j, k = (size if np.isfinite(size) and size > 0 else 1.0 for size in sizes)
    return i, j, k
