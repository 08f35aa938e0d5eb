"""ZIP archives and gzip files, unpacked in memory and within bounds."""

import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from magic_viewer.imaging import dicom_file, source
from magic_viewer.imaging.study import Series, Study

Opens = Callable[..., Study]
OpenOne = Callable[..., Series]
WriteDicom = Callable[..., Path]
WriteStack = Callable[..., list[Path]]


def pack(archive: Path, *files: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, prefix + file.name)
    return archive


def test_that_an_archive_gives_the_series_of_its_folder(
    tmp_path: Path, write_stack: WriteStack, open_one: OpenOne
) -> None:
    paths = write_stack([0, 3, 6])
    archive = pack(tmp_path / "a.zip", *paths, prefix="disc/deep/")
    packed, plain = open_one(archive), open_one(paths[0].parent)
    assert packed.volumes[0].shape == plain.volumes[0].shape == (3, 6, 8)
    for k in range(3):
        values = [one.volumes[0].read_slice(k).modality_values for one in (packed, plain)]
        assert np.array_equal(*values)


def test_that_nifti_pairs_and_pictures_open_out_of_an_archive(
    tmp_path: Path, open_paths: Opens
) -> None:
    values = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
    for name in ("a.nii", "b.nii.gz"):
        nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / name)
    nib.save(nib.Nifti1Pair(values, np.eye(4)), tmp_path / "c.hdr")
    Image.fromarray(np.full((4, 5), 7, np.uint8)).save(tmp_path / "d.png")
    files = [tmp_path / name for name in ("a.nii", "b.nii.gz", "c.hdr", "c.img", "d.png")]
    study = open_paths(pack(tmp_path / "a.zip", *files))
    assert [series.title for series in study.series] == ["a", "b", "c", "d"]
    for series in study.series[:3]:
        assert series.volumes[0].read_slice(1).modality_values.max() == 23
    assert study.series[3].volumes[0].read_slice(0).modality_values.max() == 7


def test_that_nothing_is_unpacked_to_the_disk(
    tmp_path: Path, write_stack: WriteStack, open_one: OpenOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(tmp_path / "a.zip", *write_stack([0, 3]))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = sorted(tmp_path.rglob("*"))
    open_one(archive).volumes[0].read_slice(1)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["../a.dcm", "/a.dcm", "deep/../../a.dcm", "C:/a.dcm", "..\\a.dcm"]
)
def test_that_an_archive_whose_names_lead_out_of_it_stays_shut(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens, name: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.write(write_dicom(), "good.dcm")
        packed.writestr(name, b"x")
    study = open_paths(tmp_path / "a.zip")
    assert study.series == ()
    assert [notice.text for notice in study.rejected] == [
        "a.zip can't be opened as ZIP: names in it point outside the archive, as in an attack."
    ]


def test_that_a_bomb_is_named_and_the_rest_opens(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(write_dicom(), "good.dcm")
        packed.writestr("bomb.dcm", bytes(64 << 20))
    study = open_paths(tmp_path / "a.zip")
    assert len(study.series) == 1
    assert "unpack to 67108864" in study.rejected[0].text


def test_that_an_archive_without_images_or_cut_short_is_told(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("read.txt", b"text")
    assert "holds no DICOM" in open_paths(tmp_path / "a.zip").rejected[0].text
    whole = pack(tmp_path / "b.zip", write_dicom()).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[: len(whole) // 2])
    assert "damaged or cut short" in open_paths(tmp_path / "b.zip").rejected[0].text


def test_that_a_members_name_is_told_on_one_line(tmp_path: Path, open_paths: Opens) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a\nb\x1b[2J.dcm", b"x")
    assert open_paths(tmp_path / "a.zip").rejected[0].text.startswith("a?b?[2J.dcm can't be opened")


def test_that_a_locked_or_damaged_member_is_told(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    archive = pack(tmp_path / "a.zip", write_dicom())
    content = bytearray(archive.read_bytes())
    entry = content.rfind(b"PK\x01\x02")
    content[entry + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    assert "password" in open_paths(tmp_path / "locked.zip").rejected[0].text
    content = bytearray(archive.read_bytes())
    content[60:200] = bytes(140)
    (tmp_path / "damaged.zip").write_bytes(content)
    study = open_paths(tmp_path / "damaged.zip")
    assert study.series == ()
    assert len(study.rejected) == 1


def test_that_a_gzip_dicom_file_opens_and_a_bomb_does_not(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "a.dcm.gz"
    packed.write_bytes(gzip.compress(write_dicom().read_bytes()))
    assert open_paths(packed).series[0].volumes[0].read_slice(0).shape == (6, 8)
    monkeypatch.setattr(source, "LARGEST_UNPACKED", 100)
    assert open_paths(packed).series == ()


def deflated(path: Path, plain: Path, content: bytes | None = None) -> Path:
    """Packs a data set as a Deflated Explicit VR file; `content` in its place if given."""
    dataset = dcmread(plain)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with path.open("wb") as stream:
        stream.write(bytes(128) + b"DICM")
        write_file_meta_info(stream, dataset.file_meta)
        start = plain.read_bytes()
        body = start[start.index(b"\x08\x00\x16\x00UI") :] if content is None else content
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        stream.write(packer.compress(body) + packer.flush())
    return path


def test_that_a_deflated_file_opens_and_a_bomb_or_half_of_one_does_not(
    tmp_path: Path, write_dicom: WriteDicom, open_paths: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_dicom()
    packed = deflated(tmp_path / "packed.dcm", plain)
    values = [open_paths(path).series[0].volumes[0].read_slice(0) for path in (plain, packed)]
    assert np.array_equal(values[0].modality_values, values[1].modality_values)
    whole = packed.read_bytes()
    (tmp_path / "half.dcm").write_bytes(whole[:-40])
    assert "deflated data is damaged" in open_paths(tmp_path / "half.dcm").rejected[0].text
    monkeypatch.setattr(dicom_file, "LARGEST_UNPACKED", 1 << 20)
    bomb = deflated(tmp_path / "bomb.dcm", plain, bytes(4 << 20))
    assert "unpacks to more than" in open_paths(bomb).rejected[0].text
