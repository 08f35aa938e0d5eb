"""The CT windows on the keys 1 to 5, as the user wants them."""

import json
import math
from collections.abc import Sequence

from PySide6.QtCore import QSettings

from magic_viewer.imaging.display import CT_PRESETS
from magic_viewer.imaging.study import Window

NAME_LENGTH = 40
_KEY = "ct_presets"


def load_presets(settings: QSettings) -> tuple[Window, ...]:
    """Those kept; the usual ones where none are, or what is kept can't be read."""
    try:
        rows = json.loads(str(settings.value(_KEY, "")))
        kept = tuple(_preset(*row) for row in rows)
    except (ValueError, TypeError):
        return CT_PRESETS
    return kept if len(kept) == len(CT_PRESETS) else CT_PRESETS


def save_presets(settings: QSettings, presets: Sequence[Window]) -> None:
    """Keeps them; the usual ones by keeping nothing."""
    if tuple(presets) == CT_PRESETS:
        settings.remove(_KEY)
    else:
        rows = [[one.name, one.center, one.width] for one in presets]
        settings.setValue(_KEY, json.dumps(rows))


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
