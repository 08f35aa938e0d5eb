"""Paths -> Study: every file goes to the reader that its content asks for."""

import os
import re
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import Kind, file_kind
from magic_viewer.imaging.raster import read_raster
from magic_viewer.imaging.source import Source, shown_name, zip_members
from magic_viewer.imaging.study import Notice, Series, Study
from magic_viewer.progress import Progress

if TYPE_CHECKING:
    from magic_viewer.imaging.dicom import DicomReader

_FORMATS = "DICOM, NIfTI, MGH, MINC, Analyze, PNG, JPEG or TIFF"
_UNKNOWN = f"{_FORMATS} was expected, this is none of them"
_SECONDS_BETWEEN = 0.3
_PART_OF_TIME = 5


def open_study(paths: Sequence[Path]) -> Generator[Progress | Study, None, Study]:
    """Opens files, folders and ZIP archives with all that is in them as one study.

    Headers are read here, pixels when a slice is asked for. Of a folder, what is no image is
    passed over; a file given by name that can't be shown gets its sentence among `rejected`.

    Args:
        paths: files, folders, archives, a DICOMDIR. A single file opens as a series of its own.

    Yields:
        How far it is, and the study as far as it is known: after the first image, then every now
        and then. `is_complete` is False in these.

    Returns:
        The study. DICOM series stand together, before the rest if a DICOM file came first.
        It is empty, with `rejected` filled, when nothing could be opened.
    """
    opening = _Opening()
    for place in paths:
        yield Progress(0, None, "Looking for images")
        for found in opening.look_at(place):
            yield Progress(found, None, "Looking for images")
    files = opening.files
    shown = 0.0
    for done, number in enumerate(_middle_first(files)):
        yield Progress(done, len(files), "Reading headers")
        opening.read(number)
        if opening.has_images and time.monotonic() > shown:
            began = time.monotonic()
            yield replace(opening.study(), is_complete=False)
            now = time.monotonic()
            shown = now + max(_SECONDS_BETWEEN, _PART_OF_TIME * (now - began))
    opening.name_the_empty()
    return opening.study()


def require_series(study: Study) -> tuple[Series, ...]:
    """Gives the series of a study.

    Raises:
        ImagingError: there are none; its text is the first reason.
    """
    if not study.series:
        reasons = [notice.text for notice in study.rejected]
        raise ImagingError(reasons[0] if reasons else "Nothing was given to open.")
    return study.series


@dataclass(frozen=True)
class _File:
    """A file to be read.

    Attributes:
        source: where its bytes are.
        home: the folder, archive or index that it was found by; None for one given by name.
    """

    source: Source
    home: Path | None


def _middle_first(files: Sequence[_File]) -> list[int]:
    """Orders files so that the first image shown is one from the middle of the first folder."""
    first = [n for n, file in enumerate(files) if _folder(file) == _folder(files[0])]
    middle = len(first) // 2
    return [*range(middle, len(files)), *range(middle)]


def _folder(file: _File) -> str:
    return os.path.dirname(str(file.source))


@dataclass
class _Opening:
    """What is known so far, by the number of the file in the order of names."""

    files: list[_File] = field(default_factory=list)
    rejected: dict[int, list[Notice]] = field(default_factory=dict)
    others: dict[int, Series] = field(default_factory=dict)
    dicom: "DicomReader | None" = None
    homes: dict[Path, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    @property
    def has_images(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.others) or (self.dicom is not None and self.dicom.first is not None)

    def look_at(self, path: Path) -> Iterator[int]:
        """Lists the files of one place that the user named; yields how many there are so far."""
        if path.is_dir():
            yield from self._add_all(path, _files(path))
            return
        try:
            kind = file_kind(path)
        except OSError:
            self.reject(path, "it can't be read; check that it exists and may be read")
            return
        try:
            if kind == "ZIP":
                members, refused = zip_members(path)
                yield from self._add_all(path, members, refused)
            elif kind == "DICOMDIR":
                from magic_viewer.imaging.dicomdir import listed_files

                yield from self._add_all(path, *listed_files(path))
            else:
                self._add(path, None)
        except ImagingError as error:
            self._note(path, str(error))

    def _add_all(
        self,
        home: Path,
        sources: "Iterator[Source] | Sequence[Source]",
        refused: Sequence[str] = (),
    ) -> Iterator[int]:
        self.homes[home] = len(refused)
        for sentence in refused:
            self._note(home, sentence)
        for source in sources:
            self._add(source, home)
            yield len(self.files)

    def _add(self, source: Source, home: Path | None) -> None:
        source = _header_beside(source)
        if str(source) not in self._seen:
            self._seen.add(str(source))
            self.files.append(_File(source, home))

    def read(self, number: int) -> None:
        """Reads the headers of one file; one that nobody named may be passed over."""
        file = self.files[number]
        try:
            kind = file_kind(file.source)
            if kind in ("ZIP", "DICOMDIR", None):
                if file.home is None:
                    self.reject(file.source, _UNKNOWN, number)
                return
            self._read(number, kind, file.source)
        except OSError:
            reason = "it can't be read; check that it exists and may be read"
            self.reject(file.source, reason, number)
        except ImagingError as error:
            self._note(file.source, str(error), number)
        if file.home is not None:
            self.homes[file.home] += 1

    def _read(self, number: int, kind: Kind | None, source: Source) -> None:
        if kind == "DICOM":
            from magic_viewer.imaging.dicom import DicomReader

            self.dicom = self.dicom or DicomReader()
            self.dicom.read(number, source)
        elif kind == "raster":
            self.others[number] = read_raster(source)
        else:
            from magic_viewer.imaging.volume_file import read_volume_file

            self.others[number] = read_volume_file(source)

    def reject(self, source: Source, reason: str, number: int = -1) -> None:
        """Notes why something can't be opened."""
        self._note(source, f"{shown_name(source)} can't be opened: {reason}.", number)

    def _note(self, source: Source, sentence: str, number: int = -1) -> None:
        self.rejected.setdefault(number, []).append(Notice(sentence, shown_name(source)))

    def name_the_empty(self) -> None:
        """Says of which places nothing came at all."""
        for home, count in self.homes.items():
            if count == 0:
                self.reject(home, f"it holds no {_FORMATS} file")

    def study(self) -> Study:
        """Puts together what there is."""
        pictures = [self.others[number] for number in sorted(self.others)]
        first = self.dicom.first if self.dicom else None
        scans = list(self.dicom.series()) if self.dicom else []
        leads = first is not None and (not self.others or first < min(self.others))
        rejected = [note for number in sorted(self.rejected) for note in self.rejected[number]]
        return Study(tuple(scans + pictures if leads else pictures + scans), tuple(rejected))


def _header_beside(source: Source) -> Source:
    """Gives the .hdr that tells what is in a .img, else the file itself."""
    if match := re.fullmatch(r"(.+)\.img(\.gz)?", source.name, re.IGNORECASE):
        for ending in (".hdr", ".hdr.gz", ".HDR"):
            if (header := source.with_name(match[1] + ending)).is_file():
                return header
    return source


def _files(folder: Path) -> Iterator[Path]:
    """Walks a folder in the order of names, without what is hidden or only an index."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith((".", "DICOMDIR")):
                yield Path(parent) / name
