"""What files say of themselves."""

import gzip
import logging
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from magic_viewer.errors import ImagingError
from magic_viewer.imaging import tags as module
from magic_viewer.imaging.source import zip_members
from magic_viewer.imaging.study import Series
from magic_viewer.imaging.tags import DEEPEST, LONGEST, Tag, read_tags, readable

from .conftest import WriteDicom, item
from .test_mosaic import csa_header

OpenOne = Callable[..., Series]


def walk(tags: tuple[Tag, ...], depth: int = 0) -> Iterator[tuple[int, Tag]]:
    for tag in tags:
        yield depth, tag
        yield from walk(tag.children, depth + 1)


def value(tags: tuple[Tag, ...], key: str) -> str:
    """The value of the first tag of that name or number."""
    return next(tag.value for _, tag in walk(tags) if key in (tag.name, tag.number))


def find(tags: tuple[Tag, ...], name: str) -> Tag:
    return next(tag for _, tag in walk(tags) if name == tag.name)


# DICOM


def test_that_elements_come_in_order_with_name_number_vr_and_value(write_dicom: WriteDicom) -> None:
    tags = read_tags(write_dicom(SeriesDescription="<b>x</b>"))
    assert find(tags, "Modality") == Tag("Modality", "(0008,0060)", "CS", "CT")
    assert value(tags, "Series Description") == "<b>x</b>"
    assert value(tags, "Image Position (Patient)") == "-10.0\\-20.0\\30.0"
    assert value(tags, "Transfer Syntax UID") == "1.2.840.10008.1.2.1 (Explicit VR Little Endian)"
    numbers = [tag.number for tag in tags]
    assert numbers == sorted(numbers)
    assert tags[-1].name == "Pixel Data"
    assert tags[-1].value == "96 bytes, shown as the image"


def test_that_private_tags_have_their_names_and_creators(pydicom_files: Path) -> None:
    tags = read_tags(pydicom_files / "CT_small.dcm")
    assert value(tags, "Suite id [GEMS_IDEN_01]") == "CT01"
    assert value(tags, "(0009,0010)") == "GEMS_IDEN_01"


def test_that_private_values_without_a_vr_are_read_as_what_they_are(
    write_dicom: WriteDicom,
) -> None:
    path = write_dicom()
    dataset = dcmread(path)
    block = dataset.private_block(0x0041, "ACME", create=True)
    block.add_new(0x01, "UN", b"protocol <i>7</i>")
    block.add_new(0x02, "UN", b"\x2a\x00")
    block.add_new(0x03, "OB", bytes(range(200)))
    dataset.save_as(path)
    tags = read_tags(path)
    assert find(tags, "Private [ACME]").value == "protocol <i>7</i>"
    assert value(tags, "(0041,1002)") == "2 bytes: 2a 00"
    assert value(tags, "(0041,1003)").startswith("200 bytes: 00 01 02")


def test_that_the_header_within_siemens_header_is_read(write_dicom: WriteDicom) -> None:
    path = write_dicom()
    dataset = dcmread(path)
    block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", csa_header("4", ("<b>x</b>", 0, 1)))
    block.add_new(0x20, "OB", b"SV10 but not really")
    dataset.save_as(path)
    tags = read_tags(path)
    assert value(tags, "NumberOfImagesInMosaic") == "4"
    assert value(tags, "SliceNormalVector") == "<b>x</b>\\0\\1"
    assert value(tags, "(0029,1020)") == "SV10 but not really"


@pytest.mark.parametrize("name", ["nested_priv_SQ.dcm", "priv_SQ.dcm", "UN_sequence.dcm"])
def test_that_sequences_nest(pydicom_files: Path, name: str) -> None:
    tags = read_tags(pydicom_files / name)
    sequences = [tag for _, tag in walk(tags) if tag.vr == "SQ"]
    assert sequences
    for sequence in sequences:
        assert sequence.value.startswith(f"{len(sequence.children)} item")
    assert max(depth for depth, _ in walk(tags)) >= 2


@pytest.mark.parametrize("name", ["ExplVR_BigEnd.dcm", "MR_small_implicit.dcm", "image_dfl.dcm"])
def test_that_other_encodings_say_the_same(pydicom_files: Path, name: str) -> None:
    path = pydicom_files / name
    assert value(read_tags(path), "Modality") == dcmread(path).Modality


def test_that_names_are_read_in_their_script(write_dicom: WriteDicom) -> None:
    path = write_dicom(SpecificCharacterSet="ISO_IR 192", PatientName="Иванов^Иван")
    assert value(read_tags(path), "Patient's Name") == "Иванов^Иван"


