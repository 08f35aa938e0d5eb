import numpy as np
import pytest

from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.study import Overlay, Slice, Window
from magic_viewer.pipeline import overlay
from magic_viewer.ui import picture as module
from magic_viewer.ui.picture import Picture

VALUES = np.arange(20, dtype=np.float32).reshape(4, 5)
WINDOW = Window(10, 20, "LINEAR_EXACT")


def red_veil(shape=(4, 5)):
    heat = np.zeros((*shape, 4), np.uint8)
    heat[..., 0] = heat[..., 3] = 255
    return overlay.veil(heat, 1.0)


def rgb(picture):
    image = picture.image()
    return np.array(
        [
            [image.pixelColor(x, y).getRgb()[:3] for x in range(image.width())]
            for y in range(image.height())
        ]
    )


def test_that_without_a_slice_there_is_no_image():
    assert Picture().image() is None


def test_that_a_grey_slice_is_shown_as_its_window_says():
    picture = Picture()
    picture.set_slice(Slice(VALUES))
    picture.set_window(WINDOW, inverted=False)
    expected = to_display(Slice(VALUES), WINDOW)
    np.testing.assert_array_equal(rgb(picture), np.repeat(expected[..., None], 3, axis=2))


def test_that_red_green_and_blue_keep_their_places():
    color = np.random.default_rng(1).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Picture()
    picture.set_slice(Slice(color))
    np.testing.assert_array_equal(rgb(picture), color)


def test_that_the_map_of_the_slice_before_is_not_laid_over_another():
    picture = Picture()
    picture.set_slice(Slice(VALUES))
    picture.set_veil(red_veil())
    assert (rgb(picture) == (255, 0, 0)).all()
    picture.set_slice(Slice(np.zeros((6, 7), np.float32)))
    assert rgb(picture).shape == (6, 7, 3)
    assert not (rgb(picture) == (255, 0, 0)).all()


def test_that_a_map_does_not_outlive_its_switching_off():
    picture = Picture()
    picture.set_slice(Slice(VALUES))
    plain = rgb(picture)
    picture.set_veil(red_veil())
    picture.set_veil(None)
    np.testing.assert_array_equal(rgb(picture), plain)


def test_that_changes_between_two_frames_cost_one_picture(monkeypatch: pytest.MonkeyPatch):
    made = []

    def counted(*arguments):
        made.append(arguments)
        return to_display(*arguments)

    monkeypatch.setattr(module, "to_display", counted)
    picture = Picture()
    picture.set_slice(Slice(VALUES))
    for center in range(10):
        picture.set_window(Window(center, 20), inverted=False)
    picture.image()
    picture.image()
    picture.set_veil(red_veil())
    picture.image()
    assert len(made) == 1


def test_that_a_drag_of_the_window_paints_no_overlay_again(monkeypatch: pytest.MonkeyPatch):
    painted = []
    monkeypatch.setattr(module, "paint", lambda overlays: painted.append(overlays) or red_veil())
    picture = Picture()
    picture.set_slice(Slice(VALUES, overlays=(Overlay("a", VALUES > 3),)))
    for center in range(5):
        picture.set_window(Window(center, 20), inverted=False)
        picture.image()
    picture.show_overlays(False)
    assert not (rgb(picture) == (255, 0, 0)).all()
    picture.show_overlays(True)
    assert (rgb(picture) == (255, 0, 0)).all()
    assert len(painted) == 1


def test_that_overlays_lie_below_the_map():
    picture = Picture()
    picture.set_slice(Slice(VALUES, overlays=(Overlay("a", VALUES >= 0),)))
    below = rgb(picture)
    picture.set_veil(red_veil())
    assert (rgb(picture) == (255, 0, 0)).all()
    picture.set_veil(None)
    np.testing.assert_array_equal(rgb(picture), below)
