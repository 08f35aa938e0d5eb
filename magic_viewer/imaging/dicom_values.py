"""Attributes of a DICOM data set that may be absent, empty or nonsense."""

from functools import cache, lru_cache
from math import isfinite
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.tag import BaseTag, Tag
from pydicom.values import convert_value

Vector = tuple[float, ...]

# What pydicom's value conversion raises on text that isn't what its VR says.
BAD_VALUE = (
    ValueError,
    TypeError,
    ArithmeticError,
    AttributeError,
    KeyError,
    NotImplementedError,
    BytesLengthException,
)
_LONGEST_TEXT = 64
# Those that no character set says how to read.
_PLAIN_VRS = frozenset(("CS", "DS", "IS", "UI", "US", "UL", "FD", "FL"))
_ANY = Tag(0x00080000)


def value(dataset: Dataset, keyword: str) -> Any:
    """Gives an attribute's value; None when absent, empty or not convertible."""
    tag = _tag(keyword)
    if tag not in dataset:
        return None
    try:
        raw: Any = dataset.get_item(tag)
        if isinstance(raw, RawDataElement) and raw.VR in _PLAIN_VRS and raw.value:
            found = _converted(raw.VR, raw.value, raw.is_little_endian)
        else:
            found = dataset[tag].value
    except BAD_VALUE:
        return None
    return None if found is None or found == "" else found


@lru_cache(4096)
def _converted(vr: str, content: bytes, is_little_endian: bool) -> Any:
    """Remembers values, most of which are the same in all files of a series."""
    return convert_value(
        vr, RawDataElement(_ANY, vr, len(content), content, 0, False, is_little_endian)
    )


@cache
def _tag(keyword: str) -> BaseTag:
    """Remembers tags, since finding one takes longer than reading its value."""
    return Tag(keyword)


def is_present(dataset: Dataset, keyword: str) -> bool:
    """Tells whether an attribute is in the data set, whatever its value."""
    return _tag(keyword) in dataset


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> Vector | None:
    """Gives finite numbers; None when one is not, or when there aren't `count` of them."""
    found = value(dataset, keyword)
    if found is None:
        return None
    try:
        several = not isinstance(found, str | bytes) and hasattr(found, "__iter__")
        parts = tuple(float(part) for part in (found if several else [found]))
    except BAD_VALUE:
        return None
    if not parts or not all(map(isfinite, parts)) or count not in (None, len(parts)):
        return None
    return parts


def number(dataset: Dataset, keyword: str) -> float | None:
    """Gives one finite number (the first of several), or None."""
    found = numbers(dataset, keyword)
    return None if found is None else found[0]


def whole(dataset: Dataset, keyword: str, default: int = 0) -> int:
    """Gives one whole number, or `default`."""
    found = number(dataset, keyword)
    return default if found is None else int(found)


def text(dataset: Dataset, keyword: str) -> str:
    """Gives one line of printable text, "" when absent."""
    found = value(dataset, keyword)
    return "" if found is None else one_line(str(found))


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Gives all of an attribute's values, each as one line of printable text."""
    found = value(dataset, keyword)
    several = [found] if found is None or isinstance(found, str) else found
    try:
        return tuple(one_line(str(part)) for part in several if part is not None)
    except BAD_VALUE:
        return ()


def one_line(found: str) -> str:
    """Makes text fit to be shown.

    A damaged length lets a value run on into the attributes behind it, which may name the patient.
    No text has a zero byte in it but every such attribute does: the value ends there.
    """
    line = found.partition("\0")[0]
    return "".join(mark for mark in line if mark.isprintable()).strip()[:_LONGEST_TEXT]


def item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """Gives the first item of a sequence, or None."""
    found = None if dataset is None else value(dataset, keyword)
    try:
        first = found[0] if found else None
    except (*BAD_VALUE, IndexError):
        return None
    return first if isinstance(first, Dataset) else None
