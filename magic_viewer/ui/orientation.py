"""How a slice is mirrored and turned on screen, with its edge letters following. No Qt."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.imaging.study import Slice


@dataclass(frozen=True)
class Orientation:
    """First mirrored left to right, or not, then turned clockwise.

    Attributes:
        mirrored: whether left and right are swapped first.
        quarter_turns: clockwise, 0..3.
    """

    mirrored: bool = False
    quarter_turns: int = 0

    def turned(self, quarters: int) -> "Orientation":
        """Turned clockwise by that many more quarters."""
        return replace(self, quarter_turns=(self.quarter_turns + quarters) % 4)

    def flipped_horizontally(self) -> "Orientation":
        """Left and right of the screen swapped. A mirror reverses the turns before it."""
        return Orientation(not self.mirrored, -self.quarter_turns % 4)

    def flipped_vertically(self) -> "Orientation":
        """Top and bottom of the screen swapped."""
        return self.flipped_horizontally().turned(2)

    def apply(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(rows, columns, ...) as it is on screen."""
        mirrored = pixels[:, ::-1] if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(mirrored, -self.quarter_turns))

    def letters(self, edges: EdgeLetters | None) -> EdgeLetters | None:
        """The letters of the screen's edges from those of the slice's own."""
        if edges is None:
            return None
        left, right = (edges.right, edges.left) if self.mirrored else (edges.left, edges.right)
        top, bottom = edges.top, edges.bottom
        for _ in range(self.quarter_turns):
            left, top, right, bottom = bottom, left, top, right
        return EdgeLetters(left, right, top, bottom)


def by_convention(edges: EdgeLetters | None, radiological: bool) -> Orientation:
    """The patient's right on screen left (radiological) or on screen right (neurological).

    A slice without left and right in its rows, or of unknown direction, stays as it is.
    """
    if edges is None or edges.left[0] not in "RL":
        return Orientation()
    return Orientation(mirrored=(edges.left[0] == "R") != radiological)


def pixel_size(image: Slice) -> tuple[float, float]:
    """(height, width) of a pixel: mm, or its bare proportions when the file doesn't say."""
    return image.spacing or (image.pixel_aspect, 1.0)
