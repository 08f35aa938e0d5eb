"""Damage done to files, the same every time for the same number."""

import re
from pathlib import Path, PurePosixPath
from random import Random
from typing import Literal

from tests.imaging.seeds import Seed

_MOST_FLIPS = 32
_HEADER_BYTES = 2048
_PREAMBLE_BYTES = 128
_JUNK_BYTES = 600
# DICOM's elements with four bytes of length, with two, and items of a sequence.
_LENGTHS = (
    (re.compile(rb"(?:OB|OW|OF|OD|OL|SQ|UN|UT|UC|UR)\0\0"), 4),
    (re.compile(rb"(?:AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US)"), 2),
    (re.compile(rb"\xfe\xff[\x00\x0d]\xe0"), 4),
)


def write_mutant(folder: Path, seed: Seed, number: int) -> Path:
    """Writes mutant `number` of a seed, with the files that lie beside it.

    Returns:
        The path to open.
    """
    for name, content in seed.beside.items():
        beside = folder / name
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PurePosixPath(seed.name).name
    path.write_bytes(mutated(seed, number))
    return path


def mutated(seed: Seed, number: int) -> bytes:
    """Damages a seed's bytes once, or sometimes twice."""
    random = Random(f"{seed.name}/{number}")
    content = bytearray(seed.content)
    for _ in range(random.choice((1, 1, 1, 2))):
        random.choice(_MUTATIONS)(content, random)
    return bytes(content)


def _place(content: bytearray, random: Random) -> int:
    """Chooses a byte, mostly one of the header."""
    if not content:
        return 0
    start = _PREAMBLE_BYTES if content[128:132] == b"DICM" else 0
    end = len(content)
    if random.random() < 0.75:
        end = min(end, start + _HEADER_BYTES)
    return random.randrange(min(start, end - 1), end)


def _stretch(content: bytearray, random: Random) -> slice:
    start = _place(content, random)
    return slice(start, start + random.choice((1, 2, 4, 8, 64, 512)))


def _flip(content: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, _MOST_FLIPS) if content else 0):
        content[_place(content, random)] ^= random.randint(1, 255)


def _lengthen(content: bytearray, random: Random) -> None:
    """Overwrites a length, or what may be one where the format has no such marks."""
    pattern, width = random.choice(_LENGTHS)
    found = [match.end() for match in pattern.finditer(content)]
    place = random.choice(found) if found else _place(content, random) & ~1
    top = (1 << 8 * width) - 1
    order: Literal["little", "big"] = random.choice(("little", "big"))
    value: int = random.choice((0, 1, top >> 1, top))
    content[place : place + width] = value.to_bytes(width, order)


def _cut(content: bytearray, random: Random) -> None:
    del content[_place(content, random) :]


def _append(content: bytearray, random: Random) -> None:
    content += random.randbytes(random.randint(1, _JUNK_BYTES))


def _insert(content: bytearray, random: Random) -> None:
    place = _place(content, random)
    content[place:place] = random.randbytes(random.randint(1, 16))


def _double(content: bytearray, random: Random) -> None:
    block = _stretch(content, random)
    content[block.start : block.start] = content[block]


def _swap(content: bytearray, random: Random) -> None:
    one, other = sorted((_stretch(content, random), _stretch(content, random)), key=_start)
    length = min(one.stop - one.start, other.stop - other.start, other.start - one.start)
    one, other = (slice(at.start, at.start + length) for at in (one, other))
    if other.stop <= len(content):
        content[one], content[other] = content[other], content[one]


def _start(block: slice) -> int:
    return int(block.start)


def _zero(content: bytearray, random: Random) -> None:
    block = _stretch(content, random)
    content[block] = bytes(len(content[block]))


_MUTATIONS = (_flip, _flip, _lengthen, _lengthen, _cut, _append, _insert, _double, _swap, _zero)
