"""What a file says of itself: a tree of rows for people to read.

Read from the file anew when asked for, so that nothing of it is held or logged meanwhile.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import file_kind
from magic_viewer.imaging.source import Source

MOST_TAGS = 20_000
DEEPEST = 30
LONGEST = 1 << 16
"""Bytes or characters of one value that are kept."""
_SHORTEST_TEXT = 4
_FIRST_BYTES = 16
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Tag:
    """One row.

    Attributes:
        name: "Modality", or the format's own word such as "pixdim".
        number: "(0008,0060)" in DICOM, "byte 76" in headers of fixed layout, else "".
        vr: DICOM's VR, in other formats the type; "" for a sequence's item.
        value: as text, at most `LONGEST` characters and a "…". It may hold any character.
        children: items of a sequence, elements of an item.
    """

    name: str
    number: str = ""
    vr: str = ""
    value: str = ""
    children: "tuple[Tag, ...]" = ()


class Limit:
    """Counts the rows of a file, so that none can ask for more than anybody reads.

    Attributes:
        is_reached: whether rows were left out.
    """

    def __init__(self) -> None:
        self._left = MOST_TAGS
        self.is_reached = False

    def count(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Passes items on, one for each row, while there is room."""
        for item in items:
            if not self._left:
                self.is_reached = True
                return
            self._left -= 1
            yield item


def read_tags(source: Source) -> tuple[Tag, ...]:
    """Reads all that a file says of itself, without its pixels.

    Raises:
        ImagingError: it is damaged, gone, or of a format whose tags aren't read.
    """
    limit = Limit()
    try:
        tags = _read(source, limit)
    except ImagingError:
        raise
    except Exception as error:
        raise ImagingError(
            f"The tags of {source.name} can't be read: it is damaged, cut short or not there "
            "any more."
        ) from error
    if limit.is_reached:
        tags += (Tag("…", value=f"It has more than {MOST_TAGS:,}; the rest isn't shown."),)
    return tags


def _read(source: Source, limit: Limit) -> tuple[Tag, ...]:
    kind = file_kind(source)
    if kind == "DICOM":
        from magic_viewer.imaging.dicom_tags import dicom_tags

        return dicom_tags(source, limit)
    if kind == "raster":
        from magic_viewer.imaging.picture_tags import picture_tags

        return picture_tags(source, limit)
    from magic_viewer.imaging.volume_tags import volume_tags

    return volume_tags(source, limit)


def shortened(text: str, is_cut: bool = False) -> str:
    """Cuts what is longer than anybody reads, and marks what is cut."""
    return text[:LONGEST] + "…" if is_cut or len(text) > LONGEST else text


def readable(data: bytes, size: int | None = None) -> str:
    """Gives bytes as text where that is what they are, else their number and the first in hex.

    A few bytes may be text by chance and are given in hex too; one NUL at the end is padding.

    Args:
        data: the bytes, or the first of them.
        size: how many there are, where these aren't all.
    """
    size = len(data) if size is None else size
    text = data.removesuffix(b"\0")
    if len(text) >= _SHORTEST_TEXT:
        words = text.decode("utf-8", "ignore" if size > len(data) else "replace")
        if all(mark.isprintable() or mark in "\r\n\t" for mark in words) and "\ufffd" not in words:
            return shortened(words, size > len(data))
    more = " …" if size > _FIRST_BYTES else ""
    start = f": {data[:_FIRST_BYTES].hex(' ')}{more}" if data else ""
    return f"{size:,} byte{'' if size == 1 else 's'}{start}"
