"""From modality values to what the screen shows.

The grey pipeline (PS3.3 C.11, PS3.4 N.2): modality values -> VOI LUT, or a window with its
function -> MONOCHROME1 inversion last. Colour passes through.
"""

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.study import Slice, VoiLut, Window

DisplayArray = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]

CT_PRESETS = (
    Window(40, 400, name="Soft tissue"),
    Window(-600, 1500, name="Lung"),
    Window(480, 2500, name="Bone"),
    Window(40, 80, name="Brain"),
    Window(90, 150, name="Liver"),
)
_TAIL_PERCENT = 0.1


def default_window(image: Slice) -> Window | None:
    """Gives the file's first window, else one that drops the lowest and highest 0.1 % of pixels.

    Returns:
        None in colour.
    """
    if image.is_color:
        return None
    if image.windows:
        return image.windows[0]
    values = counted_values(image)
    if not values.size:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    tail = int(values.size * _TAIL_PERCENT / 100)
    # Not np.percentile, which imports a good part of numpy when first used.
    low, high = np.partition(values, [tail, values.size - 1 - tail])[[tail, -1 - tail]]
    # A few bright pixels on an empty ground are the picture, not its tail.
    return _range_window(float(low), float(high)) if high > low else full_range(image)


def full_range(image: Slice) -> Window | None:
    """Gives the window from the lowest to the highest pixel; None in colour."""
    if image.is_color:
        return None
    values = counted_values(image)
    if not values.size:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    return _range_window(float(values.min()), float(values.max()))


# Windows and values may lie beyond what float32 holds: then it is white or black.
@np.errstate(over="ignore", invalid="ignore")
def to_display(image: Slice, window: Window | None = None, invert: bool = False) -> DisplayArray:
    """Makes the picture of a slice.

    Args:
        image: the slice.
        window: the user's window. None shows the slice as its file asks: with its VOI LUT when
            there is one, else with `default_window`.
        invert: swap black and white (the user's wish; MONOCHROME1 is already seen to).

    Returns:
        (rows, columns) uint8, or (rows, columns, 3) in colour.
    """
    if image.is_color:
        color = np.asarray(image.modality_values, np.uint8)
        return 255 - color if invert else color
    values = np.asarray(image.modality_values, np.float32)
    if window is None and image.voi_lut is not None:
        shown = _apply_voi_lut(values, image.voi_lut)
    else:
        chosen = window or default_window(image)
        assert chosen is not None
        shown = apply_window(values, chosen)
    return 255 - shown if image.inverted != invert else shown


def apply_window(values: FloatImage, window: Window) -> DisplayArray:
    """Applies a window's function, output range 0..255 (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    Args:
        values: modality values, any shape. Those that are not a number come out black.
        window: width > 0; LINEAR needs width >= 1.
    """
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        # exp overflows at float32's edge long after the curve has gone flat.
        steep = np.clip((values - center) * (-4.0 / width), -80, 80)
        return _quantize(255.0 / (1.0 + np.exp(steep)))
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    if width <= 0:
        return np.where(values > center, np.uint8(255), np.uint8(0))
    shown = values - np.float32(center)
    shown *= np.float32(255.0 / width)
    shown += np.float32(127.5)
    return _quantize(shown)


def _quantize(shown: FloatImage) -> DisplayArray:
    """Rounds to uint8, ends held; fmax takes NaN to 0."""
    np.fmax(shown, 0, out=shown)
    np.minimum(shown, 255, out=shown)
    shown += np.float32(0.5)
    return shown.astype(np.uint8)


def _apply_voi_lut(values: FloatImage, lut: VoiLut) -> DisplayArray:
    entries = _quantize(lut.table * np.float32(255))
    place = np.nan_to_num(values - np.float32(lut.first), nan=0.0)
    # Ends are held here, since what is beyond int64 would come out at the other end.
    place = np.clip(np.rint(place), 0, len(entries) - 1)
    shown: DisplayArray = entries.take(place.astype(np.int64))
    return shown


def counted_values(image: Slice, step: int = 1) -> FloatImage:
    """Gives the pixels that count for a range: numbers, and not padding.

    Args:
        image: not in colour.
        step: takes every so many-th row and column.
    """
    values = np.asarray(image.modality_values[::step, ::step], np.float32)
    counted = np.isfinite(values)
    if image.padding_value is not None:
        counted &= values != np.float32(image.padding_value)
    return values[counted]


def _range_window(low: float, high: float) -> Window:
    """Spans low..high; one value alone is shown black."""
    width = high - low if high > low else 1.0
    return Window(low + width / 2, width, "LINEAR_EXACT")
