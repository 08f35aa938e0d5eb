"""The CT windows on the keys 1 to 5, as the user wants them."""

import json
import math
from collections.abc import Sequence

from magic_viewer.imaging.display import CT_PRESETS
from magic_viewer.imaging.study import Window
from magic_viewer.ui.preferences import PRESETS, Preferences

NAME_LENGTH = 40


def load_presets(preferences: Preferences) -> tuple[Window, ...]:
    """Those kept; the usual ones where none are, or what is kept can't be read."""
    try:
        rows = json.loads(preferences.get(PRESETS))
        kept = tuple(_preset(*row) for row in rows)
    except (ValueError, TypeError):
        return CT_PRESETS
    return kept if len(kept) == len(CT_PRESETS) else CT_PRESETS


def save_presets(preferences: Preferences, presets: Sequence[Window]) -> None:
    """Keeps them; the usual ones by keeping an empty text."""
    rows = [[one.name, one.center, one.width] for one in presets]
    preferences.set(PRESETS, "" if tuple(presets) == CT_PRESETS else json.dumps(rows))


def preset_words(preset: Window) -> str:
    """Name with width and centre: "CT lung (1500 / −600)"."""
    name = preset.name[:1].lower() + preset.name[1:]
    values = f"{preset.width:g} / {preset.center:g}".replace("-", "−")
    return f"CT {name} ({values})"


def _preset(name: str, center: float, width: float) -> Window:
    """Checks what was kept.

    Raises:
        ValueError: it can't be a window.
    """
    center, width = float(center), float(width)
    if not (math.isfinite(center) and math.isfinite(width) and width >= 1):
        raise ValueError("not a window")
    return Window(center, width, name=str(name)[:NAME_LENGTH])
