"""DICOM pixels: depth, scale, tables, colour."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.sequence import Sequence

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.study import Series, Slice, Window

OpenOne = Callable[..., Series]
WriteDicom = Callable[..., Path]
MakeSequence = Callable[..., Sequence]
Read = Callable[..., Slice]


@pytest.fixture
def read(write_dicom: WriteDicom, open_one: OpenOne) -> Read:
    """Gives a function that writes a DICOM slice and reads it back."""
    return lambda **facts: open_one(write_dicom(**facts)).volumes[0].read_slice(0)


def test_that_ct_numbers_are_rescaled_to_hounsfield_units(
    read: Read, pixels: npt.NDArray[np.uint16]
) -> None:
    image = read(RescaleSlope=2)
    np.testing.assert_array_equal(image.modality_values, pixels * 2.0 - 1024)
    assert image.modality_values.dtype == np.float32
    assert image.unit == "HU"
    assert (image.rescale_slope, image.rescale_intercept) == (2, -1024)


@pytest.mark.parametrize(
    ("facts", "unit"),
    [
        ({"RescaleSlope": None, "RescaleIntercept": None}, None),
        ({"RescaleSlope": None}, "HU"),
        ({"Modality": "MR"}, None),
        ({"Modality": "MR", "RescaleType": "HU"}, None),
        ({"Modality": "PT", "Units": "BQML"}, "BQML"),
    ],
)
def test_that_a_unit_is_named_only_where_it_is_known(
    read: Read, facts: dict[str, Any], unit: str | None
) -> None:
    assert read(**facts).unit == unit


def test_that_a_rescale_that_flattens_the_picture_is_ignored_and_told(
    write_dicom: WriteDicom, open_one: OpenOne, pixels: npt.NDArray[np.uint16]
) -> None:
    series = open_one(write_dicom(RescaleSlope=0))
    image = series.volumes[0].read_slice(0)
    np.testing.assert_array_equal(image.modality_values, pixels)
    assert image.unit is None
    assert "rescale ignored" in series.notices[0].text


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.uint32, np.int32])
def test_that_every_depth_and_sign_is_read(read: Read, dtype: type) -> None:
    limits = np.iinfo(dtype)
    array = np.array([[limits.min, 0], [1, limits.max]], dtype)
    image = read(array=array, RescaleSlope=None, RescaleIntercept=None)
    np.testing.assert_array_equal(image.modality_values, array.astype(np.float32))


def test_that_junk_beside_the_pixel_bits_is_dropped(
    read: Read, pixels: npt.NDArray[np.uint16]
) -> None:
    image = read(array=pixels | 0xA000, BitsStored=12, HighBit=11, RescaleIntercept=0)
    np.testing.assert_array_equal(image.modality_values, pixels)


def test_that_the_high_bit_says_where_the_pixel_lies_in_its_word(
    read: Read, pixels: npt.NDArray[np.uint16]
) -> None:
    wide = pixels * 80  # uses the twelfth bit
    image = read(array=wide << 4 | 5, BitsStored=12, HighBit=15, RescaleIntercept=0)
    np.testing.assert_array_equal(image.modality_values, wide)


def test_that_twelve_signed_bits_keep_their_sign(read: Read) -> None:
    array = np.array([[0x0FFF, 0x0001]], np.uint16).view(np.int16)
    image = read(array=array, BitsStored=12, HighBit=11, RescaleIntercept=0)
    np.testing.assert_array_equal(image.modality_values, [[-1, 1]])


def test_that_padding_is_given_in_modality_units(read: Read) -> None:
    assert read(PixelPaddingValue=0).padding_value == -1024
    assert read().padding_value is None


def test_that_all_usable_windows_are_kept_with_function_and_name(read: Read) -> None:
    image = read(
        WindowCenter=[40, -600, 5],
        WindowWidth=[400, 1500, 0],
        VOILUTFunction="SIGMOID",
        WindowCenterWidthExplanation=["SOFT", "LUNG", "BAD"],
    )
    assert image.windows == (
        Window(40, 400, "SIGMOID", "SOFT"),
        Window(-600, 1500, "SIGMOID", "LUNG"),
    )


@pytest.mark.parametrize(
    ("width", "function"), [(0, None), (-5, None), (0.5, None), (0, "SIGMOID")]
)
def test_that_an_unusable_window_is_ignored_and_told(
    write_dicom: WriteDicom, open_one: OpenOne, width: float, function: str | None
) -> None:
    series = open_one(write_dicom(WindowCenter=40, WindowWidth=width, VOILUTFunction=function))
    assert series.volumes[0].read_slice(0).windows == ()
    assert "window ignored" in series.notices[0].text


def test_that_exact_windows_may_be_narrow(read: Read) -> None:
    image = read(WindowCenter=1, WindowWidth=0.5, VOILUTFunction="LINEAR_EXACT")
    assert image.windows == (Window(1, 0.5, "LINEAR_EXACT"),)


def test_that_monochrome1_is_marked_for_inversion(read: Read) -> None:
    image = read(PhotometricInterpretation="MONOCHROME1", WindowCenter=-1000, WindowWidth=48)
    assert image.inverted
    assert to_display(image)[0, 0] == 255


def lut(first: int, entries: npt.NDArray[Any], bits: int) -> dict[str, Any]:
    """Attributes of a look-up table item."""
    return {
        "LUTDescriptor": [len(entries) % 65536, first, bits],
        "LUTData": entries.tobytes() + b"\0" * (entries.nbytes % 2),
    }


def test_that_a_modality_lut_replaces_the_rescale(read: Read, sequence: MakeSequence) -> None:
    table = sequence(**lut(10, np.array([100, 90, 80], np.uint16), 16), ModalityLUTType="OD")
    table[0]["LUTData"].VR = "OW"
    image = read(ModalityLUTSequence=table, RescaleSlope=None, RescaleIntercept=None)
    assert image.modality_values[1, :6].tolist() == [100, 100, 100, 90, 80, 80]
    assert image.unit == "OD"
    assert image.rescale_slope is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_that_a_voi_lut_may_have_entries_of_8_or_16_bits(
    read: Read, sequence: MakeSequence, dtype: type
) -> None:
    top = np.iinfo(dtype).max
    table = sequence(**lut(0, np.linspace(top, 0, 48).astype(dtype), top.bit_length()))
    table[0]["LUTData"].VR = "OW"
    image = read(VOILUTSequence=table, RescaleIntercept=0, WindowCenter=1, WindowWidth=1)
    shown = to_display(image)
    assert (shown[0, 0], shown[-1, -1]) == (255, 0)
    np.testing.assert_allclose(shown.ravel(), np.linspace(255, 0, 48), atol=1)


def test_that_a_short_table_is_an_error_not_a_picture(read: Read, sequence: MakeSequence) -> None:
    table = sequence(LUTDescriptor=[400, 0, 16], LUTData=bytes(8))
    table[0]["LUTData"].VR = "OW"
    with pytest.raises(ImagingError, match="damaged"):
        read(ModalityLUTSequence=table, RescaleSlope=None, RescaleIntercept=None)


def test_that_rgb_of_both_layouts_is_the_same_colour(read: Read) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    facts = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "Rows": 6, "Columns": 8}
    by_pixel = read(array=colors, PlanarConfiguration=0, **facts)
    by_plane = read(
        array=np.ascontiguousarray(colors.transpose(2, 0, 1)), PlanarConfiguration=1, **facts
    )
    np.testing.assert_array_equal(by_pixel.modality_values, colors)
    np.testing.assert_array_equal(by_plane.modality_values, colors)
    assert by_pixel.windows == ()
    assert by_pixel.unit is None


def test_that_ybr_becomes_rgb(read: Read) -> None:
    red = np.tile(np.array([76, 85, 255], np.uint8), (6, 8, 1))
    facts = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "Rows": 6, "Columns": 8}
    image = read(array=red, PhotometricInterpretation="YBR_FULL", **facts)
    np.testing.assert_allclose(image.modality_values[0, 0], (255, 0, 0), atol=2)


def test_that_a_palette_becomes_rgb(read: Read) -> None:
    facts: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, entries in (("Red", [0, 65535]), ("Green", [257, 0]), ("Blue", [0, 0x8040])):
        facts[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        facts[f"{name}PaletteColorLookupTableData"] = np.array(entries, np.uint16).tobytes()
    image = read(array=np.array([[0, 1]], np.uint8), **facts)
    assert image.modality_values.tolist() == [[[0, 1, 0], [255, 0, 128]]]
    assert image.photometric_interpretation == "PALETTE COLOR"


def test_that_every_transfer_syntax_gives_the_same_pixels(
    pydicom_files: Path, open_one: OpenOne
) -> None:
    first = open_one(pydicom_files / "MR_small.dcm").volumes[0].read_slice(0)
    for kind in ("RLE", "bigendian", "implicit", "expb", "jp2klossless", "jpeg_ls_lossless"):
        other = open_one(pydicom_files / f"MR_small_{kind}.dcm").volumes[0].read_slice(0)
        np.testing.assert_array_equal(other.modality_values, first.modality_values, kind)


def test_that_compressed_colour_is_right(pydicom_files: Path, open_one: OpenOne) -> None:
    bands = [255, 0, 0], [255, 128, 128], [0, 255, 0], [128, 255, 128], [0, 0, 255]
    for name in ("+eb+cr", "+eb+cy+n1", "+eb+cy+np", "+eb+cy+s4"):
        path = pydicom_files / f"SC_rgb_dcmtk_{name}.dcm"
        image = open_one(path).volumes[0].read_slice(0)
        for row, color in zip(range(5, 50, 10), bands, strict=True):
            np.testing.assert_allclose(image.modality_values[row, 50], color, atol=6)


def test_that_a_cine_decodes_frame_by_frame(pydicom_files: Path, open_one: OpenOne) -> None:
    volume = open_one(pydicom_files / "examples_ybr_color.dcm").volumes[0]
    assert volume.shape == (30, 240, 320)
    first, last = volume.read_slice(0), volume.read_slice(29)
    assert first.is_color
    assert (first.modality_values != last.modality_values).any()


def test_that_a_jp2_box_without_length_is_told_and_not_looked_into_without_end(
    tmp_path: Path, pydicom_files: Path, open_one: OpenOne
) -> None:
    whole = (pydicom_files / "GDCMJ2K_TextGBR.dcm").read_bytes()
    second_box = whole.index(b"ftypjp2 ") - 4
    damaged = tmp_path / "a.dcm"
    damaged.write_bytes(whole[:second_box] + bytes(4) + whole[second_box + 4 :])
    assert open_one(pydicom_files / "GDCMJ2K_TextGBR.dcm").volumes[0].read_slice(0).is_color
    with pytest.raises(ImagingError, match="its pixels are damaged"):
        open_one(damaged).volumes[0].read_slice(0)


def test_that_float_pixels_beyond_any_number_are_read_without_a_warning(read: Read) -> None:
    bits = np.array([[0x7FF0000000000001, 0x7FEFFFFFFFFFFFFF, 0]], np.uint64)  # signalling NaN, max
    facts = {"PixelData": None, "DoubleFloatPixelData": bits.tobytes(), "RescaleIntercept": 0}
    values = read(array=bits, **facts, BitsStored=64).modality_values
    np.testing.assert_array_equal(values, [[np.nan, np.inf, 0]])
