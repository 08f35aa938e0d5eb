"""How a DICOM image's numbers are meant: rescale, unit, windows."""

from itertools import chain, repeat
from typing import cast, get_args

from pydicom.dataset import Dataset

from magic_viewer.imaging.dicom_values import is_present, number, numbers, text, texts
from magic_viewer.imaging.study import Window, WindowFunction

# Rescale Types that are no unit; HU means something in CT only.
_NO_UNIT = ("", "US", "HU", "normalized", "SIGNAL INTENSITY (UNITLESS)")


def read_rescale(
    header: Dataset, group: Dataset, modality: str, notices: list[str]
) -> tuple[tuple[float, float], str | None]:
    """Gives (slope, intercept), (1, 0) when there is none to use, and the unit they lead to.

    Args:
        header: attributes of the file.
        group: attributes of the frame's pixel value transformation.
        modality: "CT", "MR", ...
        notices: where to say that something was left aside.
    """
    dose = number(header, "DoseGridScaling")
    if dose:
        return (dose, 0.0), text(header, "DoseUnits") or None
    if not (is_present(group, "RescaleSlope") or is_present(group, "RescaleIntercept")):
        return (1.0, 0.0), None
    slope = number(group, "RescaleSlope") if is_present(group, "RescaleSlope") else 1.0
    intercept = number(group, "RescaleIntercept") if is_present(group, "RescaleIntercept") else 0.0
    if slope is None or intercept is None or slope == 0:
        notices.append("Stored numbers are shown, without a unit: rescale ignored.")
        return (1.0, 0.0), None
    return (slope, intercept), _unit(header, group, modality)


def _unit(header: Dataset, group: Dataset, modality: str) -> str | None:
    stated = text(group, "RescaleType")
    if modality == "CT":
        return stated if stated not in ("", "US") else "HU"
    if modality == "PT":
        return text(header, "Units") or None
    return stated if stated not in _NO_UNIT else None


def read_windows(group: Dataset, notices: list[str]) -> tuple[Window, ...]:
    """Gives the windows that can be applied (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if not (is_present(group, "WindowCenter") and is_present(group, "WindowWidth")):
        return ()
    function = text(group, "VOILUTFunction").upper() or "LINEAR"
    if function not in get_args(WindowFunction):
        function = "LINEAR"
    names = texts(group, "WindowCenterWidthExplanation")
    centers, widths = numbers(group, "WindowCenter") or (), numbers(group, "WindowWidth") or ()
    usable = tuple(
        Window(center, width, cast(WindowFunction, function), name)
        for center, width, name in zip(centers, widths, chain(names, repeat("")), strict=False)
        if width >= 1 or (width > 0 and function != "LINEAR")
    )
    if not usable:
        notices.append("Contrast is taken from the pixels: the file's window ignored, not usable.")
    return usable
