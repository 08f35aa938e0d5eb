"""Mosaics divided into slices: made ones, hostile ones, and a scanner's against nibabel."""

import re
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from magic_viewer.imaging.csa import read_csa
from magic_viewer.imaging.dicom_codecs import decoder_of
from magic_viewer.imaging.geometry import plane_affine, swap_lps_ras
from magic_viewer.imaging.mosaic import Mosaic, is_mosaic, mosaic_tags, read_mosaic, tile
from magic_viewer.imaging.study import Series

from .conftest import item

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
OBLIQUE = (0.6, 0.8, 0, 0, 0, 1)
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "viewer_dicom"
FOLDERS = ("mr_mosaic_siemens", "mr_9_transfer_syntaxes")


def csa_tag(name: str, *values: str, items: int = 6) -> bytes:
    """Makes one tag of a CSA2 header, filled up with empty items as a scanner does."""
    made = struct.pack("<64si4s3i", name.encode(), len(values), b"FD\0\0", 4, items, 77)
    for text in (*values, *[""] * (items - len(values))):
        data = text.encode() + b"\0" if text else b""
        made += struct.pack("<4i", 0, len(data), 77, 0) + data + b"\0" * (-len(data) % 4)
    return made


def csa_header(tiles: str = "5", normal: tuple[Any, ...] = (0, 0, 1)) -> bytes:
    """Makes a small CSA2 header."""
    tags = (
        csa_tag("EchoLinePosition", "32"),
        csa_tag("NumberOfImagesInMosaic", tiles),
        csa_tag("SliceNormalVector", *map(str, normal)),
    )
    return b"SV10\x04\x03\x02\x01" + struct.pack("<2I", len(tags), 77) + b"".join(tags)


def siemens(csa: bytes | None = None, **attributes: Any) -> Dataset:
    """Makes the header of a mosaic of 3×3 places of 4×6 pixels, five of them slices."""
    header = item(
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
        Rows=12,
        Columns=18,
        ImagePositionPatient=[-10, -20, 30],
        ImageOrientationPatient=list(AXIAL),
        PixelSpacing=[2, 0.5],
        SpacingBetweenSlices=3,
    )
    header.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(
        0x10, "OB", csa_header() if csa is None else csa
    )
    header.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", 5)
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return header


def uih(tiles: int = 5, count: str | None = None, **attributes: Any) -> Dataset:
    """Makes the header of a UIH grid as UIH/README.md of dcm2niix describes it."""
    header = item(
        ImageType=["ORIGINAL", "PRIMARY", "M", "NORM", "VFRAME"],
        Rows=8,
        Columns=18,
        ImagePositionPatient=[-1, -2, -3],
        ImageOrientationPatient=list(AXIAL),
        PixelSpacing=[2, 0.5],
    )
    block = header.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x50, "DS", str(tiles) if count is None else count)
    places = [item(ImagePositionPatient=[-10, -20, 30 - 4 * k]) for k in range(tiles)]
    block.add_new(0x51, "SQ", Sequence(places))
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return header


def read(header: Dataset) -> Mosaic:
    """Reads a mosaic that must be one."""
    mosaic = read_mosaic(header)
    assert mosaic is not None
    return mosaic


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
def test_that_tiles_follow_the_normal_of_the_csa_header_whatever_its_side(
    orientation: tuple[float, ...], side: int
) -> None:
    along_row, along_column = np.reshape(orientation, (2, 3))
    normal = side * np.cross(along_row, along_column)
    middle = np.array([11.0, -7.0, 5.0])  # of the first tile, as the scanner places it
    corner = middle - along_row * 0.5 * 18 / 2 - along_column * 2 * 12 / 2
    header = siemens(
        csa_header(normal=tuple(normal)),
        ImageOrientationPatient=list(orientation),
        ImagePositionPatient=list(corner),
    )
    mosaic = read(header)
    assert (mosaic.tiles, mosaic.per_row, mosaic.shape) == (5, 3, (4, 6))
    first = middle - along_row * 0.5 * 6 / 2 - along_column * 2 * 4 / 2
    expected = [first + k * 3 * normal for k in range(5)]
    np.testing.assert_allclose(mosaic.positions, expected, atol=1e-9)


