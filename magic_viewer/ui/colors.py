"""The colours of both looks, as #RRGGBB.

Text on its ground has a contrast of at least 4.5:1 (WCAG 2.2 AA). Meaning is never in colour
alone; accent and warning are a blue and an orange told apart by all eyes, and the classes of a
model have the seven colours of Okabe and Ito that are neither black nor grey.
"""

from dataclasses import dataclass
from typing import Any, cast

_OKABE_ITO = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00")


@dataclass(frozen=True)
class Palette:
    """One look.

    Attributes:
        GROUND: behind everything, and in fields to type into.
        PANEL: of the columns beside the image.
        RAISED: buttons, selected rows, tips.
        BORDER: lines that divide.
        CONTROL_EDGE: lines around what can be clicked.
        TEXT: what is read first.
        QUIET: what is read second.
        DISABLED: what can't be used now.
        ACCENT: focus, what is chosen, links.
        ACCENT_HOVER: the main button under the pointer.
        WARNING: what should not be overlooked.
        MARKING: measurements.
        ON_BRIGHT: text on ACCENT or WARNING.
        CLASSES: of a model, in their order.
        PLANES: axial, coronal, sagittal, as acquired.
    """

    GROUND: str
    PANEL: str
    RAISED: str
    BORDER: str
    CONTROL_EDGE: str
    TEXT: str
    QUIET: str
    DISABLED: str
    ACCENT: str
    ACCENT_HOVER: str
    WARNING: str
    MARKING: str
    ON_BRIGHT: str
    CLASSES: tuple[str, ...] = _OKABE_ITO
    PLANES: tuple[str, ...] = ("#f0e442", "#3fc79a", "#e08bbd", "#e8ebef")


DARK = Palette(
    GROUND="#14171c",
    PANEL="#1b1f26",
    RAISED="#272d37",
    BORDER="#39414e",
    CONTROL_EDGE="#6b7686",
    TEXT="#e8ebef",
    QUIET="#a3adba",
    DISABLED="#707a88",
    ACCENT="#56b4e9",
    ACCENT_HOVER="#7cc6f0",
    WARNING="#f0a830",
    MARKING="#f0e442",
    ON_BRIGHT="#10130f",
)
LIGHT = Palette(
    GROUND="#ffffff",
    PANEL="#f4f6f8",
    RAISED="#e4e8ed",
    BORDER="#c6cdd6",
    CONTROL_EDGE="#727d8b",
    TEXT="#171b21",
    QUIET="#4a5461",
    DISABLED="#87919d",
    ACCENT="#0a5f9e",
    ACCENT_HOVER="#0c73bf",
    WARNING="#8a4600",
    MARKING="#866800",
    ON_BRIGHT="#ffffff",
)


class _Current:
    """Answers with the colours of the look in use."""

    palette = DARK

    def __getattr__(self, name: str) -> Any:
        return getattr(self.palette, name)


_current = _Current()
Color = cast(Palette, _current)
"""Those of the look in use: ask when painting, and don't keep the answer."""
ImageColor = DARK
"""Those over the image, which is on black in every look."""


def use(palette: Palette) -> None:
    """Makes a palette that of `Color`."""
    _current.palette = palette
