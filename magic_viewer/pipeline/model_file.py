"""A model as one file: NAME.magicmodel, a ZIP archive of the model's folder.

It holds one folder, named as the model, with what `MEMBERS` lists and nothing else. It may come
from anyone: sizes are bounded before and while they are read, and nothing is written but under
names of our own.
"""

import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from magic_viewer.errors import ExportError, ModelError
from magic_viewer.flow.config import WEIGHTS
from magic_viewer.paths import MODEL_SUFFIX
from magic_viewer.pipeline.library import CARD, CONFIG
from magic_viewer.progress import Progress


@dataclass(frozen=True)
class Member:
    """A file of a model.

    Attributes:
        most_bytes: that it may have.
        is_needed: whether there is no model without it.
    """

    most_bytes: int
    is_needed: bool = True


MEMBERS = {
    CONFIG: Member(2_000_000),
    CARD: Member(200_000),
    WEIGHTS: Member(1_000_000_000),
    "cross_validation.json": Member(2_000_000, is_needed=False),
}
_NAME = re.compile(r"\w(?:[\w .-]{0,62}\w)?")
_BLOCK = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_LONGEST_LIST = 1 << 16
_END = struct.Struct("<12xI6x")
"""The end of an archive: the size of its list of members, in bytes."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def require_name(source: Path, name: str) -> str:
    """A model's name, which will be that of a folder.

    Raises:
        ModelError: it can't be one everywhere.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{source}: the model is named {name[:80]!a}; expected letters, digits, spaces, dots "
            "and hyphens, at most 64."
        )
    return name


def unpack(file: Path, into: Path) -> Generator[Progress, None, Path]:
    """Writes the model in an archive into a folder of its name.

    Args:
        file: the archive.
        into: a folder that exists; the model's is made in it.

    Returns:
        The model's folder.

    Raises:
        ModelError: the archive is damaged, too large, or holds anything but a model.
        OSError: nothing can be written there.
    """
    try:
        _require_short_list(file)
        with zipfile.ZipFile(file) as archive:
            name, members = _examined(file, archive)
            folder = into / name
            folder.mkdir()
            parts = {
                member: (partial(archive.open, info), info.file_size)
                for member, info in members.items()
            }
            yield from _write(file, folder, parts)
            return folder
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    ) as error:  # fmt: skip
        raise ModelError(
            f"{file}: expected a {MODEL_SUFFIX} file, a ZIP archive; it is damaged or something "
            "else. Copy or download it again."
        ) from error


def copy(source: Path, into: Path) -> Generator[Progress, None, Path]:
    """Copies what makes a model out of a folder, and nothing else of it; see `unpack`."""
    name = require_name(source, source.resolve().name)
    for member, kind in MEMBERS.items():
        if kind.is_needed and not (source / member).is_file():
            raise _lacks(source, member)
    folder = into / name
    folder.mkdir()
    paths = {member: source / member for member in MEMBERS if (source / member).is_file()}
    parts = {member: (partial(_open, path), path.stat().st_size) for member, path in paths.items()}
    yield from _write(source, folder, parts)
    return folder


def pack(folder: Path, file: Path) -> None:
    """Writes a model's folder as one file; the same folder always gives the same bytes.

    Raises:
        ModelError: the folder lacks a part of a model.
        ExportError: the file can't be written.
    """
    name = require_name(folder, folder.resolve().name)
    if file.suffix.lower() != MODEL_SUFFIX:
        raise ExportError(f"{file}: expected a name that ends with {MODEL_SUFFIX}.")
    for member, kind in MEMBERS.items():
        if kind.is_needed and not (folder / member).is_file():
            raise _lacks(folder, member)
    try:
        handle, unfinished = tempfile.mkstemp(prefix=".", suffix=MODEL_SUFFIX, dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as opened, zipfile.ZipFile(opened, "w") as archive:
                for member in MEMBERS:
                    if (folder / member).is_file():
                        info = zipfile.ZipInfo(f"{name}/{member}", _FIRST_DAY)
                        info.external_attr = (stat.S_IFREG | 0o644) << 16
                        archive.writestr(info, (folder / member).read_bytes())
            os.chmod(unfinished, 0o644)
            os.replace(unfinished, file)
        except BaseException:
            os.unlink(unfinished)
            raise
    except OSError as error:
        raise ExportError(f"{file}: can't be written ({error.strerror}).") from error


def _require_short_list(file: Path) -> None:
    """Refuses an archive whose list of members is long, before that is read into memory."""
    with file.open("rb") as opened:
        length = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, length - _LONGEST_LIST))
        tail = opened.read(_LONGEST_LIST)
    at = tail.rfind(b"PK\5\6")
    end = tail[at : at + _END.size]
    if at < 0 or len(end) < _END.size:
        raise zipfile.BadZipFile("no list of members")
    (size,) = _END.unpack(end)
    # A larger kind of list is announced before this one, and none of these needs it.
    if size > _LONGEST_LIST or tail[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise _strange(file, "a long list of members")


def _examined(file: Path, archive: zipfile.ZipFile) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """The model's name, and its members by theirs, as far as the archive's list says."""
    infos = archive.infolist()
    if len(infos) > 2 * len(MEMBERS):
        raise _strange(file, f"{len(infos)} members")
    folders: set[str] = set()
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        folder, _, member = info.filename.partition("/")
        folders.add(folder)
        if info.is_dir() and not member:
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if member not in MEMBERS or kind not in (0, stat.S_IFREG):
            raise _strange(file, f"{info.filename[:80]!a}")
        if member in members:
            raise _strange(file, f"{member} twice")
        if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
            raise _strange(file, f"{member} encrypted, or compressed in a way that is not read")
        if info.file_size > MEMBERS[member].most_bytes:
            raise _too_large(file, member)
        members[member] = info
    if len(folders) != 1:
        raise _strange(file, f"{len(folders)} folders")
    name = require_name(file, folders.pop())
    for member, needed in MEMBERS.items():
        if needed.is_needed and member not in members:
            raise _lacks(file, member)
    return name, members


def _write(
    source: Path, folder: Path, parts: Mapping[str, tuple[Callable[[], IO[bytes]], int]]
) -> Generator[Progress, None, None]:
    """Copies a block at a time, at most as much as a member may have, whatever its size says."""
    total = sum(size for _, size in parts.values()) // _BLOCK + 1
    done = 0
    for member, (open_it, _) in parts.items():
        left = MEMBERS[member].most_bytes
        with open_it() as opened, (folder / member).open("xb") as written:
            while block := opened.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _too_large(source, member)
                written.write(block)
                done += len(block)
                yield Progress(done // _BLOCK, total, "Reading the model, MB")
    yield Progress(total, total, "Reading the model, MB")


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _lacks(source: Path, member: str) -> ModelError:
    return ModelError(f"{source}: expected a model with {', '.join(_needed())}; it lacks {member}.")


def _needed() -> list[str]:
    return [name for name, kind in MEMBERS.items() if kind.is_needed]


def _strange(file: Path, what: str) -> ModelError:
    return ModelError(
        f"{file}: expected one folder with {', '.join(_needed())} and nothing else; it holds "
        f"{what}. Nothing of it was used."
    )


def _too_large(source: Path, member: str) -> ModelError:
    most = MEMBERS[member].most_bytes // 1_000
    return ModelError(f"{source}: its {member} has more than the {most} kB that it may have.")
