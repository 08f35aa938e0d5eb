import numpy as np
import pytest
from PIL import Image

from magic_viewer.imaging.study import Overlay
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.export import View, save_view
from magic_viewer.pipeline.file_overlays import Legend, legends, paint

SQUARE = np.zeros((9, 9), bool)
SQUARE[2:7, 2:7] = True
GREY = np.full((9, 9), 100, np.uint8)


def rgb(display, veil):
    packed = overlay.blend(display, veil)
    return np.stack([packed >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(int)


def test_that_without_overlays_nothing_is_painted():
    assert paint(()) is None


def test_that_a_segment_has_a_solid_outline_and_lets_the_slice_through_inside():
    drawn = rgb(GREY, paint([Overlay("a", SQUARE)]))
    assert tuple(drawn[2, 4]) == (0xE6, 0x9F, 0x00)
    assert (rgb(GREY, None)[~SQUARE] == drawn[~SQUARE]).all()
    brighter = rgb(GREY + 50, paint([Overlay("a", SQUARE)]))
    assert (brighter[4, 4] > drawn[4, 4]).all()
    np.testing.assert_array_equal(brighter[2, 2:7], drawn[2, 2:7])


def test_that_a_line_is_drawn_solid_and_the_edge_of_the_slice_is_no_outline():
    line = np.zeros((9, 9), bool)
    line[4] = True
    assert (rgb(GREY, paint([Overlay("a", line)]))[4] == (0xE6, 0x9F, 0x00)).all()
    everywhere = rgb(GREY, paint([Overlay("a", np.ones((9, 9), bool))]))
    assert (everywhere == everywhere[4, 4]).all()


def test_that_overlays_keep_their_colours_and_every_outline_is_seen():
    both = [Overlay("a", SQUARE, number=1), Overlay("b", np.roll(SQUARE, 2, 1), number=2)]
    drawn = rgb(GREY, paint(both))
    alone = rgb(GREY, paint(both[1:]))
    np.testing.assert_array_equal(drawn[2, 6], alone[2, 6])
    assert tuple(drawn[4, 2]) == (0x56, 0xB4, 0xE9)
    assert tuple(drawn[4, 6]) == (0x56, 0xB4, 0xE9)  # over the fill of the other
    assert tuple(drawn[4, 4]) == (0x00, 0x9E, 0x73)


def test_that_a_map_is_half_seen_through_and_only_where_it_has_values():
    values = np.where(SQUARE, np.arange(81, dtype=np.float32).reshape(9, 9), np.float32(np.nan))
    drawn = rgb(GREY, paint([Overlay("ADC (um2/s)", SQUARE, values)]))
    assert (drawn[~SQUARE] == 100).all()
    assert drawn[6, 6].sum() > drawn[2, 2].sum()
    black = rgb(GREY * 0, paint([Overlay("ADC", SQUARE, values)]))
    assert (np.abs(drawn[SQUARE] - black[SQUARE] - 50) <= 1).all()


@pytest.mark.parametrize("is_color", [False, True])
def test_that_two_veils_are_the_same_as_one_after_the_other(is_color):
    random = np.random.default_rng(0)
    heat = random.integers(0, 256, (2, 9, 9, 4), np.uint8)
    under, top = (overlay.veil(one, opacity) for one, opacity in zip(heat, (1, 0.6), strict=True))
    display = random.integers(0, 256, (9, 9, 3) if is_color else (9, 9), np.uint8)
    first = rgb(display, under).astype(np.uint8)
    both = rgb(display, overlay.stacked(under, top))
    assert np.abs(both - rgb(first, top)).max() <= 2


def test_that_legends_name_overlays_with_their_colour_or_range():
    values = np.linspace(0, 100, 81, dtype=np.float32).reshape(9, 9)
    shown = [Overlay("liver", SQUARE), Overlay("ADC (um2/s)", SQUARE, values)]
    assert legends(shown) == [
        Legend("Overlay: liver", "#e69f00"),
        Legend("Overlay: ADC (um2/s)", None),
        Legend("5 dark to 95 bright", None),
    ]


def test_that_a_saved_view_shows_overlays_below_its_map(tmp_path):
    shown = [Overlay("liver", SQUARE)]
    for name, overlays, lines in (("plain", None, ()), ("drawn", paint(shown), legends(shown))):
        view = View(GREY, None, None, "Radiological", (), None, overlays, tuple(lines))
        save_view(view, tmp_path / f"{name}.png")
    with Image.open(tmp_path / "plain.png") as plain, Image.open(tmp_path / "drawn.png") as drawn:
        assert drawn.height == plain.height + 22
        orange = [color for count, color in drawn.getcolors(1 << 20) if color == (0xE6, 0x9F, 0x00)]
        assert orange
        assert not any(color == (0xE6, 0x9F, 0x00) for _, color in plain.getcolors(1 << 20))
