"""Choosing a reader, folders, and what stays shut."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.load import open_study, require_series
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.imaging.study import Study
from magic_viewer.progress import Progress, drain

Opens = Callable[..., Study]
WriteDicom = Callable[..., Path]
WriteStack = Callable[..., list[Path]]


def write_picture(path: Path) -> Path:
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(path, "PNG")
    return path


def write_nifti(path: Path) -> Path:
    nib.save(nib.Nifti1Image(np.zeros((4, 3, 2), np.int16), np.eye(4)), path)
    return path


def test_that_content_decides_before_the_name(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    dicom = write_dicom("scan.png")
    nifti = write_nifti(tmp_path / "a.nii.gz").rename(tmp_path / "scan")
    picture = write_picture(tmp_path / "scan.dcm")
    study = open_paths(dicom, nifti, picture)
    assert [series.format for series in study.series] == ["DICOM", "NIfTI", "PNG"]


def test_that_a_folder_opens_with_all_that_is_in_it_and_junk_is_passed_over(
    tmp_path: Path, write_stack: WriteStack, open_paths: Opens
) -> None:
    write_stack([0, 3], "disc/deep/er")
    disc = tmp_path / "disc"
    write_nifti(disc / "a.nii")
    for name in ("._000.dcm", "autorun.inf", "read.txt", "empty", ".hidden.dcm"):
        (disc / name).write_bytes(b"junk" if name != "empty" else b"")
    study = open_paths(disc)
    assert [series.volumes[0].shape[0] for series in study.series] == [2, 2]
    assert study.rejected == ()


def test_that_one_file_by_name_opens_that_file_alone(
    write_stack: WriteStack, open_paths: Opens
) -> None:
    paths = write_stack([0, 3, 6])
    assert open_paths(paths[1]).series[0].volumes[0].shape == (1, 6, 8)


def test_that_a_path_given_twice_opens_once(write_stack: WriteStack, open_paths: Opens) -> None:
    paths = write_stack([0, 3, 6])
    series = open_paths(paths[0].parent, *paths).series
    assert [one.volumes[0].shape[0] for one in series] == [3]
    assert series[0].notices == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"text"),
        ("a.dcm", b"text"),
        ("a.nii", b""),
        ("a.nii.gz", b"\x1f\x8bbroken"),
        ("a.mgh", b"text"),
        ("a.mgz", b"\x1f\x8bbroken"),
        ("a.mnc", b"text"),
        ("a.hdr", b"ENVI"),
        ("a.png", b"text"),
        ("a.zip", b"PK\x03\x04"),
    ],
)
def test_that_a_named_file_that_is_no_image_gets_its_sentence(
    tmp_path: Path, open_paths: Opens, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    study = open_paths(tmp_path / name)
    with pytest.raises(ImagingError, match=rf"^{name} can't be opened"):
        require_series(study)


def test_that_a_missing_file_and_an_empty_folder_are_named(
    tmp_path: Path, open_paths: Opens
) -> None:
    (tmp_path / "empty").mkdir()
    study = open_paths(tmp_path / "gone.dcm", tmp_path / "empty")
    assert study.series == ()
    assert [notice.file for notice in study.rejected] == ["gone.dcm", "empty"]


def test_that_an_img_opens_by_its_hdr(tmp_path: Path, open_paths: Opens) -> None:
    nib.save(nib.Nifti1Pair(np.zeros((4, 3, 2), np.int16), np.eye(4)), tmp_path / "a.hdr")
    # Without its header it would pass for DICOM.
    (tmp_path / "a.img").write_bytes(b"\x08\0\1\0" * 12)
    assert open_paths(tmp_path / "a.img").series[0].title == "a"
    assert [series.format for series in open_paths(tmp_path).series] == ["NIfTI"]


def test_that_names_beyond_ascii_open(write_dicom: WriteDicom, open_paths: Opens) -> None:
    assert len(open_paths(write_dicom("Ünï 患者 #1 %20.dcm")).series) == 1


def test_that_opening_tells_its_progress_and_can_be_left(write_stack: WriteStack) -> None:
    paths = write_stack([0, 3, 6])
    work = open_study(paths)
    told = [next(work) for _ in range(6)]
    assert told[:3] == [Progress(0, None, "Looking for images")] * 3
    assert told[3] == Progress(0, 3, "Reading headers")
    assert isinstance(told[4], Study)
    assert told[5] == Progress(1, 3, "Reading headers")
    work.close()


def test_that_an_image_from_the_middle_is_there_after_one_header(write_stack: WriteStack) -> None:
    folder = write_stack([0, 3, 6, 9, 12])[0].parent
    work = open_study([folder])
    early = next(item for item in work if isinstance(item, Study))
    assert not early.is_complete
    assert early.series[0].volumes[0].read_slice(0).modality_values[0, 0] == 2 - 1024
    whole = drain(work)
    assert whole.is_complete
    volume = whole.series[0].volumes[0]
    assert volume.slice_keys[2] == early.series[0].volumes[0].slice_keys[0]
    assert volume.shape == (5, 6, 8)


def test_that_a_picture_needs_no_other_reader_and_nothing_needs_torch_or_qt(
    tmp_path: Path,
) -> None:
    picture = write_picture(tmp_path / "a.png")
    code = f"""
import sys
from pathlib import Path
from magic_viewer.imaging import describe, display, load, samples
from magic_viewer.progress import drain
assert drain(load.open_study([Path({str(picture)!r})])).series
print(*({{"pydicom", "nibabel", "torch", "PySide6"}} & set(sys.modules)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


def test_that_what_was_named_first_is_listed_first() -> None:
    nifti, *_, dicom = sample_scans()
    assert drain(open_study([nifti, dicom])).series[0].format == "NIfTI"
    assert drain(open_study([dicom, nifti])).series[0].format == "DICOM"


def test_that_no_study_is_shown_before_there_is_an_image(write_dicom: WriteDicom) -> None:
    work = open_study([write_dicom("a.dcm", PixelData=None), write_dicom("b.dcm", Rows=60000)])
    assert not any(isinstance(item, Study) for item in work)


def test_that_looking_through_a_folder_can_be_left(write_stack: WriteStack) -> None:
    folder = write_stack([0, 3, 6])[0].parent
    work = open_study([folder])
    told = [next(work) for _ in range(4)]
    assert [item.done for item in told if isinstance(item, Progress)] == [0, 1, 2, 3]
    work.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_that_a_name_with_line_breaks_is_told_on_one_line(
    tmp_path: Path, open_paths: Opens
) -> None:
    (tmp_path / "a\nb.dcm").write_bytes(b"text")
    assert open_paths(tmp_path / "a\nb.dcm").rejected[0].text.startswith("a?b.dcm can't be opened")
