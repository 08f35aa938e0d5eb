"""One DICOM image: decoded to stored values, and from those, by its tables, to modality values."""

from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import JPEG2000TransferSyntaxes

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_codecs import PLUGIN, check_boxes, decoder_of
from magic_viewer.imaging.dicom_file import open_dicom, refusal
from magic_viewer.imaging.dicom_format import PixelFormat
from magic_viewer.imaging.dicom_headers import Frame
from magic_viewer.imaging.dicom_values import item, numbers, text, value
from magic_viewer.imaging.geometry import plane_affine
from magic_viewer.imaging.study import Slice, VoiLut

Stored = npt.NDArray[Any]
_MOST_ENTRIES = 65536
_EMPTY = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class _Lut:
    """A look-up table: first input value, entries, bits of an entry."""

    first: int
    entries: npt.NDArray[np.int64]
    bits: int


def read_stored(frame: Frame) -> Stored:
    """Decodes the stored image that a frame is in, which is all of a mosaic.

    Returns:
        (rows, columns) as stored, without what isn't part of the pixel, or (rows, columns, 3)
        uint8 RGB.

    Raises:
        ImagingError: the pixels are damaged, cut short or packed in a way that isn't supported.
    """
    try:
        stored = read_words(frame)
        if frame.format.is_color:
            return _rgb(stored, frame.format)
        return _used_bits(stored, frame.format)
    except ImagingError:
        raise
    except OSError as error:
        raise refusal(frame.source, "it can't be read; check that it is still there") from error
    except Exception as error:
        raise refusal(
            frame.source, "its pixels are damaged or cut short; copy it again from its source"
        ) from error


def read_words(frame: Frame) -> Stored:
    """Gives the frame as pydicom decodes it: all bits of a word, colour as RGB but for palettes."""
    form = frame.format
    with open_dicom(frame.source) as stream:
        stream.seek(form.offset)
        if form.syntax in JPEG2000TransferSyntaxes:
            check_boxes(
                get_frame(
                    stream,
                    frame.stored_number,
                    number_of_frames=form.frames,
                    extended_offsets=form.offsets,
                )
            )
            stream.seek(form.offset)
        if form.bits_allocated == 1 and not form.syntax.is_encapsulated:
            # pydicom reads too little of a frame that begins and ends within a byte.
            return read_bits(stream, frame.number, form.shape, not form.syntax.is_little_endian)
        stored, _ = decoder_of(form.syntax).as_array(
            stream,
            index=frame.stored_number,
            raw=not form.is_color,
            decoding_plugin=PLUGIN if form.syntax.is_encapsulated else "",
            **form.decoder_options(),
        )
    if stored.shape[:2] != form.shape:
        raise refusal(frame.source, f"{form.shape} pixels were expected, {stored.shape[:2]} came")
    return stored


