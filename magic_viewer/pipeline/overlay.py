"""An attribution laid over its slice: values on the slice's grid, then colours, then one image.

Sequential maps are for log p(x | class), the diverging one is centred on 0 and for contrasts.
All are safe for colour-blind eyes (Nuñez et al. 2018; Crameri et al. 2020).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cmap
import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.results import Attribution

FloatImage = npt.NDArray[np.float32]
ByteImage = npt.NDArray[np.uint8]
PackedImage = npt.NDArray[np.uint32]
Limits = tuple[float, float]

UNIT = "nats per pixel"
UNIT_PER_AREA = "nats per mm²"
SEQUENTIAL_MAPS = ("cividis", "magma", "viridis")
DIVERGING_MAP = "vik"
DIVERGING_MAPS = (DIVERGING_MAP, "berlin", "broc")
_CATALOG = {
    "cividis": "cividis:cividis",
    "magma": "bids:magma",
    "viridis": "bids:viridis",
    "vik": "crameri:vik",
    "berlin": "crameri:berlin",
    "broc": "crameri:broc",
}


@dataclass(frozen=True, eq=False)
class Veil:
    """A coloured map at one opacity, ready to be laid over any window of its slice.

    Attributes:
        color: (rows, columns) 0x00RRGGBB, already multiplied by the opacity.
        keep: (rows, columns) uint16, 256 × the share of the slice that stays visible.
    """

    color: PackedImage
    keep: npt.NDArray[np.uint16]


def on_slice(attribution: Attribution, shape: tuple[int, int]) -> FloatImage:
    """The map's values on the slice's grid, bilinear, NaN outside the model's input.

    Args:
        attribution: the map.
        shape: (rows, columns) of the slice.

    Returns:
        (rows, columns), in the map's own unit.
    """
    top, left, bottom, right = attribution.box
    rows, row_inside = _positions(shape[0], top, bottom, attribution.values.shape[0])
    columns, column_inside = _positions(shape[1], left, right, attribution.values.shape[1])
    values = _interpolate(_interpolate(attribution.values, rows).T, columns).T
    result = np.full(shape, np.nan, dtype=np.float32)
    result[np.ix_(row_inside, column_inside)] = values
    return result


def _positions(
    length: int, start: float, stop: float, samples: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Where the slice pixels inside the box lie on the map's axis, and which those are."""
    centers = np.arange(length) + 0.5
    inside = (centers >= start) & (centers <= stop)
    positions = (centers[inside] - start) / (stop - start) * samples - 0.5
    return np.clip(positions, 0, samples - 1), inside


def _interpolate(
    values: npt.NDArray[np.float64], positions: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Linear along the first axis."""
    lower = np.floor(positions).astype(np.intp)
    upper = np.minimum(lower + 1, len(values) - 1)
    weight = (positions - lower)[:, np.newaxis]
    result: npt.NDArray[np.float64] = values[lower] * (1 - weight) + values[upper] * weight
    return result


def limits(values: npt.NDArray[np.floating], contrast: bool, tail: float = 5.0) -> Limits:
    """The range of the colours: percentiles 5 to 95, or symmetric around 0 for a contrast.

    Args:
        values: nats per pixel, any shape; NaN is left out.
        contrast: whether values are signed around zero.
        tail: per cent of the values beyond either end.

    Returns:
        (low, high), high above low.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return (-1.0, 1.0) if contrast else (0.0, 1.0)
    low, high = (float(value) for value in np.percentile(finite, (tail, 100 - tail)))
    if contrast:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def in_digits(value: float, limits: Limits) -> str:
    """A value of a colour bar: two decimals, more where its range is small; a true minus."""
    span = limits[1] - limits[0]
    decimals = 2 if not 0 < span < 1 else min(6, 2 - math.floor(math.log10(span)))
    text = f"{value:.{decimals}f}"
    return (text.removeprefix("-") if float(text) == 0 else text).replace("-", "−")


def colorize(
    values: FloatImage, limits: Limits, color_map: str, threshold: float = 0.0
) -> ByteImage:
    """Colours for values: (rows, columns, 4) RGBA.

    Transparent where the value is NaN, or nearer to 0 than the threshold.
    """
    low, high = limits
    scaled = (values - np.float32(low)) * np.float32(255 / (high - low))
    outside = np.isnan(scaled)
    if threshold > 0:
        outside |= np.abs(values) < np.float32(threshold)
    steps = np.clip(np.nan_to_num(scaled) + 0.5, 0, 255).astype(np.uint8)
    colors: ByteImage = _table(color_map)[steps]
    colors[outside] = 0
    return colors


def color_bar(color_map: str, length: int, thickness: int) -> ByteImage:
    """An upright strip of the colours, highest on top: (length, thickness, 4) RGBA."""
    steps = np.linspace(255, 0, length).round().astype(np.uint8)
    return np.repeat(_table(color_map)[steps][:, np.newaxis], thickness, axis=1)


def veil(heat: ByteImage, opacity: float) -> Veil:
    """Prepares RGBA colours at an opacity of 0..1 for `blend`."""
    alpha = heat[..., 3].astype(np.float32) * np.float32(opacity / 255)
    colors = (heat[..., :3] * alpha[..., np.newaxis]).astype(np.uint8)
    return Veil(_pack(colors), np.floor(256 * (1 - alpha)).astype(np.uint16))


def stacked(under: Veil | None, top: Veil) -> Veil:
    """Two veils as one."""
    if under is None:
        return top
    shares = [((under.color >> shift & 255) * top.keep) >> 8 for shift in (16, 8, 0)]
    keep = (under.keep.astype(np.uint32) * top.keep) >> 8
    return Veil(_pack(np.stack(shares, axis=-1)) + top.color, keep.astype(np.uint16))


def blend(display_values: ByteImage, over: Veil | None = None) -> PackedImage:
    """One image to draw once: the windowed slice with the map over it.

    Args:
        display_values: (rows, columns) grey or (rows, columns, 3) RGB.
        over: the map, of the same rows and columns.

    Returns:
        (rows, columns) 0xffRRGGBB.
    """
    if over is not None:
        keep = over.keep if display_values.ndim == 2 else over.keep[..., np.newaxis]
        display_values = ((display_values * keep) >> 8).astype(np.uint8)
    if display_values.ndim == 2:
        packed = _GREY[display_values]
    else:
        packed = _pack(display_values) | np.uint32(0xFF000000)
    # The shares of slice and map add up to at most 255 in each byte, so nothing carries over.
    return packed if over is None else packed + over.color


_GREY: PackedImage = (np.arange(256, dtype=np.uint32) * 0x010101) | np.uint32(0xFF000000)


def _pack(rgb: ByteImage | PackedImage) -> PackedImage:
    """(rows, columns, 3) of 0..255 to 0x00RRGGBB."""
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    packed: PackedImage = (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return packed


@lru_cache
def _table(color_map: str) -> ByteImage:
    """256 RGBA colours."""
    colors = cmap.Colormap(_CATALOG[color_map]).lut(256)
    return np.asarray(colors * 255 + 0.5, dtype=np.uint8)
