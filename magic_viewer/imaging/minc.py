"""MINC 1 (netCDF), and MINC 2 (HDF5) where h5py is installed -> Header.

Each plane has a scale of its own, so volumes are read and scaled by nibabel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.externals.netcdf import netcdf_file
from nibabel.minc1 import Minc1File, MincError

from magic_viewer.imaging.gunzip import LARGEST, unpack, unpacked_size
from magic_viewer.imaging.kinds import is_minc2
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.volume_header import (
    Header,
    Refuse,
    check_type,
    checked_affine,
    checked_shape,
    refusal,
)

_KEPT_VOLUMES = 2
# nibabel asks a damaged file for what isn't there in all these ways.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MincError,
)


def read_minc_header(path: Source, head: bytes, gzipped: bool) -> Header:
    """Reads all but the voxels of a .mnc.

    Raises:
        ImagingError: it is damaged, has no three axes in space, or needs h5py.
    """
    refuse = partial(refusal, path, "MINC")
    notices: list[str] = []
    with _told(refuse):
        minc = _minc2(refuse, path) if is_minc2(head) else open_minc1(refuse, path, gzipped)
        names: tuple[str, ...] = tuple(minc._dim_names)
        in_space = [axis for axis, name in enumerate(names) if name.endswith("space")]
        if len(in_space) != 3:
            raise refuse(f"3 axes in space were expected, it has {len(in_space)}")
        sizes = [int(size) for size in minc.get_data_shape()]
        dtype = np.dtype(minc.get_data_dtype())
        check_type(refuse, dtype, str(dtype), notices)
        affine = checked_affine(refuse, minc.get_affine(), notices)
    more = tuple(size for axis, size in enumerate(sizes) if axis not in in_space)
    shape = checked_shape(refuse, [*(sizes[axis] for axis in in_space), *more])
    read = partial(_read_volume, minc, refuse, in_space, more)
    i, j, k = (float(size) for size in np.linalg.norm(affine[:3, :3], axis=0))
    return Header(
        path=path,
        format="MINC",
        shape=shape,
        read_volume=lru_cache(_KEPT_VOLUMES)(read),
        zooms_mm=(i, j, k),
        affine_ras=affine,
        orientation_from="direction cosines",
        slope=None,
        notices=tuple(notices),
    )


@contextmanager
def _told(refuse: Refuse) -> Iterator[None]:
    """Turns what nibabel raises into the sentence for the user."""
    try:
        with np.errstate(all="ignore"):
            yield
    except _DAMAGE as error:
        raise refuse("it is damaged, cut short, or of a kind that isn't read") from error


def open_minc1(refuse: Refuse, path: Source, gzipped: bool) -> Any:
    """Lets nibabel open netCDF, mapped where that is possible; raises what nibabel raises."""
    if not gzipped:
        # The arrays keep the mapping alive; nibabel warns on closing while any still does.
        with path.open("rb") as stream:
            mapped = netcdf_file(stream, mmap=isinstance(path, Path))
            mapped._mm_buf = None
            return Minc1File(mapped)
    size = unpacked_size(path)
    if size > LARGEST:
        raise refuse("it unpacks to more than 4 GB; unpack it with gunzip and open that")
    return Minc1File(netcdf_file(BytesIO(unpack(path, 0, size))))


def _minc2(refuse: Refuse, path: Source) -> Any:
    try:
        import h5py  # type: ignore[import-not-found]
    except ImportError as error:
        raise refuse(
            "it is MINC 2, for which h5py isn't installed; make it MINC 1 with mincconvert or "
            "NIfTI with mnc2nii"
        ) from error
    from nibabel.minc2 import Minc2File

    return Minc2File(h5py.File(path.open("rb")))


def _read_volume(
    minc: Any, refuse: Refuse, in_space: list[int], more: tuple[int, ...], number: int
) -> npt.NDArray[np.float32]:
    """Reads and scales one volume (i, j, k); the axes in space needn't come last."""
    rest = iter(np.unravel_index(number, more) if more else ())
    every = range(len(in_space) + len(more))
    chosen = tuple(slice(None) if axis in in_space else int(next(rest)) for axis in every)
    with _told(refuse):
        return np.asarray(minc.get_scaled_data(chosen), np.float32)
