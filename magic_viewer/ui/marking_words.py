"""Markings and what they measure, in the user's words. No widget."""

import math

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from magic_viewer.imaging.marking import Kind, Marking
from magic_viewer.imaging.measure import Angle, Length, Measurement, Statistics

_CONTEXT = "Markings"
translate = QCoreApplication.translate
_DIGITS = 4
_NAMES = {
    "distance": QT_TRANSLATE_NOOP(_CONTEXT, "Distance"),
    "angle": QT_TRANSLATE_NOOP(_CONTEXT, "Angle"),
    "rectangle": QT_TRANSLATE_NOOP(_CONTEXT, "Rectangle"),
    "ellipse": QT_TRANSLATE_NOOP(_CONTEXT, "Ellipse"),
    "freehand": QT_TRANSLATE_NOOP(_CONTEXT, "Freehand"),
    "arrow": QT_TRANSLATE_NOOP(_CONTEXT, "Arrow"),
}
_HINTS = {
    "distance": QT_TRANSLATE_NOOP(_CONTEXT, "Drag from end to end."),
    "angle": QT_TRANSLATE_NOOP(_CONTEXT, "Drag along one arm, then click the end of the other."),
    "rectangle": QT_TRANSLATE_NOOP(_CONTEXT, "Drag from corner to corner."),
    "ellipse": QT_TRANSLATE_NOOP(_CONTEXT, "Drag from corner to corner of its frame."),
    "freehand": QT_TRANSLATE_NOOP(_CONTEXT, "Drag around the region."),
    "arrow": QT_TRANSLATE_NOOP(_CONTEXT, "Drag from the tip to where the note goes."),
}


def name(kind: Kind) -> str:
    """What a kind is called."""
    return _say(_NAMES[kind])


def hint(kind: Kind) -> str:
    """How to draw one, and how to stop."""
    return f"{name(kind)}. {_say(_HINTS[kind])} {translate('Markings', 'Esc ends.')}"


def lines(marking: Marking, measured: Measurement | None) -> tuple[str, ...]:
    """The label beside a marking: its note, then its values."""
    note = (_one_line(marking.text),) if marking.text else ()
    if isinstance(measured, Statistics):
        return note + _region_lines(measured)
    return note + ((short(measured),) if measured is not None else ())


def heading(marking: Marking, measured: Measurement | None) -> str:
    """One line for a list: kind, value, note."""
    parts = [name(marking.kind), short(measured), _one_line(marking.text)]
    return " · ".join(part for part in parts if part)


def short(measured: Measurement | None) -> str:
    """The one value that a list shows: of a region its mean, or its area where it has none."""
    if isinstance(measured, Length):
        return f"{number(measured.value)} {measured.unit}"
    if isinstance(measured, Angle):
        return f"{measured.value:.1f}{measured.unit}"
    if measured is None:
        return ""
    if measured.count:
        mean = translate("Markings", "Mean")
        return f"{mean} {number(measured.mean)} {measured.unit}".rstrip()
    return f"{number(measured.area)} {measured.area_unit}"


def number(value: float) -> str:
    """Four digits that count, no more than two of them after the point from 1 on."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if not -_DIGITS < size < 9:
        return f"{value:.3g}".replace("-", "−")
    decimals = min(max(_DIGITS - 1 - size, 0), 2 if size >= 0 else _DIGITS + 2)
    text = f"{value:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def _region_lines(measured: Statistics) -> tuple[str, ...]:
    area = f"{translate('Markings', 'Area')} {number(measured.area)} {measured.area_unit}"
    if not measured.count:
        return (area,)
    mean, sd, low, high = (
        f"{word} {number(value)}"
        for word, value in (
            (translate("Markings", "Mean"), measured.mean),
            (translate("Markings", "SD"), measured.sd),
            (translate("Markings", "Min"), measured.minimum),
            (translate("Markings", "Max"), measured.maximum),
        )
    )
    unit = f" {measured.unit}" if measured.unit else ""
    return f"{mean}{unit}  {sd}", f"{low}  {high}", area


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(text: object) -> str:
    return translate(_CONTEXT, str(text))
