"""The file's overlays as one veil over the slice, and the words that name them.

Planes and segments get an outline and a light fill, in the colours of Okabe and Ito, which all
eyes tell apart. A map of values gets a sequential colour map over its own percentiles 5 to 95.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from magic_viewer.imaging.study import Mask, Overlay
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.overlay import ByteImage, Veil

_COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2")
_FILL_ALPHA, _OUTLINE_ALPHA = 90, 255
_MAP_COLORS, _MAP_OPACITY = "viridis", 0.5


@dataclass(frozen=True)
class Legend:
    """One line about an overlay.

    Attributes:
        text: its name, or what the ends of a map's colours stand for.
        color: #RRGGBB; None for a map, which has many.
    """

    text: str
    color: str | None


def legends(overlays: Sequence[Overlay]) -> list[Legend]:
    """Names overlays in the order in which they came; a map's range has a line of its own."""
    lines = []
    for one in overlays:
        lines.append(Legend(f"Overlay: {one.name}", _color(one) if one.values is None else None))
        if one.values is not None:
            low, high = overlay.limits(one.values, False)
            lines.append(Legend(f"{low:.3g} dark to {high:.3g} bright", None))
    return lines


def paint(overlays: Sequence[Overlay]) -> Veil | None:
    """Draws overlays of one slice: maps below, then fills, then every outline."""
    result: Veil | None = None
    for one in overlays:
        if one.values is not None:
            colors = overlay.colorize(one.values, overlay.limits(one.values, False), _MAP_COLORS)
            result = overlay.stacked(result, overlay.veil(colors, _MAP_OPACITY))
    masks = [one for one in overlays if one.values is None]
    return overlay.stacked(result, overlay.veil(_drawn(masks), 1.0)) if masks else result


def _drawn(masks: Sequence[Overlay]) -> ByteImage:
    """(rows, columns, 4) RGBA of masks."""
    colors = np.zeros((*masks[0].mask.shape, 4), np.uint8)
    for one in masks:
        colors[one.mask] = (*_rgb(one), _FILL_ALPHA)
    for one in masks:
        colors[_edge(one.mask)] = (*_rgb(one), _OUTLINE_ALPHA)
    return colors


def _edge(mask: Mask) -> Mask:
    """The pixels inside with a neighbour outside; the slice's own edge is no outside."""
    padded = np.pad(mask, 1, "edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: Mask = mask & ~inner
    return edge


def _color(one: Overlay) -> str:
    return _COLORS[one.number % len(_COLORS)]


def _rgb(one: Overlay) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(_color(one)[1:])
    return red, green, blue
