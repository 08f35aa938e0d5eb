"""Whether a DICOM file can be shown, told from its header and size before anything is allocated."""

import os
from contextlib import suppress

from pydicom.dataset import Dataset
from pydicom.uid import UID

from magic_viewer.imaging.dicom_codecs import decoder_of
from magic_viewer.imaging.dicom_file import PixelExtent, refusal
from magic_viewer.imaging.dicom_values import text, whole
from magic_viewer.imaging.source import Source

_LARGEST_FRAME = 1 << 30
_PART_OF_MEMORY = 8
_MOST_FRAMES = 100_000
_ITEM_HEADER = 8
_DICOMDIR_CLASS = "1.2.840.10008.1.3.10"


def check_syntax(source: Source, syntax: UID) -> None:
    """Refuses a transfer syntax that can't be decoded.

    Raises:
        ImagingError: with its name.
    """
    try:
        decoder_of(syntax)
    except NotImplementedError as error:
        name = syntax.name if syntax.name != syntax else "something unknown"
        raise refusal(source, f"it is packed as {name}, which isn't supported") from error


def check_image(source: Source, header: Dataset, pixels: PixelExtent | None) -> None:
    """Refuses what holds no image, or one that can't be decoded rightly.

    Args:
        source: the file.
        header: its attributes before the pixels.
        pixels: where they are; None for none.

    Raises:
        ImagingError: with the reason.
    """
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    if pixels is None or rows < 1 or columns < 1:
        raise refusal(source, _why_no_image(header))
    _check_layout(source, header)
    _check_size(source, header, pixels, rows * columns)


def _why_no_image(header: Dataset) -> str:
    kind = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    if kind == _DICOMDIR_CLASS:
        return "it is an index of files; open the folder it lies in instead"
    if isinstance(kind, UID) and kind.name != kind:
        return f"an image was expected, it holds none ({kind.name})"
    return "an image was expected, it holds none or is cut short"


def _check_layout(source: Source, header: Dataset) -> None:
    samples, allocated = whole(header, "SamplesPerPixel", 1), whole(header, "BitsAllocated")
    stored = whole(header, "BitsStored", allocated)
    if samples not in (1, 3):
        raise refusal(source, f"1 or 3 samples a pixel were expected, it has {samples}")
    if allocated not in (1, 8, 16, 32, 64):
        raise refusal(source, f"8, 16 or 32 bits a sample were expected, it has {allocated}")
    if not 1 <= stored <= allocated:
        raise refusal(source, f"it says that {stored} of {allocated} bits are used")
    palette = text(header, "PhotometricInterpretation") == "PALETTE COLOR"
    if palette and "RedPaletteColorLookupTableDescriptor" not in header:
        raise refusal(source, "its colours should come from a palette, which isn't there")


def _check_size(source: Source, header: Dataset, pixels: PixelExtent, area: int) -> None:
    """Compares what is promised with what is there.

    Compressed pixels give no exact bound, but every frame needs a fragment of its own.
    """
    frames = max(whole(header, "NumberOfFrames", 1), 1)
    samples, bits = whole(header, "SamplesPerPixel", 1), whole(header, "BitsAllocated")
    if text(header, "PhotometricInterpretation") == "YBR_FULL_422" and pixels.promised is not None:
        samples = 2
    frame_bits = area * samples * bits
    if frame_bits // 8 > _largest_frame():
        raise refusal(source, "one image of it would need more memory than there is to spare")
    if frames > _MOST_FRAMES:
        raise refusal(source, f"at most {_MOST_FRAMES} frames were expected, it has {frames}")
    if pixels.promised is None:
        needed, there = frames * _ITEM_HEADER, pixels.there
    else:
        needed, there = (frames * frame_bits + 7) // 8, min(pixels.there, pixels.promised)
    if needed > there:
        raise refusal(
            source, f"{needed} bytes of pixels were expected, {there} are there; copy it again"
        )


def _largest_frame() -> int:
    """Bytes that one image may take: 1 GB, or an eighth of the memory where that is less."""
    with suppress(AttributeError, ValueError, OSError):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return min(_LARGEST_FRAME, memory // _PART_OF_MEMORY)
    return _LARGEST_FRAME
