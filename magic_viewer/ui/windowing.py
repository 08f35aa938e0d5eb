"""What a drag, a region or a key makes of the window. No Qt."""

import math
from dataclasses import replace

import numpy as np

from magic_viewer.imaging.study import PixelArray, Slice, Window

# A hand's width on the mouse pad, some 250 pixels, doubles or halves the width.
_PIXELS_PER_E_FOLD = 360.0
_CENTER_PER_PIXEL = 1 / 400


def dragged(window: Window, right: float, down: float) -> Window:
    """Right widens, down raises the centre (darker), in proportion to the width.

    Args:
        window: before.
        right: pixels moved to the right.
        down: pixels moved down.
    """
    width = max(window.width * math.exp(right / _PIXELS_PER_E_FOLD), smallest_width(window))
    center = window.center + down * window.width * _CENTER_PER_PIXEL
    return replace(window, center=center, width=width, name="")


def smallest_width(window: Window) -> float:
    """What its function is defined for: LINEAR from a width of 1 on (PS3.3 C.11.2.1.2)."""
    return 1.0 if window.function == "LINEAR" else 1e-6


def of_region(values: PixelArray) -> Window | None:
    """From the lowest to the highest value of a region; None when it has no contrast."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return None
    low, high = float(finite.min()), float(finite.max())
    return Window((low + high) / 2, high - low, "LINEAR_EXACT") if high > low else None


def of_rectangle(
    values: PixelArray, left: float, top: float, right: float, bottom: float
) -> Window | None:
    """From the lowest to the highest value of all pixels that a rectangle touches."""
    rows = slice(max(0, int(top)), max(0, math.ceil(bottom)))
    columns = slice(max(0, int(left)), max(0, math.ceil(right)))
    return of_region(values[rows, columns])


def words(window: Window) -> str:
    """Width and centre with as many decimals as they are worth, and the curve if it is bent."""
    digits = decimals(window)
    text = f"W {window.width:.{digits}f}  C {window.center:.{digits}f}"
    return f"{text}  sigmoid" if window.function == "SIGMOID" else text


def decimals(window: Window) -> int:
    """How many decimals the values of a window are worth."""
    return 0 if window.width >= 20 else max(0, 2 - math.floor(math.log10(window.width)))


def described(image: Slice, window: Window | None) -> str:
    """What makes grey of the slice's values: its window, or a table of its file."""
    if image.is_color:
        return "Colour"
    if window is not None:
        return words(window)
    return "Table of the file (VOI LUT)" if image.voi_lut is not None else "Window of the file"
