"""Whether a DICOM file can be shown, told from its header and size before anything is allocated."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_values import text, whole

_PIXEL_KEYWORDS = {
    (0x7FE0, 0x0010): "PixelData",
    (0x7FE0, 0x0008): "FloatPixelData",
    (0x7FE0, 0x0009): "DoubleFloatPixelData",
}
_UNDEFINED_LENGTH = 0xFFFFFFFF
_LARGEST_FRAME = 1 << 30
_ITEM_HEADER = 8
_DICOMDIR_CLASS = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class PixelExtent:
    """Where a file's pixels are.

    Attributes:
        offset: byte of the first value.
        there: bytes of the file from `offset` on.
        promised: bytes by the element's length; None when encapsulated.
    """

    offset: int
    there: int
    promised: int | None


def refusal(path: Path, reason: str) -> ImagingError:
    """Makes the error that says why a DICOM file can't be shown."""
    return ImagingError(f"{path.name} can't be opened as DICOM: {reason}.")


def find_pixels(stream: BinaryIO, header: Dataset) -> PixelExtent | None:
    """Reads the element at which a header scan stopped; None when it isn't the pixels."""
    implicit, little_endian = header.original_encoding
    order = "<" if little_endian else ">"
    layout = struct.Struct(order + ("HHL" if implicit else "HH4xL"))
    head = stream.read(layout.size)
    if len(head) < layout.size:
        return None
    group, element, length = layout.unpack(head)
    if (group, element) not in _PIXEL_KEYWORDS:
        return None
    offset = stream.tell()
    there = stream.seek(0, 2) - offset
    return PixelExtent(offset, there, None if length == _UNDEFINED_LENGTH else length)


def check_image(path: Path, header: Dataset, pixels: PixelExtent | None, syntax: UID) -> None:
    """Refuses what holds no image, or one that can't be decoded rightly.

    Args:
        path: the file.
        header: its attributes before the pixels.
        pixels: where they are; None for none, or when the whole data set is deflated.
        syntax: its transfer syntax.

    Raises:
        ImagingError: with the reason.
    """
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    if (pixels is None and not syntax.is_deflated) or rows < 1 or columns < 1:
        raise refusal(path, _why_no_image(header))
    try:
        get_decoder(syntax)
    except NotImplementedError as error:
        name = syntax.name if syntax.name != syntax else "an unknown compression"
        raise refusal(path, f"it is packed as {name}, which isn't supported") from error
    _check_layout(path, header)
    if pixels is not None:
        _check_size(path, header, pixels, rows * columns)


def _why_no_image(header: Dataset) -> str:
    kind = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    if kind == _DICOMDIR_CLASS:
        return "it is an index of files; open the folder it lies in instead"
    if isinstance(kind, UID) and kind.name != kind:
        return f"an image was expected, it holds none ({kind.name})"
    return "an image was expected, it holds none or is cut short"


def _check_layout(path: Path, header: Dataset) -> None:
    samples, allocated = whole(header, "SamplesPerPixel", 1), whole(header, "BitsAllocated")
    stored = whole(header, "BitsStored", allocated)
    if samples not in (1, 3):
        raise refusal(path, f"1 or 3 samples a pixel were expected, it has {samples}")
    if allocated not in (1, 8, 16, 32, 64):
        raise refusal(path, f"8, 16 or 32 bits a sample were expected, it has {allocated}")
    if not 1 <= stored <= allocated:
        raise refusal(path, f"it says that {stored} of {allocated} bits are used")
    palette = text(header, "PhotometricInterpretation") == "PALETTE COLOR"
    if palette and "RedPaletteColorLookupTableDescriptor" not in header:
        raise refusal(path, "its colours should come from a palette, which isn't there")


def _check_size(path: Path, header: Dataset, pixels: PixelExtent, area: int) -> None:
    """Compares what is promised with what is there.

    Compressed pixels give no exact bound, but every frame needs a fragment of its own.
    """
    frames = max(whole(header, "NumberOfFrames", 1), 1)
    samples, bits = whole(header, "SamplesPerPixel", 1), whole(header, "BitsAllocated")
    if text(header, "PhotometricInterpretation") == "YBR_FULL_422" and pixels.promised is not None:
        samples = 2
    frame_bits = area * samples * bits
    if frame_bits // 8 > _LARGEST_FRAME:
        raise refusal(path, "one image of it would need more than 1 GB")
    if pixels.promised is None:
        needed, there = frames * _ITEM_HEADER, pixels.there
    else:
        needed, there = (frames * frame_bits + 7) // 8, min(pixels.there, pixels.promised)
    if needed > there:
        raise refusal(
            path, f"{needed} bytes of pixels were expected, {there} are there; copy it again"
        )
