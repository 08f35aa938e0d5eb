"""Pictures and maps -> PNG and NIfTI."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from magic_viewer.errors import ExportError
from magic_viewer.imaging.geometry import swap_lps_ras


def write_png(path: Path, pixels: npt.NDArray[np.uint8], text: Mapping[str, str]) -> None:
    """Writes a picture.

    Args:
        path: where to.
        pixels: (rows, columns) grey, (rows, columns, 3) RGB or (rows, columns, 4) RGBA.
        text: notes kept in the file, such as how it was made.

    Raises:
        ExportError: the file can't be written.
    """
    notes = PngInfo()
    for name, value in text.items():
        notes.add_itxt(name, value)
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(path, "PNG", pnginfo=notes)
    except OSError as error:
        raise _refusal(path) from error


def write_nifti(path: Path, array_kji: npt.NDArray[Any], affine_lps: npt.ArrayLike) -> None:
    """Writes a volume as NIfTI-1, whose world is RAS.

    Args:
        path: where to, .nii or .nii.gz.
        array_kji: (slices, rows, columns), of a type that NIfTI knows.
        affine_lps: 4×4, (i, j, k) -> LPS mm.

    Raises:
        ExportError: the file can't be written.
    """
    import nibabel as nib

    image = nib.Nifti1Image(np.ascontiguousarray(array_kji.T), swap_lps_ras(affine_lps))
    image.header.set_xyzt_units("mm")
    try:
        nib.save(image, path)
    except OSError as error:
        raise _refusal(path) from error


def _refusal(path: Path) -> ExportError:
    return ExportError(
        f"{path.name} can't be written: check that the folder exists, may be written to and has "
        "room, or choose another."
    )
