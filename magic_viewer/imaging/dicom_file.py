"""The bytes of a DICOM file, plain: gzip and deflate undone within bounds, the pixels found."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import is_dicom
from magic_viewer.imaging.source import LARGEST_UNPACKED, Source, open_unpacked, shown_name

HEAD_BYTES = 1024
_PIXEL_TAGS = ((0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009))
_UNDEFINED_LENGTH = 0xFFFFFFFF
_DEFLATED = DeflatedExplicitVRLittleEndian.encode()


@dataclass(frozen=True)
class PixelExtent:
    """Where a file's pixels are.

    Attributes:
        offset: byte of the first value.
        there: bytes of the file from `offset` on.
        promised: bytes by the element's length; None when encapsulated.
        keyword: "PixelData", "FloatPixelData" or "DoubleFloatPixelData".
    """

    offset: int
    there: int
    promised: int | None
    keyword: str


def refusal(source: Source, reason: str) -> ImagingError:
    """Makes the error that says why a DICOM file can't be shown."""
    return ImagingError(f"{shown_name(source)} can't be opened as DICOM: {reason}.")


@contextmanager
def open_dicom(source: Source) -> Iterator[BinaryIO]:
    """Opens a DICOM file so that what was found in it once is there again.

    A deflated data set is given inflated and without its meta group, which is plain Explicit VR
    Little Endian.

    Raises:
        ImagingError: it isn't DICOM, or inflates to more than is unpacked in memory.
        OSError: it can't be read.
    """
    with open_unpacked(source) as stream:
        head = stream.read(HEAD_BYTES)
        if not is_dicom(head):
            raise refusal(source, "a DICOM header was expected, this is something else")
        stream.seek(0)
        yield _inflated(source, stream) if _DEFLATED in head else stream


def _inflated(source: Source, stream: BinaryIO) -> BinaryIO:
    read_preamble(stream, force=True)
    meta = _read_file_meta_info(stream)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        stream.seek(0)
        return stream
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(stream.read(), LARGEST_UNPACKED)
    if len(content) >= LARGEST_UNPACKED and not inflater.eof:
        raise refusal(source, "it unpacks to more than the 1 GB allowed")
    if not inflater.eof:
        raise refusal(source, "its deflated data is damaged or cut short; copy it again")
    return BytesIO(content)


def read_header(
    stream: BinaryIO, tags: Sequence[int]
) -> tuple[FileDataset, PixelExtent | None, UID]:
    """Reads a data set up to its pixels.

    Args:
        stream: as `open_dicom` gives it, at its beginning.
        tags: the attributes wanted.

    Returns:
        The data set, where its pixels are (None without any), and its transfer syntax.
    """
    header = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=list(tags))
    return header, _find_pixels(stream, header), _transfer_syntax(header)


def _find_pixels(stream: BinaryIO, header: Dataset) -> PixelExtent | None:
    """Reads the element at which a header scan stopped; None when it isn't the pixels."""
    start = stream.tell()
    head = stream.read(12)
    if len(head) < 12:
        return None
    order = "<" if header.original_encoding[1] else ">"
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    group, element, length = struct.unpack_from(order + ("HH4xL" if explicit else "HHL"), head)
    if (group, element) not in _PIXEL_TAGS:
        return None
    offset = start + (12 if explicit else 8)
    there = stream.seek(0, 2) - offset
    keyword = {0x10: "PixelData", 0x08: "FloatPixelData", 0x09: "DoubleFloatPixelData"}[element]
    return PixelExtent(offset, there, None if length == _UNDEFINED_LENGTH else length, keyword)


def _transfer_syntax(header: FileDataset) -> UID:
    stated = header.file_meta.get("TransferSyntaxUID")
    if stated:
        return UID(stated)
    implicit, little_endian = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
