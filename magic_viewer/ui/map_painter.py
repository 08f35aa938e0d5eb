"""A likelihood map made ready to draw, in a worker. No Qt."""

from dataclasses import dataclass

import numpy as np

from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.results import Attribution, Examination
from magic_viewer.ui.overlay_panel import OverlaySettings


@dataclass(frozen=True, eq=False)
class PaintedMap:
    """All that the window shows of a map.

    Attributes:
        attribution: the map.
        colors: (rows, columns, 4) RGBA on the slice's grid.
        veil: the same, ready to blend.
        limits: values of the ends of the colours.
        color_map: name in `overlay`.
        opacity: 0..1.
        map_sum: of all of the map's values, nats.
    """

    attribution: Attribution
    colors: overlay.ByteImage
    veil: overlay.Veil
    limits: overlay.Limits
    color_map: str
    opacity: float
    map_sum: float

    @property
    def title(self) -> str:
        """What is mapped."""
        return self.attribution.title


def choose(examination: Examination, settings: OverlaySettings) -> Attribution:
    """The map that the settings ask for. A class is never subtracted from itself."""
    target = settings.target or examination.classification.label
    against = settings.against if settings.against != target else None
    return examination.attribution(target, against)


def changed(attribution: Attribution, original: Examination) -> Attribution:
    """The map minus the same map of the slice before it was edited, where they can be compared."""
    cells = attribution.cells
    scale = original.scale_cells.index(cells) if cells in original.scale_cells else None
    before = original.attribution(attribution.target, attribution.against, scale)
    return attribution.change_from(before) or attribution


def paint(
    attribution: Attribution, shape: tuple[int, int], settings: OverlaySettings
) -> PaintedMap:
    """Colours a map on its slice's grid of (rows, columns)."""
    is_contrast = attribution.is_contrast
    color_map = overlay.DIVERGING_MAP if is_contrast else settings.color_map
    limits = overlay.limits(attribution.values, is_contrast)
    colors = overlay.colorize(overlay.on_slice(attribution, shape), limits, color_map)
    return PaintedMap(
        attribution=attribution,
        colors=colors,
        veil=overlay.veil(colors, settings.opacity),
        limits=limits,
        color_map=color_map,
        opacity=settings.opacity,
        map_sum=float(np.sum(attribution.values)),
    )
