"""Where a file's bytes come from: the disk, or a member of a ZIP archive; gzip is undone.

Nothing is ever unpacked to the disk, so no image of a patient is left behind there, and no
member's name is ever used as a path.
"""

import gzip
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from magic_viewer.errors import ImagingError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
LARGEST_UNPACKED = 1 << 30
"""Bytes of one file that are unpacked in memory at most."""
_MOST_MEMBERS = 100_000
_HARMLESS = 16 << 20
_STEEPEST = 100
_ENCRYPTED = 1
_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class ZipMember:
    """One file in a ZIP archive; reads like a Path as far as readers need it.

    Attributes:
        archive: open for as long as a member is in use.
        info: of the member.
    """

    archive: ZipFile
    info: ZipInfo

    def __str__(self) -> str:
        return f"{self.archive.filename}/{self.info.filename}"

    @property
    def name(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.info.filename).name

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    def with_name(self, name: str) -> "ZipMember":
        """The member beside this one; without bytes when there is none."""
        wanted = str(PurePosixPath(self.info.filename).with_name(name))
        try:
            return ZipMember(self.archive, self.archive.getinfo(wanted))
        except KeyError:
            return ZipMember(self.archive, ZipInfo(wanted))

    def is_file(self) -> bool:
        """Whether the archive has it."""
        return self.info.filename in self.archive.NameToInfo

    def open(self, mode: str = "rb") -> BinaryIO:
        """Unpacks it into memory.

        Raises:
            OSError: it is damaged.
        """
        try:
            return BytesIO(self.archive.read(self.info))
        except Exception as error:
            raise OSError(str(error)) from error

    def head(self, count: int) -> bytes:
        """Its first bytes.

        Raises:
            OSError: it is damaged.
        """
        try:
            with self.archive.open(self.info) as stream:
                return stream.read(count)
        except Exception as error:
            raise OSError(str(error)) from error


Source = Path | ZipMember


def shown_name(source: Source) -> str:
    """The name of a file for a sentence: on one line, without control characters."""
    return "".join(mark if mark.isprintable() else "?" for mark in source.name)


def size_of(source: Source) -> int:
    """Bytes of a file, as they lie there or, in an archive, unpacked.

    Raises:
        OSError: it can't be read.
    """
    return source.info.file_size if isinstance(source, ZipMember) else source.stat().st_size


def open_unpacked(source: Source) -> BinaryIO:
    """Opens a file; a gzip file unpacked in memory.

    Raises:
        OSError: it can't be read, is damaged, or unpacks to more than `LARGEST_UNPACKED`.
    """
    stream = source.open("rb")
    if stream.read(2) != GZIP_MAGIC:
        stream.seek(0)
        return stream
    with stream:
        stream.seek(0)
        try:
            return _unpacked(gzip.GzipFile(fileobj=stream))
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error


def _unpacked(packed: gzip.GzipFile) -> BytesIO:
    """Reads piece by piece, as one read of the most there may be would reserve that much."""
    content = BytesIO()
    while piece := packed.read(_PIECE):
        content.write(piece)
        if content.tell() > LARGEST_UNPACKED:
            raise OSError("larger than what is unpacked in memory")
    content.seek(0)
    return content


def zip_members(path: Path) -> tuple[list[ZipMember], list[str]]:
    """Lists what may be opened of a ZIP archive, and says what may not.

    Returns:
        Members in the order of names, and one reason for each that is refused.

    Raises:
        ImagingError: it is damaged, or has more members than any scan.
    """
    try:
        archive = ZipFile(path)
    except Exception as error:
        raise _refusal(path, "the archive is damaged or cut short; copy it again") from error
    files = [info for info in archive.infolist() if not info.is_dir()]
    if len(files) > _MOST_MEMBERS:
        raise _refusal(path, f"it holds {len(files)} files, more than the {_MOST_MEMBERS} allowed")
    if any(_leads_out(info.filename) for info in files):
        raise _refusal(path, "names in it point outside the archive, as in an attack")
    members: list[ZipMember] = []
    refused: list[str] = []
    for info in sorted(files, key=lambda info: info.filename):
        reason = _why_not(info)
        if reason:
            refused.append(f"{shown_name(path)} has a file that can't be opened: {reason}.")
        else:
            members.append(ZipMember(archive, info))
    return members, refused


def _refusal(path: Path, reason: str) -> ImagingError:
    return ImagingError(f"{shown_name(path)} can't be opened as ZIP: {reason}.")


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or name[1:2] == ":"


def _why_not(info: ZipInfo) -> str:
    """Says why a member isn't opened; "" when it may be."""
    if info.flag_bits & _ENCRYPTED:
        return "it is locked with a password; unlock it first"
    if info.file_size > LARGEST_UNPACKED:
        return f"it unpacks to {info.file_size / 2**30:.1f} GB, more than the 1 GB allowed"
    if info.file_size > max(_HARMLESS, info.compress_size * _STEEPEST):
        return f"{info.compress_size} bytes that unpack to {info.file_size} are no scan"
    return ""
