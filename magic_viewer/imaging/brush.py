"""A brush that edits a copy of a slice, for what-ifs. The slice it began on is never touched."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np

from magic_viewer.imaging import edit
from magic_viewer.imaging.edit import FloatImage
from magic_viewer.imaging.study import Mask, Slice

Kind = Literal["blur", "noise", "fill", "mirror"]
Point = tuple[float, float]
Crop = tuple[slice, slice]

KINDS: Final[tuple[Kind, ...]] = ("blur", "noise", "fill", "mirror")
# A hard rim would be an edge that no anatomy has.
_SOFT_SHARE = 0.3
_LEAST_RADIUS = 0.75
# Of the slice's standard deviation, at full strength.
_NOISE_SHARE = np.float32(0.5)


@dataclass(frozen=True)
class Brush:
    """What a stroke does.

    Attributes:
        kind: "blur"; "noise"; "fill" replaces by a smooth surface from the rim; "mirror"
            replaces by the patient's other side.
        radius: mm, or widths of a pixel where the spacing is unknown.
        strength: 0..1, the share of the new value; of noise its standard deviation, in halves
            of that of the slice.
    """

    kind: Kind = "blur"
    radius: float = 10.0
    strength: float = 1.0


class Stroke:
    """One pull of the brush, longer with every point.

    Where strokes cross themselves they don't count twice.

    Args:
        image: a grey slice.
        brush: what to do.
        seed: of the noise.
    """

    def __init__(self, image: Slice, brush: Brush, seed: int = 0) -> None:
        assert not image.is_color
        self._image, self._seed = image, seed
        self._base = np.asarray(image.modality_values, np.float32)
        self._pixel_size = image.spacing or (image.pixel_aspect, 1.0)
        self._brush = replace(
            brush, radius=max(brush.radius, _LEAST_RADIUS * max(self._pixel_size))
        )
        self._known = edit.counted(image)
        self._weights = np.zeros(image.shape, np.float32)
        self._last: Point | None = None
        self._opposite: tuple[FloatImage, Mask] | None = None
        axis = edit.left_right_axis(image)
        if brush.kind == "mirror" and axis is not None:
            self._opposite = edit.mirrored(self._base, self._known, axis)

    def extend(self, point_index: Point) -> None:
        """On to a point (column, row), pixel centres at whole numbers; it may lie outside."""
        start = self._last or point_index
        crop = self._around(start, point_index)
        weights = self._segment(crop, start, point_index) * self._known[crop]
        self._weights[crop] = np.maximum(self._weights[crop], weights)
        self._last = point_index

    @property
    def weights(self) -> FloatImage:
        """(rows, columns) 0..1, how much each pixel is under the brush; 0 is untouched."""
        return self._weights

    def image(self) -> Slice:
        """A new slice with the stroke on it; the very same one where it touches nothing."""
        crop = self._crop()
        if crop is None:
            return self._image
        values = self._base.copy()
        part, weights = values[crop], self._weights[crop]
        with np.errstate(over="ignore", invalid="ignore"):
            made = self._made(crop, part, weights)
        part[...] = np.where(weights > 0, made, part)
        values.setflags(write=False)
        return replace(self._image, modality_values=values)

    # Where

    def _around(self, start: Point, end: Point) -> Crop:
        ends, radius = np.array([start, end]), self._brush.radius
        crop = []
        for place, size, length in zip((1, 0), self._pixel_size, self._base.shape, strict=True):
            reach = radius / size
            first = int(np.clip(np.floor(ends[:, place].min() - reach), 0, length))
            last = int(np.clip(np.ceil(ends[:, place].max() + reach) + 1, first, length))
            crop.append(slice(first, last))
        return crop[0], crop[1]

    def _segment(self, crop: Crop, start: Point, end: Point) -> FloatImage:
        """Weights around a line between two points, within the crop."""
        row_size, column_size = self._pixel_size
        rows = (np.arange(crop[0].start, crop[0].stop) - start[1])[:, np.newaxis] * row_size
        columns = (np.arange(crop[1].start, crop[1].stop) - start[0]) * column_size
        down, right = (end[1] - start[1]) * row_size, (end[0] - start[0]) * column_size
        length = down * down + right * right
        along = np.clip((rows * down + columns * right) / length, 0, 1) if length else 0.0
        distance = np.hypot(rows - along * down, columns - along * right)
        radius = self._brush.radius
        weights: FloatImage = np.clip((radius - distance) / (_SOFT_SHARE * radius), 0, 1).astype(
            np.float32
        )
        return weights

    def _crop(self) -> Crop | None:
        """The part of the slice with the stroke on it and what its new values come from."""
        rows, columns = (np.flatnonzero(self._weights.any(axis)) for axis in (1, 0))
        if not len(rows):
            return None
        kind = self._brush.kind
        reaches = self._half_widths() if kind == "blur" else (int(kind == "fill"),) * 2
        crop = [
            slice(max(0, int(touched[0]) - 3 * reach), int(touched[-1]) + 3 * reach + 1)
            for touched, reach in zip((rows, columns), reaches, strict=True)
        ]
        return crop[0], crop[1]

    def _half_widths(self) -> tuple[int, int]:
        """Of the running means that blur with a standard deviation of half the radius."""
        row, column = (
            max(1, round((np.hypot(self._brush.radius / size, 1) - 1) / 2))
            for size in self._pixel_size
        )
        return row, column

    # What

    @cached_property
    def _deviation(self) -> np.float32:
        """Of the whole slice."""
        return np.float32(np.std(self._base[self._known], dtype=np.float64))

    def _made(self, crop: Crop, part: FloatImage, weights: FloatImage) -> FloatImage:
        known, brush = self._known[crop], self._brush
        share = weights * np.float32(brush.strength)
        if brush.kind == "noise":
            corner = (crop[0].start, crop[1].start)
            return part + share * _NOISE_SHARE * self._deviation * edit.noise(
                part.shape, corner, self._seed
            )
        if brush.kind == "mirror":
            if self._opposite is None:
                return part
            other, there = (each[crop] for each in self._opposite)
            return np.where(there, part + share * (other - part), part)
        if brush.kind == "fill":
            new = edit.filled(part, known & (weights == 0))
        else:
            new = edit.blurred(part, known, self._half_widths())
        return part + share * (new - part)
