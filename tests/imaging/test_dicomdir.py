"""The index of a disc."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from magic_viewer.imaging import dicom_file
from magic_viewer.imaging.study import Study

Opens = Callable[..., Study]
WriteStack = Callable[..., list[Path]]


def write_index(
    folder: Path,
    *entries: object,
    next_record: int = 0,
    syntax: str = ExplicitVRLittleEndian,
) -> Path:
    index = Dataset()
    index.file_meta = FileMetaDataset()
    index.file_meta.TransferSyntaxUID = syntax
    index.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    records = []
    for entry in entries:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = next_record
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = entry
        records.append(record)
    index.DirectoryRecordSequence = Sequence(records)
    folder.mkdir(parents=True, exist_ok=True)
    index.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def test_that_an_index_opens_what_it_lists(write_stack: WriteStack, open_paths: Opens) -> None:
    folder = write_stack([0, 3, 6], "disc/images")[0].parent.parent
    index = write_index(folder, ["images", "000.dcm"], ["IMAGES", "002.DCM"])
    study = open_paths(index)
    assert study.rejected == ()
    assert [series.volumes[0].shape[0] for series in study.series] == [2]


@pytest.mark.parametrize(
    "entry",
    [
        "/etc/hostname",
        "a\0b",
        ["..", "outside.dcm"],
        "..\\outside.dcm",
        ["images", "link.dcm"],
        "C:\\a",
    ],
)
def test_that_an_entry_outside_the_folder_is_named_and_not_opened(
    tmp_path: Path, write_stack: WriteStack, open_paths: Opens, entry: object
) -> None:
    folder = write_stack([0], "disc/images")[0].parent.parent
    outside = write_stack([9], "other")[0].rename(tmp_path / "outside.dcm")
    (folder / "images" / "link.dcm").symlink_to(outside)
    study = open_paths(write_index(folder, entry))
    assert study.series == ()
    assert "1 of its entries point outside its folder" in study.rejected[0].text


@pytest.mark.parametrize("entry", [["images", "a\0b"], ["images", "long" * 100]])
def test_that_a_name_that_no_file_can_have_is_refused_and_the_rest_opens(
    write_stack: WriteStack, open_paths: Opens, entry: object
) -> None:
    folder = write_stack([0], "disc/images")[0].parent.parent
    study = open_paths(write_index(folder, entry, ["images", "000.dcm"]))
    assert len(study.series) == 1
    assert "1 of its entries" in study.rejected[0].text


def test_that_a_deflated_index_is_unpacked_within_bounds(
    tmp_path: Path, open_paths: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = write_index(tmp_path, "a.dcm", syntax=DeflatedExplicitVRLittleEndian)
    assert "1 of the files that it lists aren't there" in open_paths(index).rejected[0].text
    monkeypatch.setattr(dicom_file, "LARGEST_UNPACKED", 20)
    assert "unpacks to more than" in open_paths(index).rejected[0].text


def test_that_files_that_are_missing_are_counted(
    write_stack: WriteStack, open_paths: Opens
) -> None:
    folder = write_stack([0], "disc")[0].parent
    study = open_paths(write_index(folder, "000.dcm", "001.dcm", "002.dcm"))
    assert len(study.series) == 1
    assert "2 of the files that it lists aren't there" in study.rejected[0].text


def test_that_a_ring_of_records_has_an_end(write_stack: WriteStack, open_paths: Opens) -> None:
    folder = write_stack([0], "disc")[0].parent
    assert len(open_paths(write_index(folder, "000.dcm", next_record=400)).series) == 1


def test_that_a_real_index_opens_its_disc(pydicom_files: Path, open_paths: Opens) -> None:
    index = pydicom_files / "dicomdirtests" / "DICOMDIR"
    records = dcmread(index).DirectoryRecordSequence
    listed = sum("ReferencedFileID" in record for record in records)
    study = open_paths(index)
    opened = sum(one.volumes[0].shape[0] * len(one.volumes) for one in study.series)
    assert study.rejected == ()
    assert opened == listed > 0


def test_that_a_damaged_index_is_told(
    tmp_path: Path, open_paths: Opens, pydicom_files: Path
) -> None:
    whole = (pydicom_files / "dicomdirtests" / "DICOMDIR").read_bytes()
    (tmp_path / "DICOMDIR").write_bytes(whole[:700])
    study = open_paths(tmp_path / "DICOMDIR")
    assert study.series == ()
    assert len(study.rejected) == 1
