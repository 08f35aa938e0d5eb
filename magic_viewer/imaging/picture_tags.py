"""What PNG, JPEG and TIFF say of themselves: size, text, EXIF."""

from collections.abc import Iterator, Mapping
from typing import Any

from PIL import ExifTags, TiffTags

from magic_viewer.imaging.raster import open_picture
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.tags import LONGEST, Limit, Tag, readable, shortened

# EXIF's directories within it: those of the camera and of its place.
_NESTED = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def picture_tags(source: Source, limit: Limit) -> tuple[Tag, ...]:
    """Reads a picture's header; of several pages, the first one's.

    Raises:
        ImagingError: it isn't a picture.
        Exception: Pillow's, when it is damaged.
    """
    with open_picture(source) as image:
        exif = image.getexif()
        described = {key: value for key, value in image.info.items() if key != "exif"}
        return (
            Tag("Format", value=image.format or ""),
            Tag("Size", value=f"{image.width} × {image.height}"),
            Tag("Mode", value=image.mode),
            *(_tag(str(key), "", value) for key, value in limit.count(described.items())),
            *_directory(exif, limit, exif),
        )


def _directory(entries: Mapping[int, Any], limit: Limit, exif: Any = None) -> Iterator[Tag]:
    """Makes rows of EXIF entries; in the outermost directory, `exif`, those within it too."""
    names = ExifTags.TAGS if exif is not None else {**ExifTags.TAGS, **ExifTags.GPSTAGS}
    for number, value in limit.count(entries.items()):
        name = names.get(number) or TiffTags.lookup(number).name
        place = f"0x{number:04X}"
        if exif is not None and number in _NESTED:
            yield Tag(name, place, children=tuple(_directory(exif.get_ifd(number), limit)))
        else:
            yield _tag(name, place, value)


def _tag(name: str, place: str, value: Any) -> Tag:
    if isinstance(value, bytes):
        return Tag(name, place, "bytes", readable(value[:LONGEST], len(value)))
    if isinstance(value, tuple | list):
        return Tag(name, place, "", shortened(" ".join(map(str, value))))
    return Tag(name, place, "", shortened(str(value)))
