"""Where a DICOM image lies, and how far apart its pixels are."""

import numpy as np
from pydicom.dataset import Dataset

from magic_viewer.imaging.dicom_facts import FileFacts
from magic_viewer.imaging.dicom_values import Vector, numbers
from magic_viewer.imaging.mosaic import is_mosaic

_ORTHONORMAL_WITHIN = 0.02


def read_place(facts: FileFacts, notices: list[str]) -> tuple[Vector | None, Vector | None]:
    """Gives position and orientation, each None when it can't be relied on."""
    header = facts.header
    if facts.mosaic is None and facts.format.frames == 1 and is_mosaic(header):
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
    if facts.mosaic:
        return facts.mosaic.positions[facts.number], orientation
    if facts.format.frames > 1 and not facts.has_groups:
        return _grid_position(facts, position, orientation, notices), orientation
    return position, orientation


def _is_orthonormal(orientation: Vector) -> bool:
    axes = np.reshape(orientation, (2, 3))
    return bool(np.abs(axes @ axes.T - np.eye(2)).max() < _ORTHONORMAL_WITHIN)


def _grid_position(
    facts: FileFacts, position: Vector, orientation: Vector, notices: list[str]
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


def read_spacing(facts: FileFacts, notices: list[str]) -> tuple[float, float] | None:
    """Gives Pixel Spacing; the detector's (Imager Pixel Spacing) isn't the patient's."""
    found = numbers(facts.group("PixelMeasuresSequence"), "PixelSpacing", 2)
    if found is None or min(found) <= 0:
        notices.append("Distances are in pixels: spacing unknown.")
        return None
    return found[0], found[1]


def pixel_aspect(header: Dataset) -> float:
    """Gives height over width of a pixel where the spacing is unknown."""
    ratio = numbers(header, "PixelAspectRatio", 2)
    return ratio[0] / ratio[1] if ratio and min(ratio) > 0 else 1.0
