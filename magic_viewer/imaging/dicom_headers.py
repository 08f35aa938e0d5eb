"""What a DICOM file says of its images, read without the pixels.

One `Frame` is one image: a whole file, or one frame of a multi-frame file with its own functional
groups (PS3.3 C.7.6.16). What is absent or not usable becomes None, with a notice where the user
would otherwise be misled.
"""

from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_checks import check_image, check_syntax
from magic_viewer.imaging.dicom_file import open_dicom, read_header, refusal
from magic_viewer.imaging.dicom_findings import FINDING_KEYWORDS, Finding, of_frame, read_finding
from magic_viewer.imaging.dicom_format import (
    FORMAT_KEYWORDS,
    TABLE_KEYWORDS,
    PixelFormat,
    read_format,
)
from magic_viewer.imaging.dicom_scaling import read_rescale, read_windows
from magic_viewer.imaging.dicom_values import (
    Vector,
    item,
    number,
    numbers,
    text,
    value,
)
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.study import Window

_KEYWORDS = """
    ImageType SOPClassUID SOPInstanceUID Modality SeriesDescription SeriesInstanceUID
    SeriesNumber AcquisitionNumber InstanceNumber FrameOfReferenceUID ImagePositionPatient
    ImageOrientationPatient PixelSpacing PixelAspectRatio TemporalPositionIdentifier
    TriggerTime EchoTime DiffusionBValue GridFrameOffsetVector WindowCenter WindowWidth
    VOILUTFunction WindowCenterWidthExplanation RescaleSlope RescaleIntercept RescaleType Units
    DoseGridScaling DoseUnits SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
"""
# As tags, since turning names into tags takes longer than reading a header.
_OVERLAY_ROWS = tuple(Tag(group, 0x0010) for group in range(0x6000, 0x6020, 2))
_NAMES = _KEYWORDS + FORMAT_KEYWORDS + TABLE_KEYWORDS + FINDING_KEYWORDS
_TAGS = (*map(Tag, _NAMES.split()), *_OVERLAY_ROWS)
_ORTHONORMAL_WITHIN = 0.02
_PROGRAM_STARTS = (b"MZ", b"#!", b"\x7fELF")


@dataclass(frozen=True)
class Frame:
    """One image and all that places it, groups it and scales it.

    Attributes:
        source: its file.
        number: its place in the file, 0-based.
        format: how the file's pixels are packed.
        series_uid: of the series; the file where it gives none.
        instance_uid: of the file.
        series_number: None when absent.
        title: series description, "" when absent.
        modality: "CT", "MR", ... or "".
        frame_of_reference_uid: "" when absent.
        position: LPS mm of the first pixel's centre.
        orientation: direction cosines along a row, then along a column.
        spacing: (row, column) mm.
        pixel_aspect: height over width where spacing is unknown.
        rescale: (slope, intercept), (1, 0) when there is none to use.
        unit: of modality values, None when unknown.
        windows: the usable ones.
        rank: what tells images at one position apart, to be compared in this order.
        notices: sentences for the user.
        overlay_groups: of the file's overlay planes, 0x6000 and so on.
        finding: what it says of other images, if it is a segmentation or a parametric map.
    """

    source: Source
    number: int
    format: PixelFormat
    series_uid: str
    instance_uid: str
    series_number: int | None
    title: str
    modality: str
    frame_of_reference_uid: str
    position: Vector | None
    orientation: Vector | None
    spacing: tuple[float, float] | None
    pixel_aspect: float
    rescale: tuple[float, float]
    unit: str | None
    windows: tuple[Window, ...]
    rank: "Rank"
    notices: tuple[str, ...]
    overlay_groups: tuple[int, ...] = ()
    finding: Finding | None = None

    @property
    def is_placed(self) -> bool:
        """Whether the file says where the image lies."""
        return self.position is not None and self.orientation is not None


