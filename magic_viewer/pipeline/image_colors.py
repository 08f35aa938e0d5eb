"""Colour maps for the image itself, after its window. Grey is the one that radiologists read."""

from functools import lru_cache

import cmap
import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.overlay import ByteImage

GREY = "grey"
# DICOM's well-known palette "Hot Iron" (PS3.6 B.1.1), by its corners.
_HOT_IRON = {0.0: "#000000", 0.5: "#ff0000", 0.75: "#ff8000", 1.0: "#ffffff"}
_CATALOG: dict[str, object] = {
    "hot iron": _HOT_IRON,
    "cividis": "cividis:cividis",
    "inferno": "bids:inferno",
    "magma": "bids:magma",
    "viridis": "bids:viridis",
}
COLOR_MAPS = (GREY, *_CATALOG)


def painted(display_values: ByteImage, color_map: str) -> ByteImage:
    """Colours for a windowed slice.

    Args:
        display_values: (rows, columns) uint8, or (rows, columns, 3), which stays as it is.
        color_map: one of `COLOR_MAPS`.

    Returns:
        (rows, columns, 3) uint8; what was given where the map is grey.
    """
    if color_map == GREY or display_values.ndim == 3:
        return display_values
    colors: ByteImage = _table(color_map)[display_values]
    return colors


def packed(display_values: ByteImage, color_map: str) -> npt.NDArray[np.uint32]:
    """The same as 0xffRRGGBB in one step, for (rows, columns) in a map that is not grey."""
    result: npt.NDArray[np.uint32] = _packed_table(color_map)[display_values]
    return result


@lru_cache
def _table(color_map: str) -> ByteImage:
    """256 RGB colours."""
    colors = cmap.Colormap(_CATALOG[color_map]).lut(256)[:, :3]  # type: ignore[arg-type]
    return np.asarray(colors * 255 + 0.5, dtype=np.uint8)


@lru_cache
def _packed_table(color_map: str) -> npt.NDArray[np.uint32]:
    red, green, blue = _table(color_map).astype(np.uint32).T
    table: npt.NDArray[np.uint32] = red << np.uint32(16) | green << np.uint32(8) | blue
    return table | np.uint32(0xFF000000)