def test_that_a_uih_grid_has_no_empty_row_and_lists_its_positions() -> None:
    mosaic = read(uih())
    assert (mosaic.tiles, mosaic.per_row, mosaic.shape) == (5, 3, (4, 6))
    assert mosaic.positions == tuple((-10.0, -20.0, 30.0 - 4 * k) for k in range(5))


@pytest.mark.parametrize(("tiles", "grid"), [(1, 1), (4, 2), (5, 3), (9, 3), (10, 4), (35, 6)])
def test_that_the_grid_is_the_smallest_square_that_holds_all(tiles: int, grid: int) -> None:
    header = siemens(csa_header(str(tiles)), Rows=5 * grid, Columns=7 * grid)
    del header[0x0019100A]
    mosaic = read(header)
    assert (mosaic.per_row, mosaic.shape, len(mosaic.positions)) == (grid, (5, 7), tiles)


@pytest.mark.parametrize("side", [65, 65535])
def test_that_more_tiles_than_any_scanner_makes_are_none(side: int) -> None:
    header = siemens(csa_header(str(side * side)), Rows=side, Columns=side)
    del header[0x0019100A]
    assert read_mosaic(header) is None


def test_that_tiles_are_views_row_by_row() -> None:
    mosaic, stored = read(siemens()), np.zeros((12, 18, 3), np.uint16)
    for number in range(5):
        cut = tile(stored, mosaic, number)
        assert cut.shape == (4, 6, 3)
        cut += np.uint16(number + 1)
    np.testing.assert_array_equal(stored[::4, ::6, 0], [[1, 2, 3], [4, 5, 0], [0, 0, 0]])
    for number in (-1, 5):
        with pytest.raises(IndexError, match="0 to 4"):
            tile(stored, mosaic, number)


def test_that_the_tags_it_names_are_all_it_needs(tmp_path: Path) -> None:
    for number, header in enumerate((siemens(), uih())):
        for implicit in (True, False):
            path = tmp_path / f"{number}{implicit}.dcm"
            header.save_as(path, implicit_vr=implicit, little_endian=True)
            part = dcmread(path, force=True, specific_tags=list(mosaic_tags()))
            assert read_mosaic(part) == read(header)


def test_that_other_images_are_no_mosaics() -> None:
    for kind in (["ORIGINAL", "PRIMARY"], "MOSAICS", [], None):
        header = siemens(ImageType=kind)
        assert not is_mosaic(header)
        assert read_mosaic(header) is None
    assert not is_mosaic(Dataset())


@pytest.mark.parametrize(
    "wrong",
    [
        {"NumberOfFrames": 2},
        {"Rows": 13},
        {"Columns": 0},
        {"ImagePositionPatient": None},
        {"ImagePositionPatient": [1, 2]},
        {"ImageOrientationPatient": None},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [1, 0, 0, 0, 0, 1]},
        {"PixelSpacing": None},
        {"PixelSpacing": [0, 1]},
        {"SpacingBetweenSlices": None},
        {"SpacingBetweenSlices": 0},
        {"SpacingBetweenSlices": -3},
        {"SpacingBetweenSlices": "1e308"},
        {"csa": b""},
        {"csa": csa_header("4")},
        {"csa": csa_header("0")},
        {"csa": csa_header("-5")},
        {"csa": csa_header("nan")},
        {"csa": csa_header("five")},
        {"csa": csa_header("4294967296")},
        {"csa": csa_header(normal=())},
        {"csa": csa_header(normal=(0, 1))},
        {"csa": csa_header(normal=(0, 1, 0))},
        {"csa": csa_header(normal=(0, 0, 0))},
        {"csa": csa_header(normal=("nan", "nan", "nan"))},
    ],
)
def test_that_a_siemens_mosaic_that_cannot_be_relied_on_is_none(wrong: dict[str, Any]) -> None:
    header = siemens(**wrong)
    assert is_mosaic(header)
    assert read_mosaic(header) is None


