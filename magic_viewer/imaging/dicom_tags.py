"""Every element of a DICOM file but the pixels, sequences and private elements included."""

import struct
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_description, private_dictionary_description
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.hooks import raw_element_vr
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.tag import Tag as DicomTag
from pydicom.uid import UID
from pydicom.valuerep import BYTES_VR
from pydicom.values import convert_SQ

from magic_viewer.imaging.csa import read_csa
from magic_viewer.imaging.dicom_file import PixelExtent, open_dicom, read_header
from magic_viewer.imaging.dicom_values import BAD_VALUE
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.tags import DEEPEST, LONGEST, Limit, Tag, readable, shortened

# What converting a value raises that isn't what its VR says.
_UNREADABLE = (*BAD_VALUE, LookupError, struct.error, EOFError, OSError, RecursionError)
_FIRST_BLOCK = 0x10
_CSA = "SIEMENS CSA HEADER"
_ITEM = b"\xfe\xff\x00\xe0"
# Bytes take no conversion.
_NOT_CUT = BYTES_VR
# More than this takes pydicom longer than anybody waits.
_LARGEST_SEQUENCE = 16 << 20
_MOST_ITEMS = 200_000


def dicom_tags(source: Source, limit: Limit) -> tuple[Tag, ...]:
    """Reads a data set up to its pixels, of which only the size is told.

    Raises:
        ImagingError: it isn't DICOM.
        Exception: pydicom's, when it is damaged.
    """
    with open_dicom(source) as stream:
        header, pixels, _ = read_header(stream, ())
    tags = _elements(header.file_meta, limit, 0) + _elements(header, limit, 0)
    return tags if pixels is None else (*tags, _pixels(pixels))


def _pixels(extent: PixelExtent) -> Tag:
    tag = DicomTag(extent.keyword)
    size = extent.promised
    told = "Compressed" if size is None else f"{size:,} bytes"
    return Tag(dictionary_description(tag), str(tag).upper(), "", f"{told}, shown as the image")


def _elements(dataset: Dataset, limit: Limit, depth: int) -> tuple[Tag, ...]:
    tags = limit.count(sorted(dataset.keys()))
    return tuple(_element(dataset, tag, limit, depth) for tag in tags)


def _element(dataset: Dataset, tag: BaseTag, limit: Limit, depth: int) -> Tag:
    """Makes one row; a value that can't be converted is given as its bytes."""
    creator = _creator(dataset, tag)
    name, number = _name(tag, creator), str(tag).upper()
    raw = dataset.get_item(tag)
    stored = (raw.value if isinstance(raw, RawDataElement) else None) or b""
    try:
        element = _converted(dataset, tag, raw)
        items = element.value if element.VR == "SQ" else _hidden_items(element)
        if items is not None:
            return _sequence(name, number, items, limit, depth)
        value = _text(element, len(stored))
    except _UNREADABLE:
        return Tag(name, number, raw.VR or "", readable(stored[:LONGEST], len(stored)))
    children = _csa(element.value, limit) if creator == _CSA else ()
    return Tag(name, number, element.VR, value, children)


def _converted(dataset: Dataset, tag: BaseTag, raw: Any) -> DataElement:
    """Lets pydicom convert a value, or the beginning of long text or a long list of numbers."""
    if isinstance(raw, RawDataElement) and len(raw.value or b"") > LONGEST:
        found: dict[str, Any] = {}
        raw_element_vr(raw, found, ds=dataset)
        if found["VR"] == "SQ":
            _check_sequence(raw.value or b"")
        elif found["VR"] not in _NOT_CUT:
            start = (raw.value or b"")[:LONGEST]
            dataset[tag] = raw._replace(value=start, length=LONGEST)
    return dataset[tag]


def _check_sequence(items: bytes) -> None:
    if len(items) > _LARGEST_SEQUENCE or items.count(_ITEM) > _MOST_ITEMS:
        raise ValueError("too much for a sequence")


def _hidden_items(element: DataElement) -> Sequence | None:
    """Finds a sequence of unknown VR, which is in Implicit VR Little Endian (PS3.5 6.2.2)."""
    if element.VR != "UN" or not bytes(element.value or b"").startswith(_ITEM):
        return None
    try:
        _check_sequence(element.value)
        return convert_SQ(element.value, True, True)
    except _UNREADABLE:
        return None


def _sequence(name: str, number: str, items: Sequence, limit: Limit, depth: int) -> Tag:
    count = f"{len(items):,} item{'' if len(items) == 1 else 's'}"
    if depth >= DEEPEST:
        reason = f"Nested more than {DEEPEST} deep; the rest isn't shown."
        return Tag(name, number, "SQ", count, (Tag("…", value=reason),) if items else ())
    children = tuple(
        Tag(f"Item {place}", children=_elements(item, limit, depth + 1))
        for place, item in limit.count(enumerate(items, 1))
    )
    return Tag(name, number, "SQ", count, children)


def _creator(dataset: Dataset, tag: BaseTag) -> str:
    """Finds who reserved a private element's block (PS3.5 7.8.1); "" when nobody did."""
    block = tag.element >> 8
    if not tag.is_private or block < _FIRST_BLOCK:
        return ""
    try:
        return str(dataset[tag.group, block].value).strip()
    except _UNREADABLE:
        return ""


def _name(tag: BaseTag, creator: str) -> str:
    if tag.is_private_creator:
        return "Private Creator"
    try:
        if not tag.is_private:
            return dictionary_description(tag)
        name = private_dictionary_description(tag, creator)
    except KeyError:
        name = "Private" if tag.is_private else "Unknown"
    if tag.element == 0:
        return "Group Length"
    return f"{name} [{creator}]" if creator else name


def _text(element: DataElement, size: int) -> str:
    """Gives a value as text, several divided by DICOM's own backslash."""
    value = element.value
    if isinstance(value, bytes):
        return readable(value[:LONGEST], len(value))
    several = isinstance(value, list) or (hasattr(value, "__iter__") and not _is_one(value))
    parts = value if several else [value]
    single = element.VR == "FL"
    text = "\\".join(_one(np.float32(part) if single else part) for part in parts)
    return shortened(text, size > LONGEST)


def _is_one(value: Any) -> bool:
    """Tells whether what can be iterated over is still one value: text, or a person's name."""
    return isinstance(value, str) or hasattr(value, "components")


def _one(value: Any) -> str:
    if isinstance(value, bytes):
        return readable(value)
    if isinstance(value, UID) and value.name != value:
        return f"{value} ({value.name})"
    return "" if value is None else str(value)


def _csa(value: Any, limit: Limit) -> tuple[Tag, ...]:
    """Reads the header that Siemens put into an element; () where it isn't readable."""
    try:
        found = read_csa(value)
    except (ValueError, AttributeError, TypeError):
        return ()
    return tuple(
        Tag(name, value="\\".join(part.decode("latin-1") for part in parts))
        for name, parts in limit.count(found.items())
    )
