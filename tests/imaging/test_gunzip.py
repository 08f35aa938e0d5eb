"""Unpacking gzip into one block."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from magic_viewer.imaging.gunzip import unpack, unpacked_size

NOISE = np.random.default_rng(0).integers(0, 9, 3 << 20, np.uint8).tobytes()


def packed(path: Path, *parts: bytes, behind: bytes = b"") -> Path:
    """Writes each part as a gzip member."""
    path.write_bytes(b"".join(gzip.compress(part, 1) for part in parts) + behind)
    return path


@pytest.mark.parametrize("count", [0, 1, len(NOISE) - 352, 1 << 20])
def test_that_a_block_from_the_middle_is_what_was_packed(tmp_path: Path, count: int) -> None:
    assert unpack(packed(tmp_path / "a.gz", NOISE), 352, count) == NOISE[352 : 352 + count]


def test_that_members_follow_each_other_padded_or_not(tmp_path: Path) -> None:
    parts = (NOISE[:100], NOISE[100:1_000_000], b"", NOISE[1_000_000:])
    path = packed(tmp_path / "a.gz", *parts, behind=bytes(300_000))
    assert unpack(path, 50, len(NOISE) - 50) == NOISE[50:]


def test_that_a_member_may_begin_anywhere_in_what_is_read_at_once(tmp_path: Path) -> None:
    stored = [gzip.compress(bytes([number % 256]) * 3, 0) for number in range(20_000)]
    (tmp_path / "a.gz").write_bytes(b"".join(stored))
    block = unpack(tmp_path / "a.gz", 0, 60_000)
    assert block == b"".join(bytes([number % 256]) * 3 for number in range(20_000))


def test_that_too_little_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EOFError):
        unpack(packed(tmp_path / "a.gz", NOISE), 352, len(NOISE))


@pytest.mark.parametrize("cut", [1, 8, 1000, 1_000_000])
def test_that_a_file_cut_short_is_an_error(tmp_path: Path, cut: int) -> None:
    path = packed(tmp_path / "a.gz", NOISE)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(EOFError):
        unpack(path, 0, len(NOISE))


@pytest.mark.parametrize("behind", [0, 5, 70_000])
def test_that_a_wrong_checksum_is_an_error_whatever_follows_the_block(
    tmp_path: Path, behind: int
) -> None:
    path = packed(tmp_path / "a.gz", NOISE + bytes(behind))
    block = bytearray(path.read_bytes())
    block[-8] ^= 1
    path.write_bytes(block)
    with pytest.raises((OSError, zlib.error)):
        unpack(path, 0, len(NOISE))


def test_that_what_follows_the_block_is_neither_kept_nor_unpacked_to_its_end(
    tmp_path: Path,
) -> None:
    path = packed(tmp_path / "a.gz", bytes(200 << 20))
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size - 8)
        stream.write(b"damage")
    assert unpack(path, 0, 10) == bytes(10)


def test_that_memory_is_the_block_and_little_more(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.gz", bytes(40 << 20))
    tracemalloc.start()
    unpack(path, 352, (40 << 20) - 352)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (40 << 20) + (8 << 20)  # 8 KB at a time, 1032 to 1 at best


def test_that_a_stated_size_is_believed_only_where_it_can_be_true(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.gz", NOISE)
    assert unpacked_size(path) == len(NOISE)
    path.write_bytes(gzip.compress(b"x")[:-4] + b"\xff\xff\xff\xff")
    assert unpacked_size(path) == path.stat().st_size * 1032
