"""Which format a file has, told by its first bytes, then by its name. Imports no reader."""

import gzip
import zlib
from pathlib import PurePosixPath
from typing import Literal

from magic_viewer.imaging.source import GZIP_MAGIC, ZIP_MAGIC, Source, ZipMember

# "volume" is NIfTI, MGH, MINC or Analyze: what is read with nibabel's help.
Kind = Literal["DICOM", "DICOMDIR", "volume", "raster", "ZIP"]

_HEAD_BYTES = 540
_DICOMDIR_CLASS = b"1.2.840.10008.1.3.10"
_RASTER_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BY_ENDING: dict[str, Kind] = {
    ".dcm": "DICOM",
    ".dicom": "DICOM",
    ".ima": "DICOM",
    ".nii": "volume",
    ".hdr": "volume",
    ".mgh": "volume",
    ".mgz": "volume",
    ".mnc": "volume",
    ".png": "raster",
    ".jpg": "raster",
    ".jpeg": "raster",
    ".tif": "raster",
    ".tiff": "raster",
}


def file_kind(source: Source) -> Kind | None:
    """Tells the format of a file; None for one that no reader takes.

    Raises:
        OSError: the file can't be read.
    """
    try:
        head, _ = unpacked_head(source)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        head = b""
    if is_dicom(head):
        return "DICOMDIR" if _DICOMDIR_CLASS in head else "DICOM"
    if head.startswith(ZIP_MAGIC):
        return "ZIP"
    if is_nifti(head) or is_mgh(head) or is_minc1(head):
        return "volume"
    if head.startswith(_RASTER_MAGIC):
        return "raster"
    ending = PurePosixPath(source.name.lower().removesuffix(".gz")).suffix
    return _BY_ENDING.get(ending)


def unpacked_head(source: Source, count: int = _HEAD_BYTES) -> tuple[bytes, bool]:
    """Gives a file's first bytes, unpacked where it is gzip, and whether it is.

    Raises:
        OSError, EOFError, zlib.error: it can't be read, or its gzip data is damaged.
    """
    if isinstance(source, ZipMember):
        head = source.head(count)
        if not head.startswith(GZIP_MAGIC):
            return head, False
    with source.open("rb") as plain:
        head = plain.read(count)
        if not head.startswith(GZIP_MAGIC):
            return head, False
        plain.seek(0)
        return gzip.GzipFile(fileobj=plain).read(count), True


def is_dicom(head: bytes) -> bool:
    """Tells from a file's first bytes whether it is DICOM.

    Without the preamble a file starts with its meta group or with group 0008.
    """
    if head[128:132] == b"DICM":
        return True
    if head[:3] in (b"\0\x02\0", b"\0\x08\0") and head[4:6].isalpha() and head[4:6].isupper():
        return True  # big-endian, which is always explicit
    return head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0" and len(head) > 8


def is_nifti(head: bytes) -> bool:
    """Tells from a file's first bytes, unpacked, whether it has a NIfTI header."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def is_mgh(head: bytes) -> bool:
    """Tells from a file's first bytes, unpacked, whether it is MGH: version 1 and a small type."""
    return head[:4] == b"\0\0\0\1" and head[20:23] == b"\0\0\0"


def is_minc1(head: bytes) -> bool:
    """Tells from a file's first bytes, unpacked, whether it is netCDF, which MINC 1 is."""
    return head[:4] in (b"CDF\1", b"CDF\2")


def is_minc2(head: bytes) -> bool:
    """Tells from a file's first bytes whether it is HDF5, which MINC 2 is, as is much else."""
    return head.startswith(b"\x89HDF\r\n\x1a\n")
