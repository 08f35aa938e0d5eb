"""Unpacks gzip into one block of a size that is known before."""

import gzip

from magic_viewer.imaging.source import Source

# Deflate can't do better than 1032 to 1 (zlib's technical notes).
BEST_RATIO = 1032
LARGEST = 4 << 30

_PIECE = 1 << 18
_MOST_BEHIND = 16 << 20


def unpack(path: Source, skip: int, count: int) -> bytes:
    """Unpacks `count` bytes after the first `skip`, and never much more.

    What follows is unpacked too and dropped, up to 16 MB, since the checksum comes last and is
    only compared there.

    Raises:
        OSError, EOFError, zlib.error: it can't be read, is cut short or damaged.
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
