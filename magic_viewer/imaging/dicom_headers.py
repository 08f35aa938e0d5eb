"""What a DICOM file says of its images, read without the pixels.

One `Frame` is one image: a whole file, or one frame of a multi-frame file with its own functional
groups (PS3.3 C.7.6.16). What is absent or not usable becomes None, with a notice where the user
would otherwise be misled.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_checks import check_image, check_syntax
from magic_viewer.imaging.dicom_facts import FileFacts
from magic_viewer.imaging.dicom_file import open_dicom, read_header, refusal
from magic_viewer.imaging.dicom_findings import FINDING_KEYWORDS, Finding, of_frame, read_finding
from magic_viewer.imaging.dicom_format import (
    FORMAT_KEYWORDS,
    TABLE_KEYWORDS,
    PixelFormat,
    read_format,
)
from magic_viewer.imaging.dicom_place import pixel_aspect, read_place, read_spacing
from magic_viewer.imaging.dicom_rank import B_VALUE_TAGS, Rank, read_file_rank, read_rank
from magic_viewer.imaging.dicom_scaling import read_rescale, read_windows
from magic_viewer.imaging.dicom_values import Vector, item, number, text
from magic_viewer.imaging.mosaic import Mosaic, mosaic_tags, read_mosaic
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.study import Window

_KEYWORDS = """
    StudyInstanceUID StudyDescription StudyDate
    ImageType SOPClassUID SOPInstanceUID Modality SeriesDescription SeriesInstanceUID
    PatientID PatientName SeriesNumber AcquisitionNumber InstanceNumber
    FrameOfReferenceUID ImagePositionPatient
    ImageOrientationPatient PixelSpacing PixelAspectRatio TemporalPositionIdentifier
    TriggerTime EchoTime DiffusionBValue GridFrameOffsetVector WindowCenter WindowWidth
    VOILUTFunction WindowCenterWidthExplanation RescaleSlope RescaleIntercept RescaleType Units
    DoseGridScaling DoseUnits SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
"""
# As tags, since turning names into tags takes longer than reading a header.
_OVERLAY_ROWS = tuple(Tag(group, 0x0010) for group in range(0x6000, 0x6020, 2))
_KNOWN = (_KEYWORDS + FORMAT_KEYWORDS + TABLE_KEYWORDS + FINDING_KEYWORDS).split()
_TAGS = (*map(Tag, (*_KNOWN, *mosaic_tags(), *B_VALUE_TAGS)), *_OVERLAY_ROWS)
_PATIENT = ("PatientID", "PatientName")
_PROGRAM_STARTS = (b"MZ", b"#!", b"\x7fELF")


@dataclass(frozen=True)
class Frame:
    """One image and all that places it, groups it and scales it.

    Attributes:
        source: its file.
        number: its place in the file, 0-based; in a mosaic, that of its tile.
        format: how the file's pixels are packed.
        mosaic: how the file's one image divides; None where it doesn't.
        series_uid: of the series; the file where it gives none.
        instance_uid: of the file.
        patient: a number that is the same for images of one patient, and tells nothing else.
        study: the same for images of one examination: a number, and what it is called.
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
    mosaic: Mosaic | None
    series_uid: str
    instance_uid: str
    patient: int
    study: tuple[int, str]
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
    rank: Rank
    notices: tuple[str, ...]
    overlay_groups: tuple[int, ...] = ()
    finding: Finding | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.mosaic.shape if self.mosaic else self.format.shape

    @property
    def stored_number(self) -> int:
        """Which of the file's stored images it is in, 0-based."""
        return 0 if self.mosaic else self.number

    @property
    def is_localizer(self) -> bool:
        """Whether it was taken to plan others on."""
        return "LOCALIZER" in self.rank.image_type

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
    form = read_format(header, pixels, syntax)
    shared_facts = _shared_facts(source, header)
    facts = FileFacts(source, header, form, shared_facts, read_finding(header))
    return _all_frames(facts, file_notices)


def _all_frames(facts: FileFacts, notices: tuple[str, ...]) -> tuple[Frame, ...]:
    header, count = facts.header, facts.format.frames
    groups = header.get("PerFrameFunctionalGroupsSequence") or ()
    if not groups:
        mosaic = read_mosaic(header)
        places = range(mosaic.tiles if mosaic else count)
        return tuple(_frame(replace(facts, number=n, mosaic=mosaic), notices) for n in places)
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


def _frame(facts: FileFacts, file_notices: tuple[str, ...]) -> Frame:
    header = facts.header
    notices = list(file_notices)
    position, orientation = read_place(facts, notices)
    spacing = read_spacing(facts, notices)
    transformation = facts.group("PixelValueTransformationSequence")
    rescale, unit = read_rescale(header, transformation, facts.shared_facts["modality"], notices)
    return Frame(
        **facts.shared_facts | {"rank": read_rank(facts)},
        source=facts.source,
        number=facts.number,
        format=facts.format,
        mosaic=facts.mosaic,
        position=position,
        orientation=orientation,
        spacing=spacing,
        rescale=rescale,
        unit=unit,
        windows=read_windows(facts.group("FrameVOILUTSequence"), notices),
        notices=tuple(notices),
        finding=of_frame(
            facts.finding,
            facts.group("SegmentIdentificationSequence"),
            facts.group("RealWorldValueMappingSequence"),
        ),
    )


def _modality(header: Dataset) -> str:
    """Gives the modality, if it is a code (VR CS) and not what a damaged tag turned into one."""
    found = text(header, "Modality")
    return found if re.fullmatch(r"[A-Z0-9_ ]{0,16}", found) else ""


def _study_name(header: Dataset) -> str:
    """Its description and date, as far as there are any."""
    date = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text(header, "StudyDate"))
    parts = (text(header, "StudyDescription"), "-".join(date.groups()) if date else "")
    return " · ".join(part for part in parts if part)


def _shared_facts(source: Source, header: Dataset) -> dict[str, Any]:
    """Gives those fields of a Frame that all frames of a file share."""
    series_number = number(header, "SeriesNumber")
    return {
        "series_uid": text(header, "SeriesInstanceUID") or str(source),
        "instance_uid": text(header, "SOPInstanceUID") or str(source),
        "patient": hash(tuple(text(header, keyword) for keyword in _PATIENT)),
        "study": (hash(text(header, "StudyInstanceUID")), _study_name(header)),
        "series_number": None if series_number is None else int(series_number),
        "title": text(header, "SeriesDescription"),
        "modality": _modality(header),
        "frame_of_reference_uid": text(header, "FrameOfReferenceUID"),
        "pixel_aspect": pixel_aspect(header),
        "rank": read_file_rank(header),
        "overlay_groups": tuple(tag.group for tag in _OVERLAY_ROWS if tag in header),
    }
