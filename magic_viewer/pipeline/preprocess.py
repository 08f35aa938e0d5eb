"""From a slice to the model's input, and where that input lies on the slice.

Training, evaluation and use share this one way, so a model always sees what it was made for.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from magic_viewer.imaging.study import Slice

GreyImage = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
"""(top, left, bottom, right) in slice pixels, pixel edges at whole numbers."""

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
FOREGROUND_SHARE = 0.1
"""Foreground differs from the border's median by this share of the range."""
LINE_SHARE = 0.04
"""A row or column belongs to the foreground's box when this share of it is foreground."""


@dataclass(frozen=True)
class PreprocessConfig:
    """How a slice becomes a model's input.

    Attributes:
        size: pixels a side of the input.
        fit: "frame" takes the largest centred extent of the image; "foreground" the square
            around what differs from the border, in millimetres where spacing is known.
        margin: part of the foreground's side added around it.
        low: percentile of the fitted pixels that becomes grey level 0.
        high: percentile that becomes `white`.
        white: grey level of the high percentile; brighter pixels keep their place up to 255.
        exponent: of grey levels scaled to 0..1; below 1 it spreads the dark ones.
        border: pixels of grey level 0 around the image, within the size.
    """

    size: int = 64
    fit: Literal["frame", "foreground"] = "frame"
    margin: float = 0.08
    low: float = 0.0
    high: float = 100.0
    white: float = 255.0
    exponent: float = 1.0
    border: int = 0


@dataclass(frozen=True)
class Jitter:
    """A small change of pose and contrast, for training.

    Attributes:
        angle: degrees, counter-clockwise.
        scale: of the box's side.
        shift: (down, right) as a part of the box's side.
        flip: left and right exchanged.
        upend: top and bottom exchanged.
        gamma: exponent of grey levels scaled to 0..1.
        tilt: (down, right) linear gain across the image, 0.1 = from -10 % to +10 %.
        offset: grey levels added, so that no black level counts as a sign of a class.
    """

    angle: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    flip: bool = False
    upend: bool = False
    gamma: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class ModelInput:
    """What the model sees.

    Attributes:
        pixels: (size, size) float32, whole grey levels 0..255.
        box: its outline on the slice; may reach beyond it.
    """

    pixels: GreyImage
    box: Box


def grey_values(image: Slice) -> tuple[GreyImage, tuple[float, float] | None]:
    """Finite values (rows, columns) in which more is brighter, and the file's CT window limits."""
    values = image.modality_values
    grey = values @ LUMINANCE if image.is_color else values.astype(np.float32)
    grey = np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0)
    grey = -grey if image.inverted else grey
    if image.modality == "CT" and image.windows and not image.inverted:
        window = image.windows[0]
        half = window.width / 2
        return grey, (window.center - half, window.center + half)
    return grey, None


def prepare(image: Slice, config: PreprocessConfig) -> ModelInput:
    """Makes the model's input of a slice."""
    grey, limits = grey_values(image)
    return prepare_grey(grey, config, image.spacing, limits)


def prepare_grey(
    grey: GreyImage,
    config: PreprocessConfig,
    spacing: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    jitter: Jitter | None = None,
) -> ModelInput:
    """Fits, scales and quantizes grey values.

    Args:
        grey: (rows, columns), more is brighter.
        config: how.
        spacing: (row, column) mm; square pixels when unknown.
        limits: values that become 0 and 255, instead of the percentiles.
        jitter: a change to make, for training.

    Returns:
        The input and its outline.
    """
    row_mm, column_mm = spacing or (1.0, 1.0)
    background = _background(grey)
    box = _fit_box(grey, background, config, row_mm, column_mm)
    if jitter is not None:
        box = _moved(box, jitter)
        if jitter.angle:
            grey = _rotated(grey, box, jitter.angle, background)
    fitted = _resample(grey, box, config.size - 2 * config.border, background)
    levels = _to_levels(fitted, config, limits)
    if jitter is not None:
        levels = _recoloured(levels, jitter)
    pixels = np.clip(np.rint(levels), 0, 255).astype(np.float32)
    return ModelInput(np.pad(pixels, config.border), _widened(box, config))


def _widened(box: Box, config: PreprocessConfig) -> Box:
    """The box with the border around it."""
    part = config.border / (config.size - 2 * config.border)
    top, left, bottom, right = box
    rows, columns = part * (bottom - top), part * (right - left)
    return top - rows, left - columns, bottom + rows, right + columns


