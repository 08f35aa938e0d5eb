"""One DICOM image decoded: stored values -> modality values, with its look-up tables."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_checks import refusal
from magic_viewer.imaging.dicom_headers import Frame
from magic_viewer.imaging.dicom_values import item, number, numbers, text, value, whole
from magic_viewer.imaging.geometry import plane_affine
from magic_viewer.imaging.quiet import quiet
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


def read_pixels(frame: Frame, index: int) -> Slice:
    """Decodes one image.

    Args:
        frame: which.
        index: the place the slice gets in its volume.

    Raises:
        ImagingError: the pixels are damaged, cut short or packed in a way that isn't supported.
    """
    with quiet():
        try:
            header, stored = _decode(frame)
            return _slice(frame, index, header, stored)
        except ImagingError:
            raise
        except OSError as error:
            raise refusal(frame.path, "it can't be read; check that it is still there") from error
        except Exception as error:
            raise refusal(
                frame.path, "its pixels are damaged or cut short; copy it again from its source"
            ) from error


def _decode(frame: Frame) -> tuple[Dataset, Stored]:
    """Gives the image attributes and the stored values, colour as RGB."""
    options: dict[str, Any] = {"index": frame.number, "raw": not frame.is_color}
    if frame.transfer_syntax == RLELossless:
        # The faster plug-in panics on oversized data, past every `except Exception`.
        options["decoding_plugin"] = "pydicom"
    if frame.transfer_syntax.is_deflated:
        inflated = dcmread(frame.path)
        return inflated, pixel_array(inflated, **options)
    header = Dataset()
    stored = pixel_array(
        frame.path, ds_out=header, transfer_syntax_uid=frame.transfer_syntax, **options
    )
    return header, stored


def _slice(frame: Frame, index: int, header: Dataset, stored: Stored) -> Slice:
    if stored.shape[:2] != frame.shape:
        raise refusal(frame.path, f"{frame.shape} pixels were expected, {stored.shape[:2]} came")
    photometric = text(header, "PhotometricInterpretation")
    plain = Slice(
        modality_values=_EMPTY,
        index=index,
        affine=_affine(frame),
        spacing=frame.spacing,
        modality=frame.modality or None,
        pixel_aspect=frame.pixel_aspect,
        photometric_interpretation=photometric,
    )
    if frame.is_color:
        return replace(plain, modality_values=_color_values(header, stored, photometric))
    return replace(
        plain,
        **_modality_values(frame, header, _used_bits(header, stored, frame)),
        windows=frame.windows,
        voi_lut=_voi_lut(header, frame),
        inverted=photometric == "MONOCHROME1",
        padding_value=_padding(header, frame),
    )


def _modality_values(frame: Frame, header: Dataset, stored: Stored) -> dict[str, Any]:
    """Applies the Modality LUT, else the rescale; gives the fields of Slice that it decides."""
    sequence_item = item(header, "ModalityLUTSequence")
    table = _lut(sequence_item, _is_signed(header), frame)
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


def _is_signed(header: Dataset) -> bool:
    return whole(header, "PixelRepresentation") == 1


def _used_bits(header: Dataset, stored: Stored, frame: Frame) -> Stored:
    """Drops what old files keep in the bits around the pixel (PS3.5 8.1.1)."""
    allocated = stored.dtype.itemsize * 8
    used = whole(header, "BitsStored", allocated)
    high = whole(header, "HighBit", used - 1)
    packed = frame.transfer_syntax.is_encapsulated and frame.transfer_syntax != RLELossless
    if stored.dtype.kind not in "iu" or packed or used >= allocated or header.BitsAllocated == 1:
        return stored
    if not used - 1 <= high < allocated:
        high = used - 1
    return (stored << (allocated - 1 - high)) >> (allocated - used)


def _rescaled(stored: Stored, slope: float, intercept: float) -> npt.NDArray[np.float32]:
    if stored.dtype.itemsize > 2:
        return (stored.astype(np.float64) * slope + intercept).astype(np.float32)
    values = stored.astype(np.float32)
    if (slope, intercept) != (1.0, 0.0):
        values *= np.float32(slope)
        values += np.float32(intercept)
    return values


def _color_values(header: Dataset, stored: Stored, photometric: str) -> npt.NDArray[np.uint8]:
    """Gives RGB with 8 bits a channel."""
    bits = whole(header, "BitsStored", 8)
    if photometric == "PALETTE COLOR":
        stored = apply_color_lut(stored, header)
        bits = stored.dtype.itemsize * 8
    if stored.ndim != 3 or stored.shape[2] < 3:
        raise ValueError("three colour channels were expected")
    return (stored[..., :3] >> max(bits - 8, 0)).astype(np.uint8)


def _lut(sequence_item: Dataset | None, signed: bool, frame: Frame) -> _Lut | None:
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
    word = "<u2" if frame.transfer_syntax.is_little_endian else ">u2"
    data = value(sequence_item, "LUTData")
    packed = data if isinstance(data, bytes) else np.asarray(data, word).tobytes()
    entries = np.frombuffer(packed, word if len(packed) >= 2 * count else np.uint8)[:count]
    if len(entries) < count:
        raise ValueError("the look-up table is too short")
    return _Lut(first, entries.astype(np.int64), bits)


def _voi_lut(header: Dataset, frame: Frame) -> VoiLut | None:
    signed = _is_signed(header) or frame.rescale[1] < 0
    table = _lut(item(header, "VOILUTSequence"), signed, frame)
    if table is None:
        return None
    top = max((1 << min(max(table.bits, 8), 16)) - 1, int(table.entries.max()))
    return VoiLut(float(table.first), (table.entries / top).astype(np.float32))


def _padding(header: Dataset, frame: Frame) -> float | None:
    stored = number(header, "PixelPaddingValue")
    if stored is None or frame.is_color:
        return None
    bits = whole(header, "BitsAllocated", 16)
    if _is_signed(header) and stored >= 1 << (bits - 1):
        stored -= 1 << bits
    slope, intercept = frame.rescale
    return float(np.float32(stored) * np.float32(slope) + np.float32(intercept))