def test_that_long_text_is_cut_with_a_mark_and_long_bytes_are_counted(
    write_dicom: WriteDicom,
) -> None:
    path = write_dicom(ImageComments="a" * 70_000, RedPaletteColorLookupTableData=b"\0\1" * 50_000)
    tags = read_tags(path)
    assert value(tags, "Image Comments") == "a" * LONGEST + "…"
    table = value(tags, "Red Palette Color Lookup Table Data")
    assert table.startswith("100,000 bytes: 00 01")


def test_that_a_value_which_is_not_what_it_says_is_shown_as_its_bytes(
    write_dicom: WriteDicom,
) -> None:
    path = write_dicom(FrameIncrementPointer=0x00181063)
    modality = b"\x08\x00\x60\x00"
    path.write_bytes(path.read_bytes().replace(modality + b"CS", modality + b"FD"))
    tags = read_tags(path)
    assert value(tags, "Modality") == "2 bytes: 43 54"
    assert value(tags, "Frame Increment Pointer") == "(0018,1063)"


def nested(depth: int) -> Dataset:
    dataset = item(SeriesDescription="bottom")
    for _ in range(depth):
        dataset = item(ReferencedImageSequence=Sequence([dataset]))
    return dataset


def test_that_hostile_nesting_ends_with_a_row_that_says_so(write_dicom: WriteDicom) -> None:
    path = write_dicom(ReferencedImageSequence=Sequence([nested(60)]))
    rows = list(walk(read_tags(path)))
    deepest, last = max(rows, key=lambda row: row[0])
    assert deepest <= 2 * DEEPEST + 1
    assert "Nested more than 30" in last.value


def test_that_endless_items_end_with_a_row_that_says_so(
    write_dicom: WriteDicom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TAGS", 1000)
    items = [item(PatientID="a") for _ in range(1000)]
    tags = read_tags(write_dicom(ReferencedImageSequence=Sequence(items)))
    assert len(list(walk(tags))) <= 1002
    assert "more than 1,000" in tags[-1].value


@pytest.mark.parametrize("vr", [b"SQ", b"UN"])
def test_that_a_sequence_too_large_to_take_apart_is_shown_as_its_bytes(
    write_dicom: WriteDicom, vr: bytes
) -> None:
    path = write_dicom()
    items = b"\xfe\xff\x00\xe0" + bytes(4)
    element = b"\x99\x00\x01\x10" + vr + struct.pack("<2xI", 8 * 300_000) + items * 300_000
    head, pixels, rest = path.read_bytes().partition(b"\xe0\x7f\x10\x00")
    path.write_bytes(head + element + pixels + rest)
    assert value(read_tags(path), "(0099,1001)").startswith("2,400,000 bytes: fe ff 00 e0")


# Where a slice is from


def test_that_each_slice_knows_its_file(
    write_stack: Callable[..., list[Path]], open_one: OpenOne
) -> None:
    paths = write_stack([30.0, 10.0, 20.0])
    volume = open_one(*paths).volumes[0]
    assert len(volume.files) == volume.shape[0]
    for k, file in enumerate(volume.files):
        number = int(value(read_tags(file), "Instance Number"))
        assert volume.read_slice(k).modality_values[0, 0] == number - 1 - 1024


def test_that_members_of_an_archive_are_read(tmp_path: Path, write_dicom: WriteDicom) -> None:
    path = tmp_path / "a.zip"
    with ZipFile(path, "w") as archive:
        archive.write(write_dicom(SeriesDescription="inside"), "x.dcm")
    members, _ = zip_members(path)
    assert value(read_tags(members[0]), "Series Description") == "inside"
    members[0].archive.close()


# Volumes


def test_that_nifti_fields_have_places_types_and_words(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.eye(4))
    image.header["descrip"] = b"<b>x</b>"
    image.header.set_xyzt_units("mm", "sec")
    image.header.extensions.append(Nifti1Extension("comment", b"<afni>extra</afni>"))
    image.header.extensions.append(Nifti1Extension(77, b"\0\1\2\3\4"))
    path = tmp_path / "a.nii.gz"
    nib.save(image, path)
    tags = read_tags(path)
    assert find(tags, "dim") == Tag("dim", "byte 40", "int16 × 8", "3 2 3 4 1 1 1 1")
    assert value(tags, "descrip") == "<b>x</b>"
    assert value(tags, "sform_code") == "2 (aligned)"
    assert value(tags, "xyzt_units") == "10 (mm, sec)"
    assert value(tags, "datatype") == "4 (int16)"
    comment, other = tags[-2:]
    assert (comment.vr, comment.value) == ("comment", "<afni>extra</afni>")
    assert (other.vr, other.value) == ("code 77", "5 bytes: 00 01 02 03 04")


@pytest.mark.parametrize(
    ("name", "field", "text"),
    [
        ("example_nifti2.nii.gz", "sizeof_hdr", "540"),
        ("nifti1.hdr", "magic", "ni1"),
        ("analyze.hdr", "dim", "4 91 109 91 1 0 0 0"),
        ("test.mgz", "dims", "3 4 5 2"),
        ("tiny.mnc", "modality", "MRI__"),
        ("tiny.mnc", "image", "zspace 10 × yspace 20 × xspace 20"),
    ],
)
def test_that_samples_of_every_format_are_read(
    nibabel_files: Path, name: str, field: str, text: str
) -> None:
    assert value(read_tags(nibabel_files / name), field) == text


def test_that_a_footer_which_was_not_read_is_not_shown(nibabel_files: Path) -> None:
    names = [tag.name for tag in read_tags(nibabel_files / "test.mgz")]
    assert "Pxyz_c" in names
    assert "flip_angle" not in names


@pytest.mark.parametrize("size", [-8, 0, 7, 8, 16, 2**31 - 1])
def test_that_wrong_sizes_of_extensions_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)), path)
    content = bytearray(path.read_bytes()[:352])
    content[108:112], content[348] = struct.pack("<f", 1e30), 1
    path.write_bytes(content + struct.pack("<ii", size, 6) * 5)
    assert [tag.name for tag in read_tags(path)].count("Extension") <= 5


