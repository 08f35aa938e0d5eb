"""pydicom's decoding, with this program's codecs in their child processes plugged in.

pydicom finds the frames, unpacks what is stored plainly and turns colours to RGB; the codecs
undo the compression only.
"""

from collections.abc import Mapping

import numpy as np
import pydicom.uid as uids
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import Decoder, DecodeRunner, get_decoder
from pydicom.uid import UID

from magic_viewer.imaging.codec_pool import CodecError, codec_pool

PLUGIN = "magic_viewer"
_CODEC_OF: Mapping[UID, str] = {
    uids.JPEGBaseline8Bit: "jpeg",
    uids.JPEGExtended12Bit: "jpeg",
    uids.JPEGLossless: "jpeg",
    uids.JPEGLosslessSV1: "jpeg",
    uids.JPEGLSLossless: "jpeg_ls",
    uids.JPEGLSNearLossless: "jpeg_ls",
    uids.JPEG2000Lossless: "jpeg_2000",
    uids.JPEG2000: "jpeg_2000",
    uids.HTJ2KLossless: "jpeg_2000",
    uids.HTJ2KLosslessRPCL: "jpeg_2000",
    uids.HTJ2K: "jpeg_2000",
    uids.RLELossless: "rle",
}
# What pydicom's registration of a plug-in asks of a module: what it needs, and whether it is there.
DECODER_DEPENDENCIES: Mapping[UID, tuple[str, ...]] = dict.fromkeys(_CODEC_OF, ())
_END_OF_IMAGE = b"\xff\xd9"
_JP2_SIGNATURE, _JP2_IMAGE = b"\0\0\0\x0cjP  ", b"jp2c"
_ADOBE = b"\xff\xee\x00\x0eAdobe"


def is_available(uid: str) -> bool:
    """Tells pydicom that a transfer syntax can be decoded."""
    return uid in _CODEC_OF


def decoder_of(syntax: UID) -> Decoder:
    """Gives pydicom's decoder of a transfer syntax, with our codec as its plug-in.

    Raises:
        NotImplementedError: there is none.
    """
    decoder = get_decoder(syntax)
    if syntax.is_encapsulated and syntax not in _CODEC_OF:
        raise NotImplementedError(syntax)
    if syntax in _CODEC_OF and PLUGIN not in decoder.available_plugins:
        decoder.add_plugin(PLUGIN, (__name__, decode_frame.__name__))
    return decoder


def decode_frame(source: bytes, runner: DecodeRunner) -> memoryview:
    """Decodes one frame for pydicom, and tells it what came out.

    Raises:
        CodecError: it is damaged, cut short, or too much for time and memory.
    """
    codec = _CODEC_OF[runner.transfer_syntax]
    if codec != "rle" and _END_OF_IMAGE not in source[-64:]:
        raise CodecError("the end of the image is missing")
    samples = runner.samples_per_pixel
    shape = (runner.rows, runner.columns)
    image = codec_pool().decode(codec, bytes(source), shape, samples, runner.bits_allocated)
    if codec == "rle":
        runner.set_option("planar_configuration", 1)
        return image.reshape(-1).view(np.uint8).data
    if image.shape != (shape if samples == 1 else (*shape, samples)):
        raise CodecError("the image has another size than the file says")
    runner.set_option("bits_allocated", image.dtype.itemsize * 8)
    runner.set_option("planar_configuration", 0)
    _name_colors(source, codec, runner)
    return image.reshape(-1).view(np.uint8).data


def check_boxes(frame: bytes) -> None:
    """Refuses a JP2 header in which pydicom looks for the image without end.

    A box of length 0 is the last one (ISO/IEC 15444-1, I.4), so it must be that of the image.

    Raises:
        CodecError: it isn't.
    """
    offset = len(_JP2_SIGNATURE) + 4
    while frame.startswith(_JP2_SIGNATURE) and offset < len(frame):
        length = int.from_bytes(frame[offset : offset + 4], "big")
        if frame[offset + 4 : offset + 8] == _JP2_IMAGE:
            return
        if length == 0:
            raise CodecError("the image is missing")
        offset += length


def _name_colors(source: bytes, codec: str, runner: DecodeRunner) -> None:
    """Says which colours came out where that isn't what the file's header says."""
    stated = runner.photometric_interpretation
    if codec == "jpeg_2000" and stated in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", PhotometricInterpretation.RGB)
    if codec != "jpeg" or runner.samples_per_pixel != 3:
        return
    at = source.find(_ADOBE, 0, 4096)
    transform = source[at + 15] if 0 <= at < len(source) - 15 else None
    if transform == 0 and stated.startswith("YBR"):
        runner.set_option("photometric_interpretation", PhotometricInterpretation.RGB)
    elif transform == 1 and stated == "RGB":
        runner.set_option("photometric_interpretation", PhotometricInterpretation.YBR_FULL)
