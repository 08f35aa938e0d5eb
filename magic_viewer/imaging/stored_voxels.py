"""The voxels of a file that holds them as one block: mapped when plain, unpacked when gzip."""

import threading
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.gunzip import BEST_RATIO, LARGEST, unpack
from magic_viewer.imaging.source import Source, ZipMember, size_of
from magic_viewer.imaging.volume_header import ReadVolume, Refuse


def stored_volumes(
    refuse: Refuse,
    path: Source,
    gzipped: bool,
    offset: int,
    dtype: np.dtype[Any],
    shape: tuple[int, int, int, int],
) -> ReadVolume:
    """Gives the function that reads one volume (i, j, k), not scaled.

    Args:
        refuse: makes the error of the file that was opened.
        path: file with the voxels.
        gzipped: whether it is compressed.
        offset: first byte of the voxels, after decompression.
        dtype: of a stored voxel, byte order included.
        shape: (i, j, k, volumes), the first varying fastest.

    Raises:
        ImagingError: the file can't hold so many voxels; nothing has been allocated.
    """
    stored = _Stored(refuse, path, gzipped, offset, dtype, shape)
    stored.check_size()
    return stored.volume


@dataclass(frozen=True)
class _Stored:
    refuse: Refuse
    path: Source
    gzipped: bool
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int, int, int]
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    @property
    def _bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def check_size(self) -> None:
        there = size_of(self.path)
        wanted = self.offset + self._bytes
        if self.gzipped:
            if wanted > LARGEST:
                raise self.refuse(
                    f"it unpacks to {wanted / 2**30:.0f} GB, more than the 4 GB that are unpacked "
                    "in memory; unpack it with gunzip and open that"
                )
            there *= BEST_RATIO
        if wanted > there:
            raise self.refuse(
                f"its header promises {wanted} bytes, the file can hold {there} at most; "
                "copy it again from its source"
            )

    def volume(self, number: int) -> npt.NDArray[Any]:
        with self._lock:
            return self._array[..., number]

    @cached_property
    def _array(self) -> npt.NDArray[Any]:
        if self.gzipped:
            return self._unpacked()
        try:
            if isinstance(self.path, ZipMember):
                return self._shaped(self.path.open("rb").read()[self.offset :][: self._bytes])
            return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, order="F")
        except (OSError, ValueError) as error:
            raise self.refuse("its voxels can't be read any more; open it again") from error

    def _unpacked(self) -> npt.NDArray[Any]:
        try:
            block = unpack(self.path, self.offset, self._bytes)
        except (OSError, EOFError, zlib.error) as error:
            raise self.refuse("its gzip data is damaged or cut short; copy it again") from error
        return self._shaped(block)

    def _shaped(self, block: memoryview | bytes) -> npt.NDArray[Any]:
        return np.frombuffer(block, self.dtype).reshape(self.shape, order="F")
