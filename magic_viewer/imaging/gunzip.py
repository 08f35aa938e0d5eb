"""Unpacks gzip into one block of a size that is known before."""

import gzip
from contextlib import suppress

from imagecodecs import DeflateError, gzip_decode

from magic_viewer.imaging.source import Source

# Deflate can't do better than 1032 to 1 (zlib's technical notes).
BEST_RATIO = 1032
LARGEST = 4 << 30

_PIECE = 1 << 18
_MOST_BEHIND = 16 << 20


def unpack(path: Source, skip: int, count: int) -> memoryview:
    """Unpacks `count` bytes after the first `skip`, and never much more.

    Raises:
        OSError, EOFError, zlib.error: it can't be read, is cut short or damaged.
    """
    block = _unpack_at_once(path, skip + count)
    return memoryview(block)[skip:] if block else memoryview(_unpack_in_pieces(path, skip, count))


def _unpack_at_once(path: Source, count: int) -> bytearray | None:
    """Unpacks one member that holds just `count` bytes, twice as fast as zlib; else None."""
    block = bytearray(count)
    with path.open("rb") as packed, suppress(DeflateError):
        if len(gzip_decode(packed.read(), out=block)) == count:
            return block
    return None


def _unpack_in_pieces(path: Source, skip: int, count: int) -> bytes:
    """Does the same for any number of members and whatever follows.

    What follows is unpacked too and dropped, up to 16 MB, since the checksum comes last and is
    only compared there.
    """
    with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
        stream.seek(skip)
        block = stream.read(count)
        if len(block) < count:
            raise EOFError("fewer bytes than were promised")
        for _ in range(_MOST_BEHIND // _PIECE):
            if not stream.read(_PIECE):
                break
    return block


def unpacked_size(path: Source) -> int:
    """Gives the unpacked size that a file of one member states, no more than it can hold."""
    with path.open("rb") as stream:
        there = stream.seek(0, 2)
        stream.seek(max(0, there - 4))
        return min(int.from_bytes(stream.read(4), "little"), there * BEST_RATIO)