@pytest.mark.parametrize("group", [0x0029, 0x0065])
def test_that_without_private_attributes_there_is_none(group: int) -> None:
    header = siemens() if group == 0x0029 else uih()
    for tag in [tag for tag in header.keys() if tag.group == group]:  # noqa: SIM118
        del header[tag]
    assert read_mosaic(header) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": "6"},
        {"count": "4.5"},
        {"count": ""},
        {"Rows": 9},
        {"tiles": 0},
        {"NumberOfFrames": 5},
    ],
)
def test_that_a_uih_grid_that_cannot_be_relied_on_is_none(wrong: dict[str, Any]) -> None:
    assert read_mosaic(uih(**wrong)) is None


@pytest.mark.parametrize("place", [None, [1, 2], [-10, -20, 30]])
def test_that_a_uih_tile_without_a_place_of_its_own_makes_it_none(place: list[int] | None) -> None:
    header = uih()
    header[0x00651051].value[3].ImagePositionPatient = place
    assert read_mosaic(header) is None


@given(st.binary(max_size=100))
def test_that_a_uih_sequence_of_unknown_bytes_never_raises(data: bytes) -> None:
    start = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    for found in (data, start + data, start * 200 + data):
        header = uih(1, Rows=4, Columns=6)
        del header[0x00651051]
        header.add_new(0x00651051, "UN", found)
        assert read_mosaic(header) is None


def test_that_a_cut_csa_header_is_none() -> None:
    whole = csa_header()
    assert read_mosaic(siemens(whole)) is not None
    for length in range(len(whole)):
        assert read_mosaic(siemens(whole[:length])) is None


def huge(count: int, items: int, length: int) -> bytes:
    """A header that promises more than there is, with a mebibyte of items."""
    start = b"SV10\0\0\0\0" + struct.pack("<2I", count, 77)
    start += struct.pack("<64si4s3i", b"NumberOfImagesInMosaic", 1, b"IS\0\0", 6, items, 77)
    return (start + struct.pack("<4i", 0, length, 77, 0) * (1 << 16))[: 1 << 20]


@pytest.mark.parametrize("count", [1, 0xFFFFFFFF])
@pytest.mark.parametrize("items", [-1, 0, 0x7FFFFFFF])
@pytest.mark.parametrize("length", [-0x80000000, -16, 0, 0x7FFFFFFF])
def test_that_huge_counts_and_wrong_lengths_have_an_end(
    count: int, items: int, length: int
) -> None:
    blob = huge(count, items, length)
    assert read_mosaic(siemens(blob)) is None
    assert read_mosaic(siemens(blob + blob)) is None


@given(st.binary(max_size=400))
def test_that_random_bytes_are_none(data: bytes) -> None:
    for blob in (data, b"SV10" + data, csa_header()[:16] + data):
        assert read_mosaic(siemens(blob)) is None


@given(st.binary(min_size=1, max_size=8), st.integers(0, len(csa_header()) - 1))
def test_that_a_damaged_csa_header_never_raises(data: bytes, place: int) -> None:
    blob = csa_header()
    found = read_mosaic(siemens(blob[:place] + data + blob[place + len(data) :]))
    assert found is None or (found.tiles, found.shape) == (5, (4, 6))


def real_mosaics() -> list[Any]:
    """Gives a scanner's files, or one parameter that says why there are none."""
    paths = [path for name in FOLDERS for path in sorted((SHARED / name).rglob("*"))]
    files = [path for path in paths if path.name.startswith("MR.") or path.suffix == ".dcm"]
    if not files:
        return [pytest.param(Path(), marks=pytest.mark.skip("the shared scans aren't there"))]
    return [pytest.param(path, id=f"{path.parent.name}/{path.name[-8:]}") for path in files]


def affine_of(header: Dataset, mosaic: Mosaic) -> npt.NDArray[np.float64]:
    """Builds the affine of the stack of tiles, (column, row, tile) -> LPS mm."""
    places = np.array(mosaic.positions)
    step = (places[-1] - places[0]) / (mosaic.tiles - 1)
    rows, columns = map(float, header.PixelSpacing)
    orientation = [float(part) for part in header.ImageOrientationPatient]
    return plane_affine(mosaic.positions[0], orientation, (rows, columns), step)