def read_frames(source: Source) -> tuple[Frame, ...]:
    """Reads the headers of all images in a DICOM file.

    Raises:
        ImagingError: it isn't DICOM, holds no image, or one that can't be shown rightly.
    """
    try:
        return _read_frames(source)
    except ImagingError:
        raise
    except OSError as error:
        raise refusal(source, "it can't be read; check that it is still there") from error
    except Exception as error:
        raise refusal(source, "its header is damaged or cut short") from error


def _read_frames(source: Source) -> tuple[Frame, ...]:
    with open_dicom(source) as stream:
        start = stream.read(4)
        stream.seek(0)
        header, pixels, syntax = read_header(stream, _TAGS)
    check_syntax(source, syntax)
    check_image(source, header, pixels)
    assert pixels is not None
    file_notices: tuple[str, ...] = ()
    if start.startswith(_PROGRAM_STARTS):
        file_notices = ("The file also looks like a program: executable preamble, not run.",)
    facts = _Facts(
        source,
        header,
        read_format(header, pixels, syntax),
        overlay_groups=tuple(tag.group for tag in _OVERLAY_ROWS if tag in header),
        finding=read_finding(header),
    )
    return _all_frames(facts, file_notices)


@dataclass(frozen=True)
class _Facts:
    """A file, and one frame's functional groups in it when it has any."""

    source: Source
    header: Dataset
    format: PixelFormat
    overlay_groups: tuple[int, ...] = ()
    finding: Finding | None = None
    number: int = 0
    has_groups: bool = False
    own: Dataset | None = None
    shared: Dataset | None = None

    def group(self, keyword: str) -> Dataset:
        """Finds a functional group's item: the frame's, the shared one, else the file itself.

        Where some frames lack their groups nobody knows whose the others are: none is used.
        """
        if not self.has_groups:
            return self.header
        if self.own is None:
            return Dataset()
        return item(self.own, keyword) or item(self.shared, keyword) or Dataset()


def _all_frames(facts: _Facts, notices: tuple[str, ...]) -> tuple[Frame, ...]:
    header, count = facts.header, facts.format.frames
    groups = header.get("PerFrameFunctionalGroupsSequence") or ()
    if not groups:
        return tuple(_frame(replace(facts, number=index), notices) for index in range(count))
    shared = item(header, "SharedFunctionalGroupsSequence")
    complete = len(groups) >= count
    if not complete:
        notices += ("Not all frames say where they lie or what they measure: geometry missing.",)
    return tuple(
        _frame(
            replace(
                facts,
                number=index,
                has_groups=True,
                own=groups[index] if complete else None,
                shared=shared,
            ),
            notices,
        )
        for index in range(count)
    )


def _frame(facts: _Facts, file_notices: tuple[str, ...]) -> Frame:
    header = facts.header
    notices = list(file_notices)
    position, orientation = _place(facts, notices)
    spacing = _spacing(facts, notices)
    modality = text(header, "Modality")
    transformation = facts.group("PixelValueTransformationSequence")
    rescale, unit = read_rescale(header, transformation, modality, notices)
    return Frame(
        source=facts.source,
        number=facts.number,
        format=facts.format,
        series_uid=text(header, "SeriesInstanceUID") or str(facts.source),
        instance_uid=text(header, "SOPInstanceUID") or str(facts.source),
        series_number=_series_number(header),
        title=text(header, "SeriesDescription"),
        modality=modality,
        frame_of_reference_uid=text(header, "FrameOfReferenceUID"),
        position=position,
        orientation=orientation,
        spacing=spacing,
        pixel_aspect=_pixel_aspect(header),
        rescale=rescale,
        unit=unit,
        windows=read_windows(facts.group("FrameVOILUTSequence"), notices),
        rank=_rank(facts),
        notices=tuple(notices),
        overlay_groups=facts.overlay_groups,
        finding=of_frame(
            facts.finding,
            facts.group("SegmentIdentificationSequence"),
            facts.group("RealWorldValueMappingSequence"),
        ),
    )


