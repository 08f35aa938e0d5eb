"""Overlay planes of a DICOM file: groups 60xx, one bit a pixel (PS3.3 C.9.2 and C.9.3).

The bits are packed in an element of their own, or, in old files, lie in bits of the pixels that
the image doesn't use (PS3.3-2004 C.9.2).
"""

from typing import BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from magic_viewer.imaging.dicom_file import open_dicom
from magic_viewer.imaging.dicom_headers import Frame
from magic_viewer.imaging.dicom_pixels import read_bits, read_words
from magic_viewer.imaging.dicom_values import is_present, number, numbers, text, whole
from magic_viewer.imaging.study import Mask, Overlay

_FIRST_GROUP = 0x6000
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION = "0010", "0011", "0015", "0022"
_ORIGIN, _FIRST_FRAME, _BIT, _LABEL, _DATA = "0050", "0051", "0102", "1500", "3000"
_ELEMENTS = (_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _ORIGIN, _FIRST_FRAME, _BIT, _LABEL, _DATA)
_LONGEST_VALUE = 1024


def read_overlays(frame: Frame) -> tuple[Overlay, ...]:
    """Reads the planes that lie on one image.

    One that is damaged is left out, since it must not keep the image from showing, and so is one
    without anything on this image.
    """
    planes = []
    # Those of a mosaic are of its whole grid.
    for group in () if frame.mosaic else frame.overlay_groups:
        try:
            name, mask = _plane(frame, f"{group:04X}")
        except Exception:  # noqa: BLE001
            continue
        if mask.any():
            place = (group - _FIRST_GROUP) // 2
            planes.append(Overlay(name or f"Overlay {place + 1}", mask, number=place))
    return tuple(planes)


def _plane(frame: Frame, group: str) -> tuple[str, Mask]:
    """Gives a plane's name and what it covers of the image."""
    tags = [Tag(group + element) for element in _ELEMENTS]
    with open_dicom(frame.source) as stream:
        # Long values are only found, so that of many frames' bits this image's alone are read.
        header = dcmread(
            stream,
            stop_before_pixels=True,
            force=True,
            defer_size=_LONGEST_VALUE,
            specific_tags=list(tags),
        )
        name = text(header, group + _LABEL) or text(header, group + _DESCRIPTION)
        if not is_present(header, group + _DATA):
            return name, _embedded(frame, whole(header, group + _BIT))
        shape = whole(header, group + _ROWS), whole(header, group + _COLUMNS)
        at = _place_among_frames(header, group, frame.number)
        if at is None:
            return name, np.zeros(frame.format.shape, bool)
        plane = _packed(stream, header, tags[-1], at, shape)
    row, column = numbers(header, group + _ORIGIN, 2) or (1, 1)
    return name, _on_image(plane, (int(row) - 1, int(column) - 1), frame.format.shape)


def _place_among_frames(header: Dataset, group: str, image: int) -> int | None:
    """Says which frame of a plane lies on an image; one that tells no frame lies on all."""
    count = number(header, group + _FRAMES)
    if count is None:
        if not is_present(header, group + _FIRST_FRAME):
            return 0
        count = 1
    at = image - (whole(header, group + _FIRST_FRAME, 1) - 1)
    return at if 0 <= at < count else None


def _packed(stream: BinaryIO, header: Dataset, tag: int, at: int, shape: tuple[int, int]) -> Mask:
    """Unpacks one frame of Overlay Data, which is only found so far."""
    (element,) = (found for found in header.values() if found.tag == tag)
    if not isinstance(element, RawDataElement):
        raise TypeError("bits of a known length were expected")
    if min(shape) < 1 or (at + 1) * shape[0] * shape[1] > 8 * element.length:
        raise ValueError("fewer bits than pixels")
    stream.seek(element.value_tell)
    are_swapped = not element.is_little_endian and element.VR != "OB"
    return read_bits(stream, at, shape, are_swapped).astype(bool)


def _embedded(frame: Frame, bit: int) -> Mask:
    """Takes a plane out of the words of the pixels."""
    form = frame.format
    lowest = form.high_bit - form.bits_stored + 1
    is_unused = 0 <= bit < form.bits_allocated and not lowest <= bit <= form.high_bit
    if form.is_color or form.is_recoded or not is_unused:
        raise ValueError("an unused bit of uncoded words was expected")
    plane: Mask = (read_words(frame) >> bit & 1).astype(bool)
    return plane


def _on_image(plane: Mask, origin: tuple[int, int], shape: tuple[int, int]) -> Mask:
    """Lays a plane on the image's grid; `origin` is (row, column), 0-based, anywhere."""
    mask = np.zeros(shape, bool)
    row, column = (max(at, 0) for at in origin)
    inside = plane[row - origin[0] :, column - origin[1] :]
    inside = inside[: max(shape[0] - row, 0), : max(shape[1] - column, 0)]
    mask[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return mask