@pytest.mark.parametrize("path", real_mosaics())
def test_that_a_scanners_mosaic_agrees_with_nibabel(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_data

        header = dcmread(path)
        decoder_of(header.file_meta.TransferSyntaxUID)  # lends pydicom our codecs
        wrapper = wrapper_from_data(header)
        volume = wrapper.get_data()  # (row, column, tile)
    mosaic = read(dcmread(path, stop_before_pixels=True, specific_tags=list(mosaic_tags())))
    assert (*mosaic.shape, mosaic.tiles) == wrapper.image_shape
    for k in range(mosaic.tiles):
        place = wrapper.image_position + k * header.SpacingBetweenSlices * wrapper.slice_normal
        np.testing.assert_allclose(mosaic.positions[k], place, atol=1e-9)
        np.testing.assert_array_equal(tile(header.pixel_array, mosaic, k), volume[:, :, k])


@pytest.mark.parametrize("path", real_mosaics())
def test_that_every_tile_lies_where_the_scanners_protocol_put_it(path: Path) -> None:
    header = dcmread(path, stop_before_pixels=True)
    protocol = header[0x00291020].value.decode("latin-1").partition("### ASCCONV BEGIN")[2]
    mosaic = read(header)
    affine = affine_of(header, mosaic)
    rows, columns = mosaic.shape
    for k in range(mosaic.tiles):
        pattern = rf"asSlice\[{k}\]\.sPosition\.d(Sag|Cor|Tra)\s*=\s*(\S+)"
        stated = dict(re.findall(pattern, protocol))
        middle = affine @ (columns / 2, rows / 2, k, 1)
        expected = [float(stated.get(axis, 0)) for axis in ("Sag", "Cor", "Tra")]
        np.testing.assert_allclose(middle[:3], expected, atol=1e-5)


def test_that_a_converted_nifti_has_the_same_places_and_values(shared: Path) -> None:
    folder = shared / "data" / "viewer_dicom" / "mr_mosaic_siemens" / "ax" / "axasc35"
    if not folder.is_dir():
        pytest.skip("the shared scans aren't there")
    image = nib.load(folder / "6_ax_asc_35sl.nii")
    values = np.asarray(image.dataobj)  # (column, rows upwards, tile, time)
    affine = swap_lps_ras(image.affine)
    paths = sorted(folder.glob("MR.*"))
    assert len(paths) == values.shape[3]
    for path in paths:
        header = dcmread(path)
        mosaic = read(header)
        rows, moment = mosaic.shape[0], header.InstanceNumber - 1
        for k, place in enumerate(mosaic.positions):
            expected = affine @ (0, rows - 1, k, 1)
            np.testing.assert_allclose(place, expected[:3], atol=1e-4)
            cut = tile(header.pixel_array, mosaic, k)
            np.testing.assert_array_equal(cut[::-1].T, values[:, :, k, moment])


def test_that_csa_headers_of_nibabels_samples_are_read(nibabel_files: Path) -> None:
    folder = nibabel_files.parents[1] / "nicom" / "tests" / "data"
    tags = read_csa((folder / "csa2_b1000.bin").read_bytes())
    assert tags["NumberOfImagesInMosaic"] == [b"48"]
    assert len(tags["SliceNormalVector"]) == 3
    with pytest.raises(ValueError, match="cut short"):
        read_csa((folder / "csa2_b1000.bin").read_bytes()[:1000])


def test_that_a_mosaic_opens_as_its_slices_each_at_its_place(
    tmp_path: Path, open_one: Callable[..., Series]
) -> None:
    whole = np.arange(12 * 18, dtype=np.uint16).reshape(12, 18)
    header = siemens(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
        SOPInstanceUID="1.2.3.4",
        Modality="MR",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
        PixelData=whole.tobytes(),
    )
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    volume = open_one(tmp_path / "a.dcm").volumes[0]
    mosaic = read(header)
    assert volume.shape == (5, 4, 6)
    for k in range(5):
        image = volume.read_slice(k)
        assert image.affine is not None
        assert tuple(image.affine[:3, 3]) == mosaic.positions[k]
        assert np.array_equal(image.modality_values, tile(whole, mosaic, k))