def read_bits(
    stream: BinaryIO, at: int, shape: tuple[int, int], are_swapped: bool
) -> npt.NDArray[np.uint8]:
    """Unpacks one of several frames of single bits, between which there is no gap (PS3.5 8.1.2).

    Args:
        stream: where the first frame begins.
        at: the frame, 0-based.
        shape: (rows, columns), which must have been checked against the bytes there are.
        are_swapped: whether the bytes are those of big-endian words.
    """
    count = shape[0] * shape[1]
    first, last = at * count // 16 * 2, -((at + 1) * count // -16) * 2
    stream.seek(first, 1)
    packed = np.frombuffer(stream.read(last - first), np.uint8)
    if are_swapped:
        packed = packed[: len(packed) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    begin = at * count - 8 * first
    return np.unpackbits(packed, bitorder="little")[begin : begin + count].reshape(shape)


def make_slice(frame: Frame, index: int, stored: Stored) -> Slice:
    """Makes a slice of what `read_stored` gave.

    Args:
        frame: its header.
        index: the place it gets in its volume.
        stored: its pixels.

    Raises:
        ImagingError: one of its look-up tables can't be used.
    """
    plain = Slice(
        modality_values=_EMPTY,
        index=index,
        affine=_affine(frame),
        spacing=frame.spacing,
        modality=frame.modality or None,
        pixel_aspect=frame.pixel_aspect,
        photometric_interpretation=frame.format.photometric,
    )
    if frame.format.is_color:
        return replace(plain, modality_values=stored)
    try:
        return replace(
            plain,
            **_modality_values(frame, stored),
            windows=frame.windows,
            voi_lut=_voi_lut(frame),
            inverted=frame.format.photometric == "MONOCHROME1",
            padding_value=_padding(frame),
        )
    except Exception as error:
        raise refusal(frame.source, "its look-up table is damaged or cut short") from error


def _modality_values(frame: Frame, stored: Stored) -> dict[str, Any]:
    """Applies the Modality LUT, else the rescale; gives the fields of Slice that it decides."""
    sequence_item = item(frame.format.tables, "ModalityLUTSequence")
    table = _lut(sequence_item, frame.format.is_signed, frame.format)
    if sequence_item is None or table is None:
        slope, intercept = frame.rescale
        return {
            "modality_values": _rescaled(stored, slope, intercept),
            "unit": frame.unit,
            "rescale_slope": slope,
            "rescale_intercept": intercept,
        }
    place = stored.astype(np.int64) - table.first
    return {
        "modality_values": table.entries.astype(np.float32).take(place, mode="clip"),
        "unit": text(sequence_item, "ModalityLUTType") or None,
        "rescale_slope": None,
    }


def _affine(frame: Frame) -> npt.NDArray[np.float64] | None:
    if frame.position is None or frame.orientation is None or frame.spacing is None:
        return None
    return plane_affine(frame.position, frame.orientation, frame.spacing)


def _used_bits(stored: Stored, form: PixelFormat) -> Stored:
    """Drops what old files keep in the bits around the pixel (PS3.5 8.1.1)."""
    allocated = stored.dtype.itemsize * 8
    used, high = form.bits_stored, form.high_bit
    if stored.dtype.kind not in "iu" or form.is_recoded or form.bits_allocated == 1:
        return stored
    if used < allocated:
        stored = stored << (allocated - 1 - high)
        stored >>= allocated - used
    return stored


# Beyond float32 it is infinite, and a signalling NaN is one like others.
@np.errstate(over="ignore", invalid="ignore")
def _rescaled(stored: Stored, slope: float, intercept: float) -> npt.NDArray[np.float32]:
    if stored.dtype.itemsize > 2:
        return (stored.astype(np.float64) * slope + intercept).astype(np.float32)
    values = stored.astype(np.float32)
    if (slope, intercept) != (1.0, 0.0):
        values *= np.float32(slope)
        values += np.float32(intercept)
    return values


def _rgb(stored: Stored, form: PixelFormat) -> npt.NDArray[np.uint8]:
    """Gives RGB with 8 bits a channel."""
    bits = form.bits_stored
    if form.photometric == "PALETTE COLOR":
        stored = apply_color_lut(stored, form.tables)
        bits = stored.dtype.itemsize * 8
    if stored.ndim != 3 or stored.shape[2] < 3:
        raise ValueError("three colour channels were expected")
    return (stored[..., :3] >> max(bits - 8, 0)).astype(np.uint8)


def _lut(sequence_item: Dataset | None, signed: bool, form: PixelFormat) -> _Lut | None:
    """Reads a look-up table (PS3.3 C.11.1.1.1).

    Data may be numbers or bytes, and 8-bit entries may be packed two to a word.
    """
    descriptor = None if sequence_item is None else numbers(sequence_item, "LUTDescriptor", 3)
    if sequence_item is None or descriptor is None:
        return None
    count, first, bits = (int(part) for part in descriptor)
    count = count % _MOST_ENTRIES or _MOST_ENTRIES
    if signed and first >= _MOST_ENTRIES // 2:
        first -= _MOST_ENTRIES
    word = "<u2" if form.syntax.is_little_endian else ">u2"
    data = value(sequence_item, "LUTData")
    packed = data if isinstance(data, bytes) else np.asarray(data, word).tobytes()
    entries = np.frombuffer(packed, word if len(packed) >= 2 * count else np.uint8)[:count]
    if len(entries) < count:
        raise ValueError("the look-up table is too short")
    return _Lut(first, entries.astype(np.int64), bits)


def _voi_lut(frame: Frame) -> VoiLut | None:
    signed = frame.format.is_signed or frame.rescale[1] < 0
    table = _lut(item(frame.format.tables, "VOILUTSequence"), signed, frame.format)
    if table is None:
        return None
    top = max((1 << min(max(table.bits, 8), 16)) - 1, int(table.entries.max()))
    return VoiLut(float(table.first), (table.entries / top).astype(np.float32))


def _padding(frame: Frame) -> float | None:
    stored = frame.format.padding
    if stored is None:
        return None
    bits = frame.format.bits_allocated
    if frame.format.is_signed and stored >= 1 << (bits - 1):
        stored -= 1 << bits
    slope, intercept = frame.rescale
    return float(np.float32(stored) * np.float32(slope) + np.float32(intercept))
