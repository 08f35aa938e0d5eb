"""Where the slices of a mosaic lie: one image that is a grid of many (Siemens, UIH).

The tiles follow each other along a row of the grid, then row by row; the last places may be empty.
Neither form is in the DICOM standard beyond Image Plane (PS3.3 C.7.6.2), so what a file says is
used only where it all agrees.

Siemens says how many tiles there are and which way they follow each other in its CSA header, as
described in nibabel's "Siemens mosaic format" (nipy.org/nibabel/dicom/dicom_mosaic.html). UIH lists
the position of every tile, as its engineers described it for dcm2niix (rordenlab/dcm2niix,
UIH/README.md and issue 225).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, isqrt
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.values import convert_SQ

from magic_viewer.imaging.csa import read_csa
from magic_viewer.imaging.dicom_values import number, numbers, value, whole
from magic_viewer.imaging.study import FloatArray

Position = tuple[float, float, float]
_Stored = TypeVar("_Stored", bound=np.generic)

_CREATORS = (0x00190010, 0x00290010, 0x00650010)
_SIEMENS_COUNT, _SIEMENS_CSA = 0x0019100A, 0x00291010
_UIH_COUNT, _UIH_FRAMES = 0x00651050, 0x00651051
_KEYWORDS = """
    ImageType NumberOfFrames Rows Columns ImagePositionPatient ImageOrientationPatient
    PixelSpacing SpacingBetweenSlices
"""

_MOST_TILES = 4096
_ORTHONORMAL_WITHIN = 0.02

# What wrong or missing values raise, here and where pydicom converts them.
_WRONG = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error)
_UNRELIABLE = (*_WRONG, EOFError, OSError, NotImplementedError, RecursionError)


@dataclass(frozen=True)
class Mosaic:
    """How an image divides into slices, and where they lie. Orientation is the image's own.

    Attributes:
        tiles: how many slices there are, empty places not counted.
        per_row: tiles in a row of the grid. A column holds as many with Siemens, maybe fewer
            with UIH.
        shape: (rows, columns) of a tile.
        positions: LPS mm of the centre of each tile's first pixel, in the order of the tiles.
    """

    tiles: int
    per_row: int
    shape: tuple[int, int]
    positions: tuple[Position, ...]


def mosaic_tags() -> tuple[int | str, ...]:
    """Gives the attributes a header must be read with for this module, as dcmread takes them."""
    private = (_SIEMENS_COUNT, _SIEMENS_CSA, _UIH_COUNT, _UIH_FRAMES)
    return (*_KEYWORDS.split(), *_CREATORS, *private)


def is_mosaic(header: Dataset) -> bool:
    """Tells whether an image calls itself a mosaic, also one that can't be divided."""
    return _reader(header) is not None


def read_mosaic(header: Dataset) -> Mosaic | None:
    """Reads how a mosaic divides into slices.

    Returns:
        None when the image is no mosaic, or when its layout can't be relied on.
    """
    reader = _reader(header)
    if reader is None or whole(header, "NumberOfFrames", 1) > 1:
        return None
    try:
        with np.errstate(all="ignore"):
            return reader(header)
    except _UNRELIABLE:
        return None


def tile(stored: npt.NDArray[_Stored], mosaic: Mosaic, number: int) -> npt.NDArray[_Stored]:
    """Cuts one slice out of a mosaic's pixels, as a view.

    Args:
        stored: (rows, columns) of the whole image, or (rows, columns, 3).
        mosaic: its layout.
        number: which tile, 0-based.
    """
    if not 0 <= number < mosaic.tiles:
        raise IndexError(f"A tile from 0 to {mosaic.tiles - 1} was expected, not {number}.")
    rows, columns = mosaic.shape
    top, left = number // mosaic.per_row * rows, number % mosaic.per_row * columns
    return stored[top : top + rows, left : left + columns]


def _reader(header: Dataset) -> Callable[[Dataset], Mosaic] | None:
    found = value(header, "ImageType") or ()
    kinds = (found,) if isinstance(found, str) else tuple(found)
    if "MOSAIC" in kinds:
        return _read_siemens
    return _read_uih if "VFRAME" in kinds else None


