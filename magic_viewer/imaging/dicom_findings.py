"""What a segmentation or parametric map says of the images in its frame of reference.

Both are images of their own too (PS3.3 A.51 and A.75); a `Finding` is what else a frame means.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from magic_viewer.imaging.dicom_values import item, number, text, value, whole

FINDING_KEYWORDS = """
    SegmentSequence SegmentationType MaximumFractionalValue RealWorldValueMappingSequence
    FloatPixelPaddingValue
"""
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_NO_UNIT = ("", "1")


@dataclass(frozen=True, eq=False)
class Segments:
    """Pixels that belong to a segment.

    Attributes:
        names: by segment number, all that a frame may hold.
        least: the lowest stored value inside; None where values are segment numbers.
    """

    names: Mapping[int, str]
    least: float | None


@dataclass(frozen=True, eq=False)
class Quantity:
    """Pixels that are measured values.

    Attributes:
        name: of the quantity, with its unit.
        slope: stored values -> measured values.
        intercept: see `slope`.
        padding: stored value that marks pixels without a measurement, if any.
    """

    name: str
    slope: float
    intercept: float
    padding: float | None


Finding = Segments | Quantity


def read_finding(header: Dataset) -> Finding | None:
    """Reads what all frames of a file share; None for any other image."""
    kind = text(header, "SOPClassUID")
    if kind == _LABEL_MAP:
        return Segments(dict(_segment_names(header)), None)
    if kind == _SEGMENTATION:
        is_fractional = text(header, "SegmentationType") == "FRACTIONAL"
        top = whole(header, "MaximumFractionalValue", 255) if is_fractional else 1
        return Segments(dict(_segment_names(header)), top / 2)
    if kind == _PARAMETRIC_MAP:
        padding = number(header, "FloatPixelPaddingValue")
        if padding is None:
            padding = number(header, "PixelPaddingValue")
        return Quantity(text(header, "SeriesDescription") or "Map", 1.0, 0.0, padding)
    return None


def of_frame(finding: Finding | None, segment: Dataset, mapping: Dataset) -> Finding | None:
    """Narrows it to one frame.

    Args:
        finding: of the file.
        segment: the frame's segment identification.
        mapping: the frame's real world value mapping.
    """
    if isinstance(finding, Quantity):
        return _mapped(finding, mapping)
    if finding is None or finding.least is None:
        return finding
    which = whole(segment, "ReferencedSegmentNumber", 1)
    return replace(finding, names={which: finding.names.get(which, f"Segment {which}")})


def _segment_names(header: Dataset) -> Iterator[tuple[int, str]]:
    for segment in value(header, "SegmentSequence") or ():
        which = whole(segment, "SegmentNumber")
        yield which, text(segment, "SegmentLabel") or f"Segment {which}"


def _mapped(quantity: Quantity, mapping: Dataset) -> Quantity:
    """Applies a mapping (PS3.3 C.7.6.16.2.11); one by a table leaves values as stored."""
    slope = number(mapping, "RealWorldValueSlope")
    defined = item(mapping, "QuantityDefinitionSequence")
    concept = defined and item(defined, "ConceptCodeSequence")
    name = (
        (text(concept, "CodeMeaning") if concept else "")
        or text(mapping, "LUTExplanation")
        or text(mapping, "LUTLabel")
        or quantity.name
    )
    code = item(mapping, "MeasurementUnitsCodeSequence")
    unit = text(code, "CodeValue") if code and slope is not None else ""
    return Quantity(
        name if unit in _NO_UNIT else f"{name} ({unit})",
        1.0 if slope is None else slope,
        number(mapping, "RealWorldValueIntercept") or 0.0 if slope is not None else 0.0,
        quantity.padding,
    )
