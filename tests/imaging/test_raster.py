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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_that_every_colour_mode_becomes_rgb(tmp_path: Path, open_one: OpenOne, mode: str) -> None:
    path = tmp_path / "a.tif"
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


def test_that_pages_of_another_size_are_named(tmp_path: Path, open_one: OpenOne) -> None:
    pages = [Image.new("L", (5, side), 1) for side in (4, 4, 3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    series = open_one(tmp_path / "a.tif")
    assert "first of its 3 pages" in series.notices[1].text


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


def test_that_pages_of_one_kind_are_slices(tmp_path: Path, open_one: OpenOne) -> None:
    pages = [Image.new("I;16", (5, 4), shade) for shade in (1, 200, 3000)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    volume = open_one(tmp_path / "a.tif").volumes[0]
    assert volume.shape == (3, 4, 5)
    assert [volume.read_slice(k).modality_values[0, 0] for k in (2, 0, 1)] == [3000, 1, 200]
    assert volume.read_slice(2).index == 2


def test_that_32_bits_float_and_cmyk_keep_their_values(tmp_path: Path, open_one: OpenOne) -> None:
    Image.fromarray(np.full((4, 5), 0.25, np.float32)).save(tmp_path / "float.tif")
    assert first(open_one(tmp_path / "float.tif")).modality_values[0, 0] == 0.25
    Image.new("CMYK", (5, 4), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red = first(open_one(tmp_path / "a.jpg")).modality_values[0, 0]
    assert red[0] > 200 > 60 > max(red[1], red[2])
    Image.new("P", (5, 4), 1).save(tmp_path / "p.png")
    assert first(open_one(tmp_path / "p.png")).is_color
