"""What a reader draws on a slice: its points, its shape, and how a handle moves it.

Points are (column, row) in pixels of the slice, pixel centres at whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

import numpy as np

from magic_viewer.imaging.study import FloatArray

Kind = Literal["distance", "angle", "rectangle", "ellipse", "freehand", "arrow"]
Point = tuple[float, float]

KINDS: Final[tuple[Kind, ...]] = (
    "distance",
    "angle",
    "rectangle",
    "ellipse",
    "freehand",
    "arrow",
)
REGIONS: Final = frozenset({"rectangle", "ellipse", "freehand"})
_ELLIPSE_POINTS = 180


class Place(NamedTuple):
    """Which slice of a study, all 0-based."""

    series: int
    volume: int
    slice: int


_FIRST = Place(0, 0, 0)


@dataclass(frozen=True)
class Marking:
    """One thing drawn on one slice.

    Attributes:
        kind: what it is.
        points_index: two ends (distance); arm, vertex, arm (angle); two opposite corners
            (rectangle, ellipse); the outline (freehand); tip, tail (arrow).
        place: its slice.
        text: what the reader wrote to it.
    """

    kind: Kind
    points_index: tuple[Point, ...]
    place: Place = _FIRST
    text: str = ""

    @property
    def is_region(self) -> bool:
        """Whether it encloses pixels."""
        return self.kind in REGIONS


def points_needed(kind: Kind) -> int:
    """How many points complete it; for freehand the fewest."""
    return 3 if kind in ("angle", "freehand") else 2


def outline(marking: Marking) -> FloatArray:
    """Its line, (points, 2) = (column, row); that of a region returns to its start by itself."""
    points = np.asarray(marking.points_index, np.float64)
    if marking.kind == "rectangle":
        (left, top), (right, bottom) = points
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    if marking.kind == "ellipse":
        turn = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        ellipse: FloatArray = points.mean(axis=0) + (points[1] - points[0]) / 2 * circle
        return ellipse
    return points


def handles(marking: Marking) -> tuple[Point, ...]:
    """Where it can be taken to change its shape; a freehand outline is only moved as a whole."""
    if marking.kind == "freehand":
        return ()
    if not marking.is_region:
        return marking.points_index
    (left, top), (right, bottom) = marking.points_index
    if marking.kind == "rectangle":
        return (left, top), (right, top), (right, bottom), (left, bottom)
    middle, center = (left + right) / 2, (top + bottom) / 2
    return (middle, top), (right, center), (middle, bottom), (left, center)


def with_handle_at(marking: Marking, number: int, point: Point) -> Marking:
    """The same with one of its `handles` taken to a point."""
    column, row = point
    if not marking.is_region:
        points = list(marking.points_index)
        points[number] = point
        return replace(marking, points_index=tuple(points))
    (left, top), (right, bottom) = marking.points_index
    moves_left, moves_right, moves_top, moves_bottom = _EDGES[marking.kind][number]
    first = (column if moves_left else left, row if moves_top else top)
    second = (column if moves_right else right, row if moves_bottom else bottom)
    return replace(marking, points_index=(first, second))


# Of each handle: whether it moves the left, right, top and bottom edge.
_EDGES: Final = {
    "rectangle": (
        (True, False, True, False),
        (False, True, True, False),
        (False, True, False, True),
        (True, False, False, True),
    ),
    "ellipse": (
        (False, False, True, False),
        (False, True, False, False),
        (False, False, False, True),
        (True, False, False, False),
    ),
}


def moved(marking: Marking, by: Point, shape: tuple[int, int]) -> Marking:
    """The same shape elsewhere, no further than the slice's edges.

    Args:
        marking: one that lies inside the slice.
        by: (columns, rows).
        shape: (rows, columns) of the slice.
    """
    points = np.asarray(marking.points_index)
    lowest, highest = _edges(shape)
    step = np.clip(by, lowest - points.min(axis=0), highest - points.max(axis=0))
    return replace(marking, points_index=as_points(points + step))


def inside(point: Sequence[float], shape: tuple[int, int]) -> Point:
    """The nearest point of a slice of (rows, columns)."""
    column, row = np.clip(point, *_edges(shape))
    return float(column), float(row)


def as_points(points: FloatArray) -> tuple[Point, ...]:
    """(points, 2) as plain numbers."""
    return tuple((float(column), float(row)) for column, row in points)


def _edges(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """The outer corners of the first and of the last pixel."""
    rows, columns = shape
    return np.array([-0.5, -0.5]), np.array([columns - 0.5, rows - 0.5])
