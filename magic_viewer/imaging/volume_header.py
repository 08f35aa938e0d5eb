"""What a file of volumes says of itself, whatever its format, and the checks all formats share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.orientations import io_orientation

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.source import Source, shown_name
from magic_viewer.imaging.study import FloatArray, Window

Refuse = Callable[[str], ImagingError]
ReadVolume = Callable[[int], npt.NDArray[Any]]

_SHEAR_FROM = 0.01
_MOST_VOLUMES = 1 << 16
_ENDINGS = re.compile(r"(\.(nii|hdr|mgh|mgz|mnc))?(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Header:
    """What a file of volumes says of itself.

    Attributes:
        path: file that was opened.
        format: "NIfTI", "MGH", ...
        shape: (i, j, k, volumes), all at least 1; axes beyond the third are counted together.
        read_volume: number -> stored voxels (i, j, k), with named fields for RGB. Raises
            ImagingError. May be called from any thread.
        zooms_mm: mm along (i, j, k) where there is no affine.
        affine_ras: 4×4, stored index -> RAS mm; None when the file doesn't say.
        orientation_from: which of the file's fields the affine is made from; "" without one.
        slope: stored values -> modality values; None when `read_volume` has done it.
        intercept: see `slope`.
        window: the file's own, if it has one.
        notices: what the user should know.
        volume_names: what sets each volume apart, such as "12 s"; () where the file doesn't say.
    """

    path: Source
    format: str
    shape: tuple[int, int, int, int]
    read_volume: ReadVolume
    zooms_mm: tuple[float, float, float]
    affine_ras: FloatArray | None
    orientation_from: str
    slope: float | None = 1.0
    intercept: float = 0.0
    window: Window | None = None
    notices: tuple[str, ...] = ()
    volume_names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """File name without its endings."""
        return _ENDINGS.sub("", self.path.name)


def refusal(path: Source, form: str, reason: str) -> ImagingError:
    """Makes the error that says why a file can't be shown."""
    return ImagingError(f"{shown_name(path)} can't be opened as {form}: {reason}.")


def checked_shape(refuse: Refuse, sizes: list[int]) -> tuple[int, int, int, int]:
    """Gives (i, j, k, volumes) of sizes in Python's integers, since products may pass 64 bits."""
    i, j, k, *more = [*sizes, 1, 1][: max(3, len(sizes))]
    if min(i, j, k, *more) < 1:
        raise refuse("every axis needs a size of 1 or more, its header has a smaller one")
    if (volumes := prod(more)) > _MOST_VOLUMES:
        raise refuse(f"{volumes} volumes are no image; it may hold surfaces or a matrix")
    return i, j, k, volumes


def check_type(refuse: Refuse, dtype: np.dtype[Any], name: str, notices: list[str]) -> None:
    """Refuses voxels that can't be shown; `name` is what the format calls them."""
    if dtype.kind not in "iufcV" or dtype.itemsize == 0:
        raise refuse(f"voxels of type {name} aren't shown; save them as float32")
    if dtype.kind == "c":
        notices.append("Its voxels are complex numbers; their magnitude is shown.")


def checked_affine(
    refuse: Refuse, affine: npt.NDArray[np.floating[Any]], notices: list[str]
) -> FloatArray:
    """Refuses an affine without inverse and tells of shear."""
    exact = np.asarray(affine, np.float64)
    if not _has_inverse(exact):
        raise refuse("its affine has no inverse, so voxels have no place in space")
    axes = exact[:3, :3] / np.linalg.norm(exact[:3, :3], axis=0)
    if np.abs(axes.T @ axes - np.eye(3)).max() > _SHEAR_FROM:
        notices.append("Its axes have shear: they don't stand at right angles.")
    return exact


def _has_inverse(affine: FloatArray) -> bool:
    """Tells whether three axes stand apart, as far as numbers can tell; nibabel drops the rest."""
    if not np.all(np.isfinite(affine)):
        return False
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            return bool(np.linalg.det(affine) and np.all(np.isfinite(io_orientation(affine))))
        except np.linalg.LinAlgError:
            return False
