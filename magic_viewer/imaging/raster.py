"""PNG, JPEG and TIFF -> Series of one slice, without geometry."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.study import Notice, PixelArray, Series, Slice, Volume, Window

_EXIF_ORIENTATION = 274
_TOO_LARGE = "it is larger than any picture this program shows"
_GREY_MODES = ("1", "L", "LA", "I", "F")
_BYTE_WINDOW = Window(127.5, 255, "LINEAR_EXACT")


def read_raster(path: Path) -> Series:
    """Reads the header of a picture; its pixels follow when asked for.

    Grey stays grey with its own depth, colour becomes RGB.

    Raises:
        ImagingError: it isn't a picture, is damaged or too large.
    """
    with _open(path) as image:
        columns, rows = image.size
        if _turns(image):
            rows, columns = columns, rows
        pages = getattr(image, "n_frames", 1)
        kind = image.format or "picture"
    notices = [Notice("It has no geometry: distances are in pixels.", path.name)]
    if pages > 1:
        notices.append(Notice(f"Only the first of its {pages} pages is shown.", path.name))
    volume = Volume((1, rows, columns), partial(_read_slice, path))
    return Series(path.stem, None, (volume,), kind, tuple(notices))


@contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """Opens the header of a picture that isn't too large."""
    try:
        # Not by name: Pillow maps files that it knows by name, and turned TIFF comes out skewed.
        stream = path.open("rb")
    except OSError as error:
        raise _refusal(path, "it can't be read; check that it is still there") from error
    with stream:
        try:
            image = Image.open(stream, formats=("PNG", "JPEG", "TIFF"))
        except Image.DecompressionBombError as error:
            raise _refusal(path, _TOO_LARGE) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise _refusal(path, "a PNG, JPEG or TIFF was expected, this is none") from error
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or inf):
            raise _refusal(path, _TOO_LARGE)
        yield image


def _turns(image: Image.Image) -> bool:
    """Tells whether a photograph lies on its side; Pillow turns TIFF itself."""
    return image.format == "JPEG" and image.getexif().get(_EXIF_ORIENTATION, 1) >= 5


def _refusal(path: Path, reason: str) -> ImagingError:
    return ImagingError(f"{path.name} can't be opened as a picture: {reason}.")


def _read_slice(path: Path, k: int) -> Slice:
    if k != 0:
        raise IndexError(k)
    with _open(path) as image:
        try:
            upright = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            values = _values(upright)
        except (OSError, ValueError, SyntaxError) as error:
            raise _refusal(path, "its pixels are damaged or cut short; copy it again") from error
        eight_bits = image.mode in ("1", "L", "LA")
    return Slice(values, windows=(_BYTE_WINDOW,) if eight_bits else ())


def _values(image: Image.Image) -> PixelArray:
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    if image.mode in _GREY_MODES or image.mode.startswith("I;"):
        return np.asarray(image).astype(np.float32)
    return np.asarray(image.convert("RGB"), np.uint8)
