"""PNG, JPEG and TIFF."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.raster import read_raster
from magic_viewer.imaging.study import Series, Slice

OpenOne = Callable[..., Series]


def first(series: Series) -> Slice:
    return series.volumes[0].read_slice(0)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_that_grey_stays_grey_with_its_depth(
    tmp_path: Path, open_one: OpenOne, ending: str, dtype: Any
) -> None:
    array = np.linspace(0, np.iinfo(dtype).max, 20).astype(dtype).reshape(4, 5)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(array).save(path)
    image = first(open_one(path))
    np.testing.assert_array_equal(image.modality_values, array.astype(np.float32))
    assert image.affine is None
    assert image.spacing is None


def test_that_eight_bit_grey_is_shown_as_it_is(tmp_path: Path, open_one: OpenOne) -> None:
    array = np.array([[100, 120], [130, 140]], np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    np.testing.assert_array_equal(to_display(first(open_one(tmp_path / "a.png"))), array)


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("RGB", "tif"), ("RGBA", "tif"), ("P", "tif"), ("CMYK", "tif"), ("P", "png"), ("RGBA", "png")],
)
def test_that_every_colour_mode_becomes_rgb(
    tmp_path: Path, open_one: OpenOne, mode: str, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    Image.new("RGB", (5, 4), (255, 0, 0)).convert(mode).save(path)
    image = first(open_one(path))
    assert image.modality_values.dtype == np.uint8
    assert image.modality_values[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_that_a_turned_photograph_is_shown_upright(
    tmp_path: Path, open_one: OpenOne, name: str
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    lying = np.zeros((32, 48), np.uint8)
    lying[:16, :16] = 255
    Image.fromarray(lying).save(tmp_path / name, exif=exif)
    series = open_one(tmp_path / name)
    assert series.volumes[0].shape == (1, 48, 32)
    np.testing.assert_array_equal(first(series).modality_values, np.rot90(lying, -1))


@pytest.mark.parametrize("mode", ["L", "I;16", "F", "RGB", "P"])
def test_that_pages_of_one_kind_are_slices(tmp_path: Path, open_one: OpenOne, mode: str) -> None:
    pages = [Image.new(mode, (5, 4), shade) for shade in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    series = open_one(tmp_path / "a.tif")
    assert series.volumes[0].shape == (3, 4, 5)
    assert len(series.notices) == 1
    for k in (2, 0, 1):
        image = series.volumes[0].read_slice(k)
        assert image.index == k
        expected = np.asarray(pages[k].convert("RGB") if mode == "P" else pages[k])
        np.testing.assert_array_equal(image.modality_values, expected)


@pytest.mark.parametrize("other", [("L", (5, 5)), ("RGB", (5, 4))])
def test_that_pages_unlike_the_first_are_named(
    tmp_path: Path, open_one: OpenOne, other: tuple[str, tuple[int, int]]
) -> None:
    pages = [Image.new("L", (5, 4), 1), Image.new("L", (5, 4), 2), Image.new(*other)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    series = open_one(tmp_path / "a.tif")
    assert series.volumes[0].shape == (1, 4, 5)
    assert "first of its 3 pages" in series.notices[1].text


def test_that_a_tiff_with_rows_that_no_strip_holds_is_never_shown(
    tmp_path: Path, open_one: OpenOne
) -> None:
    Image.new("L", (50, 40), 7).save(tmp_path / "a.tif")
    block = (tmp_path / "a.tif").read_bytes()
    rows = b"\x01\x01\x04\x00\x01\x00\x00\x00"
    assert rows + b"\x28" in block
    (tmp_path / "a.tif").write_bytes(block.replace(rows + b"\x28", rows + b"\xff"))
    with pytest.raises(ImagingError, match=r"^a\.tif .*damaged or cut short"):
        first(open_one(tmp_path / "a.tif"))


def test_that_a_stack_cut_short_is_refused(tmp_path: Path) -> None:
    pages = [Image.new("L", (50, 40), shade) for shade in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    block = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(block[:3000])
    with pytest.raises(ImagingError, match=r"^a\.tif .*damaged or cut short"):
        read_raster(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint32])
@pytest.mark.parametrize("big", [False, True])
def test_that_wide_grey_keeps_its_values(
    tmp_path: Path, open_one: OpenOne, dtype: Any, big: bool
) -> None:
    array = np.array([[0, 1, 2**31 - 128], [5, 6, 7]], dtype)
    array[0, 0] = 3_000_000_000 if dtype == np.uint32 else -2
    sample_format = {np.float32: 3, np.int32: 2, np.uint32: 1}[dtype]
    # Pillow says of whole numbers that they have a sign, and lets nobody say otherwise.
    written = array.view(np.int32) if dtype == np.uint32 else array
    Image.fromarray(written).save(tmp_path / "a.tif", big_tiff=big)
    set_sample_format(tmp_path / "a.tif", sample_format)
    image = first(open_one(tmp_path / "a.tif"))
    np.testing.assert_array_equal(image.modality_values, array.astype(np.float32))


def set_sample_format(path: Path, value: int) -> None:
    """Overwrites the one value of tag 339 in a little-endian TIFF."""
    block = bytearray(path.read_bytes())
    at = block.index(b"\x53\x01\x03\x00\x01\x00\x00\x00")
    at += 12 if block[2] == 43 else 8
    block[at] = value
    path.write_bytes(block)


def test_that_a_cmyk_jpeg_is_shown_in_its_colour(tmp_path: Path, open_one: OpenOne) -> None:
    Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    image = first(open_one(tmp_path / "a.jpg"))
    np.testing.assert_allclose(image.modality_values[8, 8], (200, 40, 40), atol=4)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_that_a_picture_cut_short_is_never_shown(
    tmp_path: Path, open_one: OpenOne, ending: str
) -> None:
    noise: npt.NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ImagingError, match=rf"^a\.{ending} .*damaged or cut short"):
        first(open_one(path))


def test_that_a_picture_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (200, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15_000)
    with pytest.raises(ImagingError, match="larger than any picture"):
        read_raster(tmp_path / "a.png")
