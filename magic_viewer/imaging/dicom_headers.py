"""What a DICOM file says of its images, read without the pixels.

One `Frame` is one image: a whole file, or one frame of a multi-frame file with its own functional
groups (PS3.3 C.7.6.16). What is absent or not usable becomes None, with a notice where the user
would otherwise be misled.
"""

from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import cast, get_args

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_checks import check_image, find_pixels, refusal
from magic_viewer.imaging.dicom_values import (
    Vector,
    is_present,
    item,
    number,
    numbers,
    text,
    value,
    whole,
)
from magic_viewer.imaging.kinds import is_dicom
from magic_viewer.imaging.quiet import quiet
from magic_viewer.imaging.study import Window, WindowFunction

_TAGS = """
    ImageType SOPClassUID SOPInstanceUID Modality SeriesDescription SeriesInstanceUID
    SeriesNumber AcquisitionNumber InstanceNumber FrameOfReferenceUID ImagePositionPatient
    ImageOrientationPatient PixelSpacing PixelAspectRatio TemporalPositionIdentifier
    TriggerTime EchoTime DiffusionBValue GridFrameOffsetVector SamplesPerPixel
    PhotometricInterpretation NumberOfFrames Rows Columns BitsAllocated BitsStored
    RedPaletteColorLookupTableDescriptor WindowCenter WindowWidth VOILUTFunction
    WindowCenterWidthExplanation RescaleSlope RescaleIntercept RescaleType Units
    DoseGridScaling DoseUnits SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
"""
_ORTHONORMAL_WITHIN = 0.02
_NO_UNIT = ("", "US", "HU", "normalized", "SIGNAL INTENSITY (UNITLESS)")
_PROGRAM_STARTS = (b"MZ", b"#!", b"\x7fELF")


@dataclass(frozen=True)
class Frame:
    """One image and all that places it, groups it and scales it.

    Attributes:
        path: its file.
        number: its place in the file, 0-based.
        transfer_syntax: how the file's pixels are packed.
        series_uid: of the series; the path where the file gives none.
        instance_uid: of the file.
        series_number: None when absent.
        title: series description, "" when absent.
        modality: "CT", "MR", ... or "".
        frame_of_reference_uid: "" when absent.
        shape: (rows, columns).
        is_color: whether it becomes RGB.
        is_single: whether the file holds one frame only.
        position: LPS mm of the first pixel's centre.
        orientation: direction cosines along a row, then along a column.
        spacing: (row, column) mm.
        pixel_aspect: height over width where spacing is unknown.
        rescale: (slope, intercept), (1, 0) when there is none to use.
        unit: of modality values, None when unknown.
        windows: the usable ones.
        rank: what tells images at one position apart, to be compared in this order.
        notices: sentences for the user.
    """

    path: Path
    number: int
    transfer_syntax: UID
    series_uid: str
    instance_uid: str
    series_number: int | None
    title: str
    modality: str
    frame_of_reference_uid: str
    shape: tuple[int, int]
    is_color: bool
    is_single: bool
    position: Vector | None
    orientation: Vector | None
    spacing: tuple[float, float] | None
    pixel_aspect: float
    rescale: tuple[float, float]
    unit: str | None
    windows: tuple[Window, ...]
    rank: tuple[str | float, ...]
    notices: tuple[str, ...]

    @property
    def is_placed(self) -> bool:
        """Whether the file says where the image lies."""
        return self.position is not None and self.orientation is not None


def read_frames(path: Path) -> tuple[Frame, ...]:
    """Reads the headers of all images in a DICOM file.

    Raises:
        ImagingError: it isn't DICOM, holds no image, or one that can't be shown rightly.
    """
    with quiet():
        try:
            return _read_frames(path)
        except ImagingError:
            raise
        except OSError as error:
            raise refusal(path, "it can't be read; check that it is still there") from error
        except Exception as error:
            raise refusal(path, "its header is damaged or cut short") from error


def _read_frames(path: Path) -> tuple[Frame, ...]:
    with path.open("rb") as stream:
        head = stream.read(132)
        if not is_dicom(head):
            raise refusal(path, "a DICOM header was expected, this is something else")
        stream.seek(0)
        header = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=_TAGS.split())
        pixels = find_pixels(stream, header)
    syntax = _transfer_syntax(header)
    check_image(path, header, None if syntax.is_deflated else pixels, syntax)
    file_notices: tuple[str, ...] = ()
    if head.startswith(_PROGRAM_STARTS):
        file_notices = ("The file also looks like a program: executable preamble, not run.",)
    return _all_frames(_Facts(path, header, syntax), file_notices)


def _transfer_syntax(header: FileDataset) -> UID:
    stated = header.file_meta.get("TransferSyntaxUID")
    if stated:
        return UID(stated)
    implicit, little_endian = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


@dataclass(frozen=True)
class _Facts:
    """A file, and one frame's functional groups in it when it has any."""

    path: Path
    header: Dataset
    syntax: UID
    number: int = 0
    has_groups: bool = False
    own: Dataset | None = None
    shared: Dataset | None = None

    def group(self, keyword: str) -> Dataset:
        """Finds a functional group's item: the frame's, the shared one, else the file itself.

        A frame that lacks its own groups in a file that has them gets nothing.
        """
        if not self.has_groups:
            return self.header
        if self.own is None:
            return Dataset()
        return item(self.own, keyword) or item(self.shared, keyword) or Dataset()