# Pictures


def test_that_text_in_a_picture_is_read(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Comment", "<b>x</b>")
    Image.new("L", (5, 4)).save(tmp_path / "a.png", pnginfo=info, dpi=(72, 72))
    tags = read_tags(tmp_path / "a.png")
    assert value(tags, "Size") == "5 × 4"
    assert value(tags, "Comment") == "<b>x</b>"


def test_that_exif_is_read_with_what_nests_in_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "ACME"
    exif.get_ifd(0x8769)[0x9003] = "2024:01:02 03:04:05"
    exif.get_ifd(0x8825)[1] = "N"
    path = tmp_path / "a.jpg"
    Image.new("RGB", (5, 4)).save(path, exif=exif)
    tags = read_tags(path)
    assert find(tags, "Make") == Tag("Make", "0x010F", "", "ACME")
    assert find(tags, "ExifOffset").children[0].value == "2024:01:02 03:04:05"
    assert find(tags, "GPSInfo").children[0] == Tag("GPSLatitudeRef", "0x0001", "", "N")


def test_that_the_entries_of_tiff_have_their_names(tmp_path: Path) -> None:
    Image.new("L", (5, 4)).save(tmp_path / "a.tif", tiffinfo={270: "<b>x</b>"})
    tags = read_tags(tmp_path / "a.tif")
    assert value(tags, "ImageDescription") == "<b>x</b>"
    assert value(tags, "ImageWidth") == "5"


# Damage


def refusal_of(path: Path) -> str:
    try:
        read_tags(path)
    except ImagingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("cut", [0, 4, 131, 200, 345])
def test_that_a_damaged_file_is_refused_in_one_sentence_or_read(
    tmp_path: Path, write_dicom: WriteDicom, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    nifti = tmp_path / "v.nii"
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)), nifti)
    packed = tmp_path / "v.nii.gz"
    packed.write_bytes(gzip.compress(nifti.read_bytes()))
    picture = tmp_path / "p.png"
    Image.new("L", (5, 4)).save(picture)
    with caplog.at_level(logging.DEBUG):
        for path in (write_dicom(), nifti, packed, picture):
            path.write_bytes(path.read_bytes()[:cut])
            told = refusal_of(path)
            assert told == "" or path.name in told
            assert "CANARY" not in told
    assert caplog.records == []


def test_that_a_file_which_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match=r"a\.dcm can't be read"):
        read_tags(tmp_path / "a.dcm")


def test_that_a_format_without_known_header_is_named(nibabel_files: Path) -> None:
    with pytest.raises(ImagingError, match=r"minc2_4d\.mnc can't be shown"):
        read_tags(nibabel_files / "minc2_4d.mnc")


def test_that_rows_are_limited_in_every_format(
    nibabel_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TAGS", 5)
    tags = read_tags(nibabel_files / "example4d.nii.gz")
    assert len(tags) == 6
    assert "more than 5" in tags[-1].value


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "0 bytes"),
        (b"\1", "1 byte: 01"),
        (b"text\0", "text"),
        (b"two\r\nlines", "two\r\nlines"),
        ("größe".encode(), "größe"),
        (b"\xff\xfe\xfd\xfc", "4 bytes: ff fe fd fc"),
        (b"*\0\0\0", "4 bytes: 2a 00 00 00"),
    ],
)
def test_that_bytes_are_text_only_where_they_are_text(data: bytes, text: str) -> None:
    assert readable(data) == text
