"""FreeSurfer's MGH and MGZ -> Header."""

from functools import partial

import numpy as np
from nibabel.freesurfer.mghformat import DATA_OFFSET, MGHHeader

from magic_viewer.imaging.source import Source
from magic_viewer.imaging.stored_voxels import stored_volumes
from magic_viewer.imaging.volume_header import (
    Header,
    checked_affine,
    checked_shape,
    refusal,
)

_GOOD_RAS = slice(28, 30)


def read_mgh_header(path: Source, head: bytes, gzipped: bool) -> Header:
    """Checks the first bytes of a .mgh or .mgz, unpacked.

    Raises:
        ImagingError: it contradicts itself, or promises more voxels than there are.
    """
    refuse = partial(refusal, path, "MGH")
    if len(head) < DATA_OFFSET:
        raise refuse("its header is cut short")
    fields = MGHHeader(head[:DATA_OFFSET], check=False)
    notices: list[str] = []
    try:
        dtype = np.dtype(fields.get_data_dtype())
    except KeyError as error:
        raise refuse(f"voxels of type {int(fields['type'])} aren't shown") from error
    shape = checked_shape(refuse, [int(size) for size in fields["dims"]])
    affine = None
    # Asked of the bytes, since nibabel fills in a coronal default where the flag is off.
    if any(head[_GOOD_RAS]):
        affine = checked_affine(refuse, fields.get_affine(), notices)
    else:
        notices.append("No side letters are drawn: orientation unknown. Its voxels count as 1 mm.")
    i, j, k = (float(size) for size in fields["delta"])
    return Header(
        path=path,
        format="MGH",
        shape=shape,
        read_volume=stored_volumes(refuse, path, gzipped, DATA_OFFSET, dtype, shape),
        zooms_mm=(i, j, k),
        affine_ras=affine,
        orientation_from="" if affine is None else "direction cosines",
        notices=tuple(notices),
    )