def _read_siemens(header: Dataset) -> Mosaic:
    csa = read_csa(header.get_private_item(0x0029, 0x10, "SIEMENS CSA HEADER").value)
    tiles = _count(csa["NumberOfImagesInMosaic"][0])
    if _SIEMENS_COUNT in header and _count(header[_SIEMENS_COUNT].value) != tiles:
        raise ValueError("The file gives two different numbers of tiles.")
    side = _ceil_sqrt(tiles)
    shape = _tile_shape(header, side, side)
    along_tiles = np.array([float(part) for part in csa["SliceNormalVector"]])
    return Mosaic(tiles, side, shape, _siemens_positions(header, tiles, shape, along_tiles))


def _siemens_positions(
    header: Dataset, tiles: int, shape: tuple[int, int], along_tiles: FloatArray
) -> tuple[Position, ...]:
    """Places the tiles one behind the other.

    Image Position is that of a slice as large as the whole mosaic around the first tile's centre,
    so the first tile begins half the difference in size further in.
    """
    axes, normal = _siemens_axes(header, along_tiles)
    row_spacing, column_spacing = _exactly(header, "PixelSpacing", 2)
    distance = number(header, "SpacingBetweenSlices") or 0.0
    if min(row_spacing, column_spacing, distance) <= 0:
        raise ValueError("Distances between pixels and slices were expected.")
    down, across = (np.array([whole(header, "Rows"), whole(header, "Columns")]) - shape) / 2
    first = _exactly(header, "ImagePositionPatient", 3)
    first = first + axes[0] * column_spacing * across + axes[1] * row_spacing * down
    return _positions(first + np.arange(tiles)[:, None] * distance * normal)


def _siemens_axes(header: Dataset, along_tiles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gives the directions of rows and columns, and the normal on the side CSA tells."""
    axes = np.reshape(_exactly(header, "ImageOrientationPatient", 6), (2, 3))
    normal = np.cross(axes[0], axes[1])
    normal = normal * copysign(1, float(normal @ along_tiles))
    for found, wanted in ((axes @ axes.T, np.eye(2)), (normal, along_tiles)):
        if not np.allclose(found, wanted, rtol=0, atol=_ORTHONORMAL_WITHIN):
            raise ValueError("The orientation is invalid, or isn't that of the tiles.")
    return axes, normal / np.linalg.norm(normal)


def _read_uih(header: Dataset) -> Mosaic:
    """Reads UIH's grid, which has no more rows than it needs; its items give the positions."""
    tiles = _count(header[_UIH_COUNT].value)
    items = header[_UIH_FRAMES].value
    if isinstance(items, bytes):  # from a file that doesn't say it's a sequence (PS3.5 6.2.2)
        items = convert_SQ(items, is_implicit_VR=True, is_little_endian=True)
    if len(items) != tiles:
        raise ValueError("One item a tile was expected.")
    columns = _ceil_sqrt(tiles)
    shape = _tile_shape(header, -(-tiles // columns), columns)
    places = np.array([_exactly(item, "ImagePositionPatient", 3) for item in items])
    return Mosaic(tiles, columns, shape, _positions(places))


def _count(found: Any) -> int:
    count = float(found)
    if not (1 <= count <= _MOST_TILES and count.is_integer()):
        raise ValueError(f"1 to {_MOST_TILES} tiles were expected, not {count}.")
    return int(count)


def _ceil_sqrt(count: int) -> int:
    return isqrt(count - 1) + 1


def _tile_shape(header: Dataset, grid_rows: int, grid_columns: int) -> tuple[int, int]:
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    if min(rows, columns) <= 0 or rows % grid_rows or columns % grid_columns:
        raise ValueError("The image doesn't divide into equal tiles.")
    return rows // grid_rows, columns // grid_columns


def _exactly(dataset: Dataset, keyword: str, count: int) -> FloatArray:
    found = numbers(dataset, keyword, count)
    if found is None:
        raise ValueError(f"{count} numbers were expected in {keyword}.")
    return np.array(found, np.float64)


def _positions(places: FloatArray) -> tuple[Position, ...]:
    found = tuple((float(x), float(y), float(z)) for x, y, z in places)
    if not np.isfinite(places).all() or len(set(found)) != len(found):
        raise ValueError("A place of its own was expected for every tile.")
    return found
