"""Colours, pixels, scale bar and actual size, on screen and in what is saved."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.image_colors import COLOR_MAPS, packed, painted
from magic_viewer.pipeline.overlay import veil
from magic_viewer.ui.look import Look
from magic_viewer.ui.picture import Picture
from magic_viewer.ui.scale_bar import scale_bar
from magic_viewer.ui.slice_view import SliceView
from tests.ui.conftest import Opened

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize("name", [name for name in COLOR_MAPS if name != "grey"])
def test_that_every_colour_map_grows_brighter_and_packs_to_the_same(name) -> None:
    colors = painted(RAMP, name).reshape(-1, 3).astype(float)
    brightness = colors @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) > -2).all()
    assert brightness[-1] - brightness[0] > 120
    as_bytes = packed(RAMP, name).astype("<u4").view(np.uint8).reshape(16, 16, 4)
    assert np.array_equal(as_bytes[..., 2::-1], painted(RAMP, name))
    assert (as_bytes[..., 3] == 255).all()


def test_that_hot_iron_is_red_in_its_middle() -> None:
    assert painted(np.array([[128]], np.uint8), "hot iron")[0, 0, 0] > 250
    assert painted(np.array([[128]], np.uint8), "hot iron")[0, 0, 2] == 0


def test_that_grey_and_colour_images_are_left_as_they_are() -> None:
    assert painted(RAMP, "grey") is RAMP
    color = np.zeros((4, 4, 3), np.uint8)
    assert painted(color, "viridis") is color


def test_that_a_map_over_a_coloured_image_hides_it_by_its_opacity() -> None:
    picture = Picture()
    picture.set_slice(Slice(RAMP.astype(np.float32)))
    picture.set_colors("viridis")
    heat = np.full((16, 16, 4), 255, np.uint8)
    picture.set_veil(veil(heat, 1.0))
    assert _rgb(picture.image())[3, 3].tolist() == [255, 255, 255]
    picture.set_veil(veil(heat, 0.0))
    over = _rgb(picture.image())
    picture.set_veil(None)
    assert np.array_equal(over, _rgb(picture.image()))


def _rgb(image: QImage) -> np.ndarray:
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return pixels[..., 2::-1].copy()


@pytest.mark.parametrize(
    ("pixels_per_mm", "room", "length", "text"),
    [
        (1.0, 160, 100, "100 mm"),
        (3.0, 160, 150, "50 mm"),
        (2.0, 100, 100, "50 mm"),
        (800.0, 159, 80, "100 µm"),
        (0.01, 160, 100, "10000 mm"),
    ],
)
def test_that_a_scale_bar_is_the_longest_round_length_with_room(
    pixels_per_mm, room, length, text
) -> None:
    bar = scale_bar(pixels_per_mm, room)
    assert bar.length == pytest.approx(length)
    assert bar.text == text


def _shown(qtbot, spacing, rows=20, columns=40) -> SliceView:
    view = SliceView()
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    view.set_slice(Slice(np.zeros((rows, columns), np.float32), spacing=spacing))
    return view


def test_that_the_scale_is_right_in_oblong_pixels_at_any_zoom(qtbot) -> None:
    view = _shown(qtbot, (3.0, 1.5))
    for factor in (1.0, 2.5):
        view.zoom(factor)
        to_screen = view.markings.to_screen()
        across = to_screen.map(10.0, 0.0)[0] - to_screen.map(0.0, 0.0)[0]
        down = to_screen.map(0.0, 10.0)[1] - to_screen.map(0.0, 0.0)[1]
        assert across == pytest.approx(view.pixels_per_mm * 15)
        assert down == pytest.approx(view.pixels_per_mm * 30)


def test_that_without_spacing_there_is_no_scale(qtbot) -> None:
    assert _shown(qtbot, None).pixels_per_mm is None
    view = _shown(qtbot, (1.0, 1.0))
    assert view.pixels_per_mm is not None
    view.set_look(Look(has_scale_bar=False))
    assert view.pixels_per_mm is None


@pytest.mark.parametrize("spacing", [None, (0.7, 0.7), (3.0, 0.7)])
def test_that_actual_size_shows_each_pixel_on_one_of_the_screen(qtbot, spacing) -> None:
    view = _shown(qtbot, spacing)
    view.show_actual_size()
    to_screen = view.markings.to_screen()
    first, second = (to_screen.map(column, 0.0)[0] for column in (0.0, 1.0))
    assert (second - first) * view.devicePixelRatioF() == pytest.approx(1, abs=1e-3)
    # The edge between two pixels of the slice is one between two of the screen.
    assert to_screen.map(-0.5, 0.0)[0] == pytest.approx(
        round(to_screen.map(-0.5, 0.0)[0]), abs=0.05
    )


def test_that_pixels_show_their_edges_when_they_are_not_smoothed(qtbot) -> None:
    view = _shown(qtbot, (1.0, 1.0), 2, 2)
    values = np.array([[0, 100], [0, 100]], np.float32)
    view.set_slice(Slice(values, spacing=(1.0, 1.0)))
    colors = []
    for is_smooth in (True, False):
        view.set_look(Look(is_smooth=is_smooth, has_scale_bar=False))
        shown = view.viewport().grab().toImage()
        row = shown.height() // 3
        colors.append({shown.pixelColor(x, row).red() for x in range(250, 550)})
    assert len(colors[0]) > 20
    assert colors[1] <= {0, 255}


def test_that_the_look_is_kept_for_the_next_start_but_not_the_colours(
    opened: Opened, scan, make_window
) -> None:
    opened.open(scan)
    opened.window.commands["smooth"].trigger()
    opened.window.commands["scale_bar"].trigger()
    opened.controller._view_controls.set_colors("viridis")
    assert opened.view.look == Look("viridis", is_smooth=False, has_scale_bar=False)
    opened.window.close()
    again = make_window()
    again.open(scan)
    assert again.view.look == Look("grey", is_smooth=False, has_scale_bar=False)


def test_that_colours_stay_while_scrolling_and_go_with_a_reset(opened: Opened, scan) -> None:
    opened.open(scan)
    opened.controller._view_controls.set_colors("hot iron")
    opened.window.commands["next_slice"].trigger()
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == 7)
    assert opened.view.look.colors == "hot iron"
    assert any("hot iron" in line.text for line in opened.view._corners.bottom_right)
    opened.window.commands["reset"].trigger()
    assert opened.view.look.colors == "grey"


def test_that_a_saved_view_has_the_colours_the_pixels_and_the_scale_bar(
    opened: Opened, scan, tmp_path
) -> None:
    opened.open(scan)
    opened.answered()
    opened.window.commands["overlay"].setChecked(False)
    opened.wait(lambda: opened.controller._models.painted is None)
    sizes = {}
    for name, is_on in (("bar", True), ("bare", False)):
        opened.window.commands["scale_bar"].setChecked(is_on)
        opened.controller.save_view(tmp_path / f"{name}.png")
        opened.wait((tmp_path / f"{name}.png").exists)
        opened.wait(lambda: not opened.controller._saving.is_busy)
        sizes[name] = np.asarray(Image.open(tmp_path / f"{name}.png"))
    within = slice(28, 28 + 768)
    differing = np.argwhere((sizes["bar"] != sizes["bare"])[within, within].any(axis=-1))
    assert len(differing) > 100
    # 32 columns of 2 mm on 768 pixels: 10 mm are 120 pixels.
    assert np.ptp(differing[:, 1]) == pytest.approx(120, abs=4)
    opened.controller._view_controls.set_colors("viridis")
    opened.controller.save_view(tmp_path / "colored.png")
    opened.wait((tmp_path / "colored.png").exists)
    opened.wait(lambda: not opened.controller._saving.is_busy)
    colored = np.asarray(Image.open(tmp_path / "colored.png")).astype(int)
    middle = colored[100:600, 100:600]
    assert np.abs(middle[..., 0] - middle[..., 1]).max() > 60
