"""Overlay planes of DICOM files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.overlays import numpy_handler
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from magic_viewer.imaging.study import Series, Slice

OpenOne = Callable[..., Series]
WriteDicom = Callable[..., Path]
ReadOverlaid = Callable[..., Series]
Mask = npt.NDArray[np.bool_]
VRS = {0x0015: "IS", 0x0022: "LO", 0x0040: "CS", 0x0050: "SS", 0x1500: "LO", 0x3000: "OW"}
PLANE = np.random.default_rng(3).random((6, 8)) > 0.6


def packed(bits: Mask) -> bytes:
    """Bits as DICOM packs them, in whole words."""
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def plane(bits: Mask, **more: Any) -> dict[int, Any]:
    """Elements of one overlay group, by element number."""
    return {
        0x0010: bits.shape[-2],
        0x0011: bits.shape[-1],
        0x0040: "G",
        0x0050: [1, 1],
        0x0100: 1,
        0x0102: 0,
        0x3000: packed(bits),
    } | {int(name[1:], 16): value for name, value in more.items()}


@pytest.fixture
def overlaid(write_dicom: WriteDicom, open_one: OpenOne) -> ReadOverlaid:
    """Gives a function that writes an image with overlay groups and opens it."""

    def opened(groups: dict[int, dict[int, Any]], **facts: Any) -> Series:
        path = write_dicom(**facts)
        dataset = dcmread(path)
        for group, elements in groups.items():
            for element, value in elements.items():
                if value is not None:
                    dataset.add_new((group, element), VRS.get(element, "US"), value)
        dataset.save_as(path)
        return open_one(path)

    return opened


def first(series: Series) -> Slice:
    """The first slice."""
    return series.volumes[0].read_slice(0)


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian])
def test_that_a_plane_lies_on_its_image_under_its_label(
    overlaid: ReadOverlaid, syntax: str | None
) -> None:
    facts = {} if syntax is None else {"syntax": syntax}
    group = plane(PLANE, x0022="a description", x1500="Lesion")
    (overlay,) = first(overlaid({0x6002: group}, **facts)).overlays
    np.testing.assert_array_equal(overlay.mask, PLANE)
    assert (overlay.name, overlay.values, overlay.number) == ("Lesion", None, 1)


def test_that_a_plane_without_words_is_named_by_its_place(overlaid: ReadOverlaid) -> None:
    image = first(overlaid({0x6000: plane(PLANE), 0x601E: plane(~PLANE, x0022="Text")}))
    assert [overlay.name for overlay in image.overlays] == ["Overlay 1", "Text"]
    np.testing.assert_array_equal(image.overlays[1].mask, ~PLANE)


def test_that_words_of_a_big_endian_file_are_turned(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    path = write_dicom("little.dcm", np.zeros((6, 8), np.uint8), BitsAllocated=8)
    dataset = dcmread(path)
    swapped = np.frombuffer(packed(PLANE), "<u2").astype(">u2").tobytes()
    for element, value in plane(PLANE, x3000=swapped).items():
        dataset.add_new((0x6000, element), VRS.get(element, "US"), value)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dcmwrite(path.with_name("big.dcm"), dataset)
    (overlay,) = first(open_one(path.with_name("big.dcm"))).overlays
    np.testing.assert_array_equal(overlay.mask, PLANE)


@pytest.mark.parametrize("origin", [(1, 1), (3, 4), (-1, 0), (0, 7), (-4, -6), (6, 8)])
def test_that_the_origin_may_lie_anywhere(overlaid: ReadOverlaid, origin: tuple[int, int]) -> None:
    expected = np.zeros((6, 8), bool)
    for row, column in np.argwhere(np.ones((6, 8), bool)):
        place = row + origin[0] - 1, column + origin[1] - 1
        if 0 <= place[0] < 6 and 0 <= place[1] < 8:
            expected[place] = True
    group = plane(np.ones((6, 8), bool), x0050=list(origin))
    (overlay,) = first(overlaid({0x6000: group})).overlays
    np.testing.assert_array_equal(overlay.mask, expected)


@pytest.mark.parametrize("origin", [(7, 1), (1, 9), (-6, 1), (-32768, 32767)])
def test_that_a_plane_beside_its_image_is_no_overlay(
    overlaid: ReadOverlaid, origin: tuple[int, int]
) -> None:
    assert first(overlaid({0x6000: plane(PLANE, x0050=list(origin))})).overlays == ()


def test_that_frames_get_the_frames_of_a_plane_that_are_theirs(overlaid: ReadOverlaid) -> None:
    planes = np.random.default_rng(1).random((2, 5, 7)) > 0.5  # 35 bits: no whole bytes
    group = plane(planes, x0015=2, x0051=2)
    series = overlaid({0x6000: group}, array=np.zeros((4, 5, 7), np.uint16), NumberOfFrames=4)
    read = series.volumes[0].read_slice
    assert read(0).overlays == ()
    np.testing.assert_array_equal(read(1).overlays[0].mask, planes[0])
    np.testing.assert_array_equal(read(2).overlays[0].mask, planes[1])
    assert read(3).overlays == ()


def test_that_a_plane_that_counts_no_frames_lies_on_all(overlaid: ReadOverlaid) -> None:
    series = overlaid(
        {0x6000: plane(PLANE)}, array=np.zeros((3, 6, 8), np.uint16), NumberOfFrames=3
    )
    for k in range(3):
        np.testing.assert_array_equal(series.volumes[0].read_slice(k).overlays[0].mask, PLANE)


def test_that_a_plane_that_names_one_frame_lies_on_that_one(overlaid: ReadOverlaid) -> None:
    group = plane(PLANE, x0051=2)
    series = overlaid({0x6000: group}, array=np.zeros((3, 6, 8), np.uint16), NumberOfFrames=3)
    slices = [series.volumes[0].read_slice(k) for k in range(3)]
    assert [len(image.overlays) for image in slices] == [0, 1, 0]


def test_that_planes_in_unused_bits_of_the_pixels_are_found(
    overlaid: ReadOverlaid, pixels: npt.NDArray[np.uint16]
) -> None:
    words = pixels | PLANE.astype(np.uint16) << 15 | (~PLANE).astype(np.uint16) << 12
    groups = {
        group: plane(PLANE, x0100=16, x0102=bit, x3000=None)
        for group, bit in ((0x6000, 15), (0x6002, 12), (0x6004, 3))
    }
    image = first(overlaid(groups, array=words, BitsStored=12, HighBit=11, RescaleIntercept=0))
    np.testing.assert_array_equal(image.modality_values, pixels)
    assert [overlay.number for overlay in image.overlays] == [0, 1]
    np.testing.assert_array_equal(image.overlays[0].mask, PLANE)
    np.testing.assert_array_equal(image.overlays[1].mask, ~PLANE)


@pytest.mark.parametrize(
    "damage",
    [
        {"x3000": b"\1\2"},
        {"x0010": 65535, "x0011": 65535},
        {"x0010": 0},
        {"x0010": None},
        {"x3000": None},
        {"x0015": 9, "x0051": 65535},
    ],
)
def test_that_a_damaged_plane_is_left_out_and_the_image_shows(
    overlaid: ReadOverlaid, damage: dict[str, Any], pixels: npt.NDArray[np.uint16]
) -> None:
    groups = {0x6000: plane(PLANE, **damage), 0x6002: plane(PLANE)}
    image = first(overlaid(groups))
    assert [overlay.number for overlay in image.overlays] == [1]
    np.testing.assert_array_equal(image.modality_values, pixels - 1024.0)


def test_that_a_file_without_planes_is_read_once(
    write_dicom: WriteDicom, open_one: OpenOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = open_one(write_dicom()).volumes[0]
    monkeypatch.setattr("magic_viewer.imaging.dicom_overlays.open_dicom", None)
    assert volume.read_slice(0).overlays == ()


def test_that_pydicoms_sample_gives_the_same_plane(pydicom_files: Path, open_one: OpenOne) -> None:
    check_against_pydicom(pydicom_files / "examples_overlay.dcm", open_one)


def test_that_a_scanners_graphics_are_read(shared: Path, open_one: OpenOne) -> None:
    folder = shared / "data" / "viewer_dicom" / "pydicom_data_extra"
    check_against_pydicom(folder / "MR-SIEMENS-DICOM-WithOverlays.dcm", open_one)


def check_against_pydicom(path: Path, open_one: OpenOne) -> None:
    (overlay,) = first(open_one(path)).overlays
    expected = numpy_handler.get_overlay_array(dcmread(path), 0x6000)
    np.testing.assert_array_equal(overlay.mask, expected == 1)
    assert overlay.name == "Siemens MedCom Object Graphics"


def test_that_an_overlay_smaller_than_its_image_lies_at_its_origin(
    shared: Path, open_one: OpenOne
) -> None:
    image = first(open_one(shared / "corpus" / "dicom" / "overlay_6000_origin_11_21.dcm"))
    (overlay,) = image.overlays
    assert overlay.mask[12, 23]
    assert overlay.mask[19, 35]
    assert not overlay.mask[:10].any()
    assert not overlay.mask[:, :20].any()