def _all_frames(facts: _Facts, notices: tuple[str, ...]) -> tuple[Frame, ...]:
    header = facts.header
    count = max(whole(header, "NumberOfFrames", 1), 1)
    groups = header.get("PerFrameFunctionalGroupsSequence") or ()
    if not groups:
        return tuple(_frame(replace(facts, number=index), count, notices) for index in range(count))
    shared = item(header, "SharedFunctionalGroupsSequence")
    if len(groups) < count:
        notices += ("Some frames have no place in space or unit: geometry missing.",)
    return tuple(
        _frame(
            replace(
                facts,
                number=index,
                has_groups=True,
                own=groups[index] if index < len(groups) else None,
                shared=shared,
            ),
            count,
            notices,
        )
        for index in range(count)
    )


def _frame(facts: _Facts, count: int, file_notices: tuple[str, ...]) -> Frame:
    header = facts.header
    notices = list(file_notices)
    position, orientation = _place(facts, count, notices)
    spacing = _spacing(facts, notices)
    modality = text(header, "Modality")
    rescale, unit = _rescale(facts, modality, notices)
    photometric = text(header, "PhotometricInterpretation")
    return Frame(
        path=facts.path,
        number=facts.number,
        transfer_syntax=facts.syntax,
        series_uid=text(header, "SeriesInstanceUID") or str(facts.path),
        instance_uid=text(header, "SOPInstanceUID") or str(facts.path),
        series_number=whole(header, "SeriesNumber") if number(header, "SeriesNumber") else None,
        title=text(header, "SeriesDescription"),
        modality=modality,
        frame_of_reference_uid=text(header, "FrameOfReferenceUID"),
        shape=(whole(header, "Rows"), whole(header, "Columns")),
        is_color=whole(header, "SamplesPerPixel", 1) == 3 or photometric == "PALETTE COLOR",
        is_single=count == 1,
        position=position,
        orientation=orientation,
        spacing=spacing,
        pixel_aspect=_pixel_aspect(header),
        rescale=rescale,
        unit=unit,
        windows=_windows(facts.group("FrameVOILUTSequence"), notices),
        rank=_rank(facts),
        notices=tuple(notices),
    )


def _place(facts: _Facts, count: int, notices: list[str]) -> tuple[Vector | None, Vector | None]:
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
    if count > 1 and not facts.has_groups:
        return _grid_position(facts, position, orientation, count, notices), orientation
    return position, orientation


def _is_orthonormal(orientation: Vector) -> bool:
    axes = np.reshape(orientation, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() < _ORTHONORMAL_WITHIN)


def _grid_position(
    facts: _Facts, position: Vector, orientation: Vector, count: int, notices: list[str]
) -> Vector | None:
    """Places a frame of an old multi-frame file, as RT Dose does (PS3.3 C.8.8.3.2)."""
    offsets = numbers(facts.header, "GridFrameOffsetVector", count)
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


def _rescale(
    facts: _Facts, modality: str, notices: list[str]
) -> tuple[tuple[float, float], str | None]:
    """Gives (slope, intercept) and the unit they lead to."""
    header, group = facts.header, facts.group("PixelValueTransformationSequence")
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


def _windows(group: Dataset, notices: list[str]) -> tuple[Window, ...]:
    """Gives the windows that can be applied (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if not (is_present(group, "WindowCenter") and is_present(group, "WindowWidth")):
        return ()
    function = text(group, "VOILUTFunction").upper() or "LINEAR"
    if function not in get_args(WindowFunction):
        function = "LINEAR"
    names = value(group, "WindowCenterWidthExplanation")
    names = [names] if isinstance(names, str) else list(names or ())
    centers, widths = numbers(group, "WindowCenter") or (), numbers(group, "WindowWidth") or ()
    usable = tuple(
        Window(center, width, cast(WindowFunction, function), str(name))
        for center, width, name in zip_longest(centers, widths, names[: len(centers)], fillvalue="")
        if isinstance(center, float)
        and isinstance(width, float)
        and (width >= 1 or (width > 0 and function != "LINEAR"))
    )
    if not usable:
        notices.append("Contrast is taken from the pixels: the file's window ignored, not usable.")
    return usable


def _rank(facts: _Facts) -> tuple[str | float, ...]:
    header, content = facts.header, facts.group("FrameContentSequence")
    kind = facts.group("MRImageFrameTypeSequence")
    image_type = value(kind, "FrameType") or value(header, "ImageType") or ()
    diffusion = facts.group("MRDiffusionSequence")
    echo = facts.group("MREchoSequence")
    return (
        "/".join(map(str, image_type)),
        number(echo, "EffectiveEchoTime") or number(header, "EchoTime") or 0.0,
        number(content, "TemporalPositionIndex")
        or number(header, "TemporalPositionIdentifier")
        or 0.0,
        number(header, "TriggerTime") or 0.0,
        number(diffusion, "DiffusionBValue") or 0.0,
        number(header, "AcquisitionNumber") or 0.0,
        number(header, "InstanceNumber") or 0.0,
        float(facts.number),
    )
