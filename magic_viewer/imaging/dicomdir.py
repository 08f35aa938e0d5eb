"""DICOMDIR -> the files that it lists, none of which may lie outside its folder."""

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.dicom_file import open_dicom, refusal
from magic_viewer.imaging.dicom_values import value

_MOST_BYTES = 256 << 20


def listed_files(index: Path) -> tuple[list[Path], list[str]]:
    """Reads which files a DICOMDIR lists (PS3.3 F.3).

    The order of its records is followed, not their links, so that a ring of links has no end
    to look for.

    Returns:
        Files that are there, and one sentence for each kind of entry that is refused.

    Raises:
        ImagingError: it is damaged.
    """
    folder = index.parent.resolve()
    found: dict[Path, None] = {}
    outside = missing = 0
    for parts in _entries(index):
        path = _inside(folder, parts)
        if path is None:
            outside += 1
        elif path.is_file():
            found[path] = None
        else:
            missing += 1
    reasons = []
    if outside:
        reasons.append(f"{outside} of its entries point outside its folder and are not followed")
    if missing:
        reasons.append(f"{missing} of the files that it lists aren't there; copy the whole disc")
    return list(found), [str(refusal(index, reason)) for reason in reasons]


def _entries(index: Path) -> list[tuple[str, ...]]:
    try:
        if index.stat().st_size > _MOST_BYTES:
            raise refusal(index, "it is larger than any index")
        with open_dicom(index) as stream:
            header = dcmread(stream, force=True, specific_tags=["DirectoryRecordSequence"])
        records = header.get("DirectoryRecordSequence") or ()
        return [parts for record in records if (parts := _file_id(record))]
    except ImagingError:
        raise
    except OSError as error:
        raise refusal(index, "it can't be read; check that it is still there") from error
    except Exception as error:
        raise refusal(index, "the index is damaged or cut short") from error


def _file_id(record: Dataset) -> tuple[str, ...]:
    found = value(record, "ReferencedFileID")
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else tuple(map(str, found))


def _inside(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """Gives the file of an entry, if it lies in the folder; names may differ in case."""
    path = folder
    try:
        for part in parts:
            if part in ("", ".", "..") or any(mark in part for mark in "/\\:"):
                return None
            path = next((p for p in (path / part, path / part.lower()) if p.exists()), path / part)
        return path if path.resolve().is_relative_to(folder) else None
    except (OSError, ValueError):  # a name that no file can have
        return None
