"""Unpacks gzip into one block of a size that is known before."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from magic_viewer.imaging.source import Source

# Deflate can't do better than 1032 to 1 (zlib's technical notes).
BEST_RATIO = 1032
LARGEST = 4 << 30

_CHUNK = 1 << 18
_PIECE = 1 << 18
_GZIP = 31
_MOST_BEHIND = 16 << 20


def unpack(path: Source, skip: int, count: int) -> bytearray:
    """Unpacks `count` bytes after the first `skip`.

    zlib is fed by hand, since gzip's own file object gives it 8 KB at a time. What follows is
    unpacked too and dropped, up to 16 MB, to reach the checksum behind it.

    Raises:
        OSError, EOFError, zlib.error: it can't be read, is cut short or damaged.
    """
    block = bytearray(count)
    view = memoryview(block)
    at = -skip
    with path.open("rb") as stream:
        for piece in _pieces(stream):
            wanted = piece[max(0, -at) : max(0, count - at)]
            start = max(0, at)
            view[start : start + len(wanted)] = wanted
            at += len(piece)
            if at > count + _MOST_BEHIND:
                break
    if at < count:
        raise EOFError("fewer bytes than were promised")
    return block


def unpacked_size(path: Source) -> int:
    """Gives the unpacked size that a file of one member states, no more than it can hold."""
    with path.open("rb") as stream:
        there = stream.seek(0, 2)
        stream.seek(max(0, there - 4))
        return min(int.from_bytes(stream.read(4), "little"), there * BEST_RATIO)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Unpacks every member in turn; zlib compares the checksum at the end of each."""
    member = zlib.decompressobj(_GZIP)
    rest = b""
    while packed := rest or stream.read(_CHUNK):
        if member.eof:
            packed = packed.lstrip(b"\0")  # padding of tapes
            member = zlib.decompressobj(_GZIP) if packed else member
        if packed:
            yield member.decompress(packed, _PIECE)
        rest = (member.unused_data if member.eof else member.unconsumed_tail) if packed else b""
    if not member.eof:
        raise EOFError("the last member is cut short")
