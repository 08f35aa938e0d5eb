"""A likelihood map made ready to draw, in a worker. No Qt."""

from dataclasses import dataclass, replace

import numpy as np

from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.map_grid import pixel_area, smoothed
from magic_viewer.pipeline.results import EVERYTHING, Attribution, Classification, Examination
from magic_viewer.ui.overlay_settings import OverlaySettings, classes

AGREEMENT = 1e-3
"""Of the log-likelihood: a sum that differs by more is told as a fault."""
_TAIL, _TAIL_OF_CHANGE = 5.0, 0.5


@dataclass(frozen=True, eq=False)
class PaintedMap:
    """All that the window shows of a map.

    Attributes:
        attribution: the map itself, raw, in nats per pixel.
        colors: (rows, columns, 4) RGBA on the slice's grid.
        veil: the same, ready to blend.
        limits: values of the ends of the colours, in `unit`.
        color_map: name in `overlay`.
        opacity: 0..1.
        map_sum: of all values of the map that is shown, nats.
        total: what it must be by the log-likelihoods, nats.
        unit: of the values.
        area: mm² of a pixel of the map, None where nobody knows.
        notes: how what is shown differs from the map itself, in words.
    """

    attribution: Attribution
    colors: overlay.ByteImage
    veil: overlay.Veil
    limits: overlay.Limits
    color_map: str
    opacity: float
    map_sum: float
    total: float
    unit: str = overlay.UNIT
    area: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What is mapped."""
        return self.attribution.title

    @property
    def adds_up(self) -> bool:
        """Whether the sum is the log-likelihood."""
        return abs(self.map_sum - self.total) <= AGREEMENT * max(1.0, abs(self.total))


def choose(examination: Examination, settings: OverlaySettings) -> Attribution:
    """The map that the settings ask for."""
    target, against = classes(settings, examination.classification)
    return examination.attribution(target, against, _scale(examination, settings))


def changed(attribution: Attribution, original: Examination, scale: int | None) -> Attribution:
    """The map minus the same map of the slice before it was edited, where they can be compared."""
    before = original.attribution(attribution.target, attribution.against, scale)
    return attribution.change_from(before) or attribution


def _scale(examination: Examination, settings: OverlaySettings) -> int | None:
    has_it = settings.scale is not None and settings.scale < len(examination.scale_cells)
    return settings.scale if has_it else None


def paint(
    examination: Examination,
    image: Slice,
    settings: OverlaySettings,
    held: overlay.Limits | None = None,
    original: Examination | None = None,
) -> PaintedMap:
    """Colours a map on its slice's grid.

    Args:
        examination: of the slice.
        image: the slice.
        settings: which map, and how.
        held: ends of the colours to keep, where they are locked.
        original: of the slice before it was edited, to map the change.
    """
    attribution, scale = choose(examination, settings), _scale(examination, settings)
    total = expected_sum(examination.classification, attribution, scale)
    if original is not None:
        attribution = changed(attribution, original, scale)
    if original is not None and attribution.is_change:
        total -= expected_sum(original.classification, attribution, scale)
    values = smoothed(attribution.values, settings.smoothing)
    area = pixel_area(attribution.box, values.shape, image.spacing)
    per_area = settings.per_area and area is not None
    scaled = values / area if per_area and area is not None else values
    limits = _limits(scaled, settings, attribution, held)
    color_map = settings.diverging_map if attribution.is_contrast else settings.color_map
    on_slice = overlay.on_slice(replace(attribution, values=scaled), image.shape)
    colors = overlay.colorize(on_slice, limits, color_map, settings.threshold)
    unit = overlay.UNIT_PER_AREA if per_area else overlay.UNIT
    return PaintedMap(
        attribution=attribution,
        colors=colors,
        veil=overlay.veil(colors, settings.opacity),
        limits=limits,
        color_map=color_map,
        opacity=settings.opacity,
        map_sum=float(np.sum(values)),
        total=total,
        unit=unit,
        area=area,
        notes=_notes(settings, unit, scale, len(examination.scale_cells)),
    )


def expected_sum(answer: Classification, attribution: Attribution, scale: int | None) -> float:
    """What the map must add up to by the log-likelihoods that were reckoned apart from it."""
    if scale is None:
        nats = answer.log_likelihoods
    else:
        shares = answer.scale_log_likelihoods
        nats = {label: each[scale] for label, each in shares.items()}
    total = nats[attribution.target]
    if attribution.against == EVERYTHING:
        return total - sum(answer.probabilities[label] * nats[label] for label in nats)
    return total - nats[attribution.against] if attribution.against is not None else total


def _limits(
    values: np.ndarray,
    settings: OverlaySettings,
    attribution: Attribution,
    held: overlay.Limits | None,
) -> overlay.Limits:
    if settings.range_kind == "typed" and settings.typed is not None:
        low, high = settings.typed
        if attribution.is_contrast:
            reach = max(abs(low), abs(high))
            low, high = -reach, reach
        if high > low:
            return low, high
    if settings.range_kind == "locked" and held is not None:
        return held
    # An edit changes a small part; its colours aren't to be set by what stays the same.
    tail = _TAIL_OF_CHANGE if attribution.is_change else _TAIL
    return overlay.limits(values, attribution.is_contrast, tail)


def _notes(settings: OverlaySettings, unit: str, scale: int | None, scales: int) -> tuple[str, ...]:
    notes = []
    if scale is not None:
        notes.append(f"scale {scale + 1} of {scales}")
    if settings.smoothing > 0:
        notes.append(f"smoothed, σ {settings.smoothing:g} px")
    if settings.threshold > 0:
        notes.append(f"|value| < {settings.threshold:g} hidden")
    if settings.range_kind != "percentiles":
        words = {"locked": "range locked", "typed": "range typed"}
        notes.append(words[settings.range_kind])
    return tuple(notes)
