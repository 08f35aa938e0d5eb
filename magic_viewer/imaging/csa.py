"""Siemens' private header within a header: names with values, all as text.

Its layout (CSA2, "SV10") is known from nibabel's "Siemens format DICOM with CSA header"
(nipy.org/nibabel/dicom/siemens_csa.html): a count of tags; each tag a name and a count of items;
each item a length and so many bytes, filled up to a multiple of four. The older CSA1 is not read.
"""

import struct

_SIGNATURE = b"SV10"
_COUNT = struct.Struct("<8xI4x")
_TAG = struct.Struct("<64s12xi4x")
_ITEM = struct.Struct("<4xi8x")
_LARGEST = 1 << 20


def read_csa(blob: bytes) -> dict[str, list[bytes]]:
    """Reads the values of every tag, empty ones left out.

    Every step moves on by some bytes and fails at the end of the header, so wrong counts end soon.

    Raises:
        ValueError: it isn't CSA2, is cut short or contradicts itself.
    """
    if not blob.startswith(_SIGNATURE) or len(blob) > _LARGEST:
        raise ValueError("A CSA2 header was expected.")
    try:
        return _read_tags(blob)
    except struct.error as error:
        raise ValueError("The CSA header is cut short.") from error


def _read_tags(blob: bytes) -> dict[str, list[bytes]]:
    tags: dict[str, list[bytes]] = {}
    (count,) = _COUNT.unpack_from(blob)
    place = _COUNT.size
    for _ in range(count):
        name, items = _TAG.unpack_from(blob, place)
        values, place = _read_items(blob, place + _TAG.size, items)
        tags.setdefault(_until_nul(name).decode("latin-1"), []).extend(values)
    return tags


def _read_items(blob: bytes, place: int, count: int) -> tuple[list[bytes], int]:
    """Gives the items' values and the place after them."""
    values = []
    for _ in range(count):
        (length,) = _ITEM.unpack_from(blob, place)
        place += _ITEM.size
        if not 0 <= length <= len(blob) - place:
            raise ValueError("A value is longer than the CSA header.")
        values.append(_until_nul(blob[place : place + length]).strip())
        place += length + -length % 4
    return [found for found in values if found], place


def _until_nul(text: bytes) -> bytes:
    return text.partition(b"\0")[0]
