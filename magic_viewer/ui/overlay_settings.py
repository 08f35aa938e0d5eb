"""What the user wants to see of the likelihood map. No Qt."""

from dataclasses import dataclass, replace
from typing import Literal

from magic_viewer.pipeline.overlay import DIVERGING_MAPS, SEQUENTIAL_MAPS, Limits
from magic_viewer.pipeline.results import EVERYTHING, Classification

SECOND_BEST = "second most probable class"
"""What the most probable class is set against unless another is named."""
SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)
RangeKind = Literal["percentiles", "locked", "typed"]


@dataclass(frozen=True)
class OverlaySettings:
    """What the user wants to see over the slice.

    Attributes:
        is_visible: whether a map is shown at all.
        target: a class, or None for the most probable one.
        against: the class to subtract, SECOND_BEST, EVERYTHING for the evidence against all
            others, or None for log p(x | target) itself.
        opacity: 0..1.
        color_map: for maps that are no contrast.
        has_outline: whether the model's input is outlined.
        diverging_map: for contrasts.
        scale: the one scale to map, 0 the finest; None for all together.
        smoothing: standard deviation of a Gaussian in pixels of the model's input; 0 is raw.
        threshold: values nearer to 0 are hidden, in the map's unit; 0 hides none.
        range_kind: where the ends of the colours come from: percentiles 5 to 95 of each map, the
            first map's for all slices of the series, or typed.
        typed: those ends; None takes the map's own.
        per_area: nats per mm² instead of per pixel of the model's input.
        is_insisted: whether it is shown also over a slice that the model wasn't made for.
    """

    is_visible: bool = True
    target: str | None = None
    against: str | None = None
    opacity: float = 0.5
    color_map: str = SEQUENTIAL_MAPS[0]
    has_outline: bool = False
    diverging_map: str = DIVERGING_MAPS[0]
    scale: int | None = None
    smoothing: float = 0.0
    threshold: float = 0.0
    range_kind: RangeKind = "percentiles"
    typed: Limits | None = None
    per_area: bool = False
    is_insisted: bool = False

    @property
    def is_contrast(self) -> bool:
        """Whether values are signed around zero."""
        return self.against is not None

    @property
    def mapped(self) -> tuple[object, ...]:
        """All that decides on the values: a range holds for maps that agree in it."""
        return self.target, self.against, self.scale, self.smoothing, self.per_area

    def shows(self, fits: bool) -> bool:
        """Whether a map is shown over a slice.

        Args:
            fits: whether the slice is what the model was made for, as far as its file says.
        """
        return self.is_visible and (fits or self.is_insisted)

    def switched(self, is_on: bool, fits: bool) -> "OverlaySettings":
        """The same after the map was switched on or off over a slice; see `shows`."""
        return replace(self, is_visible=is_on, is_insisted=is_on and not fits)

    def of_another_model(self) -> "OverlaySettings":
        """The same without what names a class or a scale of the model before."""
        against = self.against if self.against in (None, EVERYTHING, SECOND_BEST) else SECOND_BEST
        return replace(
            self, target=None, against=against, scale=None, typed=None, is_insisted=False
        )

    def after(self, before: "OverlaySettings") -> "OverlaySettings":
        """The same without typed ends or a threshold that belong to another kind of values."""
        is_kept = (self.is_contrast, self.per_area) == (before.is_contrast, before.per_area)
        if is_kept:
            return self
        threshold = self.threshold if self.per_area == before.per_area else 0.0
        return replace(self, typed=None, threshold=threshold)


def classes(settings: OverlaySettings, answer: Classification) -> tuple[str, str | None]:
    """(target, against) that the settings mean for an answer.

    A class is never set against itself: then the most probable other one is meant.
    """
    target = settings.target or answer.label
    if settings.against in (None, EVERYTHING):
        return target, settings.against
    if settings.against not in (target, SECOND_BEST):
        return target, settings.against
    others = {label: p for label, p in answer.probabilities.items() if label != target}
    return target, max(others, key=lambda label: others[label]) if others else None