def _background(grey: GreyImage) -> float:
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(border))


def _fit_box(
    grey: GreyImage, background: float, config: PreprocessConfig, row_mm: float, column_mm: float
) -> Box:
    rows, columns = grey.shape
    top, left, bottom, right = 0.0, 0.0, float(rows), float(columns)
    side = min(rows * row_mm, columns * column_mm)
    if config.fit == "foreground":
        top, left, bottom, right = _foreground(grey, background)
        side = max((bottom - top) * row_mm, (right - left) * column_mm) * (1 + config.margin)
    middle_row, middle_column = (top + bottom) / 2, (left + right) / 2
    half_row, half_column = side / row_mm / 2, side / column_mm / 2
    return (
        middle_row - half_row,
        middle_column - half_column,
        middle_row + half_row,
        middle_column + half_column,
    )


def _foreground(grey: GreyImage, background: float) -> Box:
    difference = np.abs(grey - background)
    mask = difference > FOREGROUND_SHARE * np.percentile(difference, 99.5)
    on_rows = np.flatnonzero(mask.mean(1) > LINE_SHARE)
    on_columns = np.flatnonzero(mask.mean(0) > LINE_SHARE)
    if not len(on_rows) or not len(on_columns):
        return 0.0, 0.0, float(grey.shape[0]), float(grey.shape[1])
    return (
        float(on_rows[0]),
        float(on_columns[0]),
        float(on_rows[-1] + 1),
        float(on_columns[-1] + 1),
    )


def _moved(box: Box, jitter: Jitter) -> Box:
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    middle_row = (top + bottom) / 2 + jitter.shift[0] * height
    middle_column = (left + right) / 2 + jitter.shift[1] * width
    half_row, half_column = height * jitter.scale / 2, width * jitter.scale / 2
    return (
        middle_row - half_row,
        middle_column - half_column,
        middle_row + half_row,
        middle_column + half_column,
    )


def _rotated(grey: GreyImage, box: Box, angle: float, background: float) -> GreyImage:
    center = ((box[1] + box[3]) / 2, (box[0] + box[2]) / 2)
    turned = Image.fromarray(grey).rotate(
        angle, Image.Resampling.BICUBIC, center=center, fillcolor=background
    )
    return np.asarray(turned, np.float32)


def _resample(grey: GreyImage, box: Box, size: int, background: float) -> GreyImage:
    """The box as (size, size), antialiased; the background's value beyond the image."""
    top, left, bottom, right = box
    rows, columns = grey.shape
    before = (max(0, int(np.ceil(-top))), max(0, int(np.ceil(-left))))
    after = (max(0, int(np.ceil(bottom - rows))), max(0, int(np.ceil(right - columns))))
    if any(before + after):
        pad = ((before[0], after[0]), (before[1], after[1]))
        grey = np.pad(grey, pad, constant_values=background)
    shifted = (left + before[1], top + before[0], right + before[1], bottom + before[0])
    fitted = Image.fromarray(np.ascontiguousarray(grey, np.float32)).resize(
        (size, size), Image.Resampling.HAMMING, box=shifted
    )
    return np.asarray(fitted, np.float32)


def _to_levels(
    fitted: GreyImage, config: PreprocessConfig, limits: tuple[float, float] | None
) -> GreyImage:
    if limits is None:
        low, high = np.percentile(fitted, [config.low, config.high])
        white = config.white
    else:
        (low, high), white = limits, 255.0
    if high <= low:
        return np.zeros_like(fitted)
    scaled: GreyImage = np.clip((fitted - low) * (white / (high - low)), 0, 255).astype(np.float32)
    if config.exponent == 1:
        return scaled
    return np.float32(255) * (scaled / np.float32(255)) ** np.float32(config.exponent)


def _recoloured(levels: GreyImage, jitter: Jitter) -> GreyImage:
    ramp = np.linspace(-1, 1, len(levels), dtype=np.float32)
    gain = 1 + jitter.tilt[0] * ramp[:, None] + jitter.tilt[1] * ramp[None, :]
    bright: GreyImage = np.clip(levels * gain + jitter.offset, 0, 255).astype(
        np.float32
    ) / np.float32(255)
    changed: GreyImage = np.float32(255) * bright ** np.float32(jitter.gamma)
    return changed[:: -1 if jitter.upend else 1, :: -1 if jitter.flip else 1]
