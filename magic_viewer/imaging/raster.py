"""PNG, JPEG and TIFF -> Series of one slice, or of a TIFF's pages, without geometry."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import inf

import numpy as np
from PIL import Image, ImageOps

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.source import Source, shown_name
from magic_viewer.imaging.study import Notice, PixelArray, Series, Slice, Volume, Window

_EXIF_ORIENTATION = 274
_SAMPLE_FORMAT = 339
_UNSIGNED = 1
_DAMAGE = (OSError, EOFError, ValueError, SyntaxError, LookupError, TypeError, struct.error)
_TOO_LARGE = "it is larger than any picture this program shows"
_GREY_MODES = ("1", "L", "LA", "I", "F")
_BYTE_WINDOW = Window(127.5, 255, "LINEAR_EXACT")


def read_raster(path: Source) -> Series:
    """Reads the header of a picture; its pixels follow when asked for.

    Grey stays grey with its own depth, colour becomes RGB. A TIFF's pages become slices when all
    are of one shape and kind, as microscopes and exported stacks have them.

    Raises:
        ImagingError: it isn't a picture, is damaged or too large.
    """
    with open_picture(path) as image:
        columns, rows = image.size
        if _turns(image):
            rows, columns = columns, rows
        kind = image.format or "picture"
        pages, alike = _pages(path, image)
    notices = [Notice("It has no geometry: distances are in pixels.", path.name)]
    if not alike:
        notices.append(Notice(f"Only the first of its {pages} pages is shown.", path.name))
    slices = pages if alike else 1
    read = partial(_read_slice, path)
    volume = Volume((slices, rows, columns), read, files=(path,) * slices)
    return Series(path.stem, None, (volume,), kind, tuple(notices))


@contextmanager
def open_picture(path: Source) -> Iterator[Image.Image]:
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


def _pages(path: Source, image: Image.Image) -> tuple[int, bool]:
    """Counts the pages, and tells whether they are slices: TIFF, of one shape and kind."""
    first = (image.size, image.mode)
    try:
        pages = getattr(image, "n_frames", 1)
        for page in range(1, pages if image.format == "TIFF" else 1):
            image.seek(page)
            if (image.size, image.mode) != first:
                return pages, False
    except _DAMAGE as error:
        raise _refusal(path, "its pages are damaged or cut short; copy it again") from error
    return pages, pages == 1 or image.format == "TIFF"


def _turns(image: Image.Image) -> bool:
    """Tells whether a photograph lies on its side; Pillow turns TIFF itself."""
    return image.format == "JPEG" and 5 <= image.getexif().get(_EXIF_ORIENTATION, 1) <= 8


def _refusal(path: Source, reason: str) -> ImagingError:
    return ImagingError(f"{shown_name(path)} can't be opened as a picture: {reason}.")


def _read_slice(path: Source, k: int) -> Slice:
    with open_picture(path) as image:
        try:
            image.seek(k)
            _check_coverage(image)
            upright = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            values = _values(upright)
        except _DAMAGE as error:
            raise _refusal(path, "its pixels are damaged or cut short; copy it again") from error
        eight_bits = image.mode in ("1", "L", "LA")
    return Slice(values, k, windows=(_BYTE_WINDOW,) if eight_bits else ())


def _check_coverage(image: Image.Image) -> None:
    """Refuses a TIFF with fewer strips or tiles than its size needs: Pillow leaves black there."""
    boxes = (tile[1] for tile in image.tile)  # type: ignore[attr-defined]
    covered = sum((right - left) * (low - top) for left, top, right, low in boxes)
    if covered < image.width * image.height:
        raise ValueError("pixels are missing")


def _values(image: Image.Image) -> PixelArray:
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    if image.mode in _GREY_MODES or image.mode.startswith("I;"):
        grey = np.asarray(image)
        if image.mode == "I" and _is_unsigned(image):
            grey = grey.view(np.uint32)
        return grey.astype(np.float32)
    return np.asarray(image.convert("RGB"), np.uint8)


def _is_unsigned(image: Image.Image) -> bool:
    """Tells whether 32 bits of a TIFF have no sign; Pillow reads all as if they had."""
    tags = getattr(image, "tag_v2", {})
    return bool(tags) and tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED
