"""How a DICOM file packs its pixels: all that decoding needs, so that headers are read once."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, RLELossless

from magic_viewer.imaging.dicom_file import PixelExtent
from magic_viewer.imaging.dicom_values import number, text, value, whole

FORMAT_KEYWORDS = """
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue
    ExtendedOffsetTable ExtendedOffsetTableLengths
"""
TABLE_KEYWORDS = """
    ModalityLUTSequence VOILUTSequence PaletteColorLookupTableUID
    RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor
    BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
    GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
    SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData
    SegmentedBluePaletteColorLookupTableData
"""


@dataclass(frozen=True, eq=False)
class PixelFormat:
    """What a file says of its pixels.

    Attributes:
        syntax: how they are packed.
        offset: byte of the first value, in what `open_dicom` gives.
        keyword: of their element.
        shape: (rows, columns) of a frame.
        frames: in the file.
        samples: a pixel.
        bits_allocated: of a sample.
        bits_stored: of those, the ones that count.
        high_bit: the highest of them.
        is_signed: whether they are two's complement.
        is_planar: whether one channel follows the other.
        photometric: the file's word for grey, or which colours.
        padding: stored value that marks pixels without a measurement.
        offsets: Extended Offset Table and its lengths.
        tables: look-up tables and palettes, None without any.
    """

    syntax: UID
    offset: int
    keyword: str
    shape: tuple[int, int]
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_planar: bool
    photometric: str
    padding: float | None
    offsets: tuple[bytes, bytes] | None
    tables: Dataset | None

    @property
    def is_color(self) -> bool:
        """Whether it becomes RGB."""
        return self.samples == 3 or self.photometric == "PALETTE COLOR"

    @property
    def is_recoded(self) -> bool:
        """Whether a codec made the bits anew, rather than storing the words as they were."""
        return self.syntax.is_encapsulated and self.syntax != RLELossless

    def decoder_options(self) -> dict[str, Any]:
        """The same in pydicom's words."""
        options: dict[str, Any] = {
            "rows": self.shape[0],
            "columns": self.shape[1],
            "number_of_frames": self.frames,
            "samples_per_pixel": self.samples,
            "photometric_interpretation": self.photometric,
            "pixel_keyword": self.keyword,
            "bits_allocated": self.bits_allocated,
            "bits_stored": self.bits_stored,
            "pixel_representation": int(self.is_signed),
            "planar_configuration": int(self.is_planar),
        }
        if self.offsets:
            options["extended_offsets"] = self.offsets
        if not self.syntax.is_encapsulated:
            options["view_only"] = True
        if not (self.is_color or self.is_recoded):
            # pydicom's correction takes High Bit for granted.
            options["correct_unused_bits"] = False
        return options


def read_format(header: Dataset, pixels: PixelExtent, syntax: UID) -> PixelFormat:
    """Reads it from a header that was checked."""
    allocated = whole(header, "BitsAllocated")
    stored = whole(header, "BitsStored", allocated)
    high = whole(header, "HighBit", stored - 1)
    offsets = (value(header, "ExtendedOffsetTable"), value(header, "ExtendedOffsetTableLengths"))
    samples = whole(header, "SamplesPerPixel", 1)
    return PixelFormat(
        syntax=syntax,
        offset=pixels.offset,
        keyword=pixels.keyword,
        shape=(whole(header, "Rows"), whole(header, "Columns")),
        frames=max(whole(header, "NumberOfFrames", 1), 1),
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high if stored - 1 <= high < allocated else stored - 1,
        is_signed=whole(header, "PixelRepresentation") == 1,
        is_planar=whole(header, "PlanarConfiguration") == 1,
        photometric=text(header, "PhotometricInterpretation")
        or ("RGB" if samples == 3 else "MONOCHROME2"),
        padding=number(header, "PixelPaddingValue"),
        offsets=offsets if all(isinstance(part, bytes) for part in offsets) else None,
        tables=_tables(header, syntax),
    )


def _tables(header: Dataset, syntax: UID) -> Dataset | None:
    tables = Dataset()
    tables.file_meta = FileMetaDataset()
    # So that pydicom knows the byte order of palettes.
    tables.file_meta.TransferSyntaxUID = syntax
    for keyword in TABLE_KEYWORDS.split():
        if keyword in header:
            tables[keyword] = header[keyword]
    return tables if len(tables) else None
