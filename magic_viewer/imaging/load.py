"""Paths -> Study: every file goes to the reader that its content asks for."""

import os
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import Kind, file_kind
from magic_viewer.imaging.raster import read_raster
from magic_viewer.imaging.study import Notice, Series, Study
from magic_viewer.progress import Progress

_FORMATS = "DICOM, NIfTI, MGH, MINC, Analyze, PNG, JPEG or TIFF"


def open_study(paths: Sequence[Path]) -> Generator[Progress, None, Study]:
    """Opens files and folders, folders with all that is in them, as one study.

    Headers are read here, pixels when a slice is asked for. Of a folder, what is no image is
    passed over; a file given by name that can't be shown gets its sentence among `rejected`.

    Args:
        paths: files and folders. A single file opens as a series of its own.

    Returns:
        The study. DICOM series stand together, before the rest if a DICOM file came first.
        It is empty, with `rejected` filled, when nothing could be opened.
    """
    found = yield from _sort(paths)
    series: list[Series] = []
    pictures: list[Series] = []
    if found.dicom:
        from magic_viewer.imaging.dicom import read_dicom

        study = yield from read_dicom(found.dicom)
        series += study.series
        found.rejected += study.rejected
    for done, (kind, path) in enumerate(found.others):
        yield Progress(done, len(found.others), "Reading images")
        try:
            pictures.append(_read(kind, path))
        except ImagingError as error:
            found.rejected.append(Notice(str(error), path.name))
    in_order = series + pictures if found.starts_with_dicom else pictures + series
    return Study(tuple(in_order), tuple(found.rejected))


def require_series(study: Study) -> tuple[Series, ...]:
    """Gives the series of a study.

    Raises:
        ImagingError: there are none; its text is the first reason.
    """
    if not study.series:
        reasons = [notice.text for notice in study.rejected]
        raise ImagingError(reasons[0] if reasons else "Nothing was given to open.")
    return study.series


def _read(kind: Kind, path: Path) -> Series:
    if kind == "raster":
        return read_raster(path)
    from magic_viewer.imaging.volume_file import read_volume_file

    return read_volume_file(path)


@dataclass
class _Found:
    """Files by what is to be done with them."""

    dicom: list[Path] = field(default_factory=list)
    others: list[tuple[Kind, Path]] = field(default_factory=list)
    rejected: list[Notice] = field(default_factory=list)
    opened: set[Path] = field(default_factory=set)
    starts_with_dicom: bool = False

    def take(self, path: Path, named: bool) -> None:
        """Puts one file where it belongs; one that nobody named may be passed over."""
        if path in self.opened:
            return
        self.opened.add(path)
        try:
            kind = file_kind(path)
        except OSError:
            self.reject(path, "it can't be read; check that it exists and may be read")
            return
        if kind == "DICOM":
            self.starts_with_dicom = self.starts_with_dicom or not self.others
            self.dicom.append(path)
        elif kind is not None:
            self.others.append((kind, path))
        elif named:
            self.reject(path, f"{_FORMATS} was expected, this is none of them")

    def reject(self, path: Path, reason: str) -> None:
        """Notes why a path can't be opened."""
        self.rejected.append(Notice(f"{path.name} can't be opened: {reason}.", path.name))


def _sort(paths: Sequence[Path]) -> Generator[Progress, None, _Found]:
    found = _Found()
    for path in paths:
        if not path.is_dir():
            found.take(_header_beside(path), named=True)
            continue
        before = len(found.dicom) + len(found.others) + len(found.rejected)
        for done, inside in enumerate(_files(path)):
            yield Progress(done, None, "Looking through the folder")
            found.take(_header_beside(inside), named=False)
        if len(found.dicom) + len(found.others) + len(found.rejected) == before:
            found.reject(path, f"the folder holds no {_FORMATS} file")
    return found


def _header_beside(path: Path) -> Path:
    """Gives the .hdr that tells what is in a .img, else the path itself."""
    if match := re.fullmatch(r"(.+)\.img(\.gz)?", path.name, re.IGNORECASE):
        for ending in (".hdr", ".hdr.gz", ".HDR"):
            if (header := path.with_name(match[1] + ending)).is_file():
                return header
    return path


def _files(folder: Path) -> Iterator[Path]:
    """Walks a folder in the order of names, without what is hidden or only an index."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith((".", "DICOMDIR")):
                yield Path(parent) / name