def _series_number(header: Dataset) -> int | None:
    found = number(header, "SeriesNumber")
    return None if found is None else int(found)


def _place(facts: _Facts, notices: list[str]) -> tuple[Vector | None, Vector | None]:
    """Gives position and orientation, each None when it can't be relied on."""
    header = facts.header
    if "MOSAIC" in (header.get("ImageType") or ()):
        notices.append("A mosaic of many slices, shown as one picture: orientation unknown.")
        return None, None
    position = numbers(facts.group("PlanePositionSequence"), "ImagePositionPatient", 3)
    orientation = numbers(facts.group("PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    if orientation is not None and any(orientation) and not _is_orthonormal(orientation):
        notices.append("No side letters are drawn: orientation invalid.")
        return None, None
    if position is None or orientation is None or not any(orientation):
        notices.append("No side letters are drawn: orientation unknown.")
        return None, None
    if facts.format.frames > 1 and not facts.has_groups:
        return _grid_position(facts, position, orientation, notices), orientation
    return position, orientation


def _is_orthonormal(orientation: Vector) -> bool:
    axes = np.reshape(orientation, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() < _ORTHONORMAL_WITHIN)


def _grid_position(
    facts: _Facts, position: Vector, orientation: Vector, notices: list[str]
) -> Vector | None:
    """Places a frame of an old multi-frame file, as RT Dose does (PS3.3 C.8.8.3.2)."""
    offsets = numbers(facts.header, "GridFrameOffsetVector", facts.format.frames)
    if offsets is None:
        notices.append("Its frames have no place in space: geometry missing.")
        return None
    if offsets[0] != 0:
        notices.append("Its frames have offsets of a kind that isn't supported: geometry missing.")
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    return tuple(map(float, np.asarray(position) + normal * offsets[facts.number]))


def _spacing(facts: _Facts, notices: list[str]) -> tuple[float, float] | None:
    """Gives Pixel Spacing; the detector's (Imager Pixel Spacing) isn't the patient's."""
    found = numbers(facts.group("PixelMeasuresSequence"), "PixelSpacing", 2)
    if found is None or min(found) <= 0:
        notices.append("Distances are in pixels: spacing unknown.")
        return None
    return found[0], found[1]


def _pixel_aspect(header: Dataset) -> float:
    ratio = numbers(header, "PixelAspectRatio", 2)
    return ratio[0] / ratio[1] if ratio and min(ratio) > 0 else 1.0


@dataclass(frozen=True, order=True)
class Rank:
    """What tells images at one position apart, compared in this order; 0 where it isn't said.

    Attributes:
        image_type: the values of Image Type.
        echo_time: ms.
        time: temporal position, counted from 1.
        trigger_time: ms.
        b_value: s/mm².
        acquisition: its number.
        instance: its number.
        frame: its place in the file, 0-based.
    """

    image_type: tuple[str, ...]
    echo_time: float
    time: float
    trigger_time: float
    b_value: float
    acquisition: float
    instance: float
    frame: int


def _rank(facts: _Facts) -> Rank:
    header, content = facts.header, facts.group("FrameContentSequence")
    kind = facts.group("MRImageFrameTypeSequence")
    image_type = value(kind, "FrameType") or value(header, "ImageType") or ()
    diffusion = facts.group("MRDiffusionSequence")
    echo = facts.group("MREchoSequence")
    return Rank(
        image_type=tuple(map(str, [image_type] if isinstance(image_type, str) else image_type)),
        echo_time=number(echo, "EffectiveEchoTime") or number(header, "EchoTime") or 0.0,
        time=number(content, "TemporalPositionIndex")
        or number(header, "TemporalPositionIdentifier")
        or 0.0,
        trigger_time=number(header, "TriggerTime") or 0.0,
        b_value=number(diffusion, "DiffusionBValue") or 0.0,
        acquisition=number(header, "AcquisitionNumber") or 0.0,
        instance=number(header, "InstanceNumber") or 0.0,
        frame=facts.number,
    )
