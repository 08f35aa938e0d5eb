import numpy as np
import pytest

from magic_viewer.imaging.study import Window
from magic_viewer.ui import windowing


def test_that_a_drag_to_the_right_widens_and_to_the_left_narrows():
    start = Window(40, 400)
    assert windowing.dragged(start, 50, 0).width > 400
    assert windowing.dragged(start, -50, 0).width < 400
    assert windowing.dragged(start, 50, 0).center == 40


def test_that_a_drag_down_raises_the_centre_and_leaves_the_width():
    moved = windowing.dragged(Window(40, 400), 0, 10)
    assert moved.center > 40
    assert moved.width == 400


def test_that_a_drag_and_its_way_back_end_where_they_began():
    there = windowing.dragged(Window(40, 400), 77, 0)
    assert windowing.dragged(there, -77, 0).width == pytest.approx(400)


@pytest.mark.parametrize(("function", "smallest"), [("LINEAR", 1.0), ("LINEAR_EXACT", 1e-6)])
def test_that_no_drag_makes_a_width_that_its_function_does_not_know(function, smallest):
    window = windowing.dragged(Window(0, 2, function), -1e6, 0)
    assert window.width == smallest


def test_that_the_users_window_no_longer_has_the_files_name():
    assert windowing.dragged(Window(40, 400, name="SOFT"), 1, 1).name == ""


def test_that_a_regions_window_spans_its_values():
    window = windowing.of_region(np.array([[3.0, np.nan], [9.0, 5.0]], np.float32))
    assert (window.center, window.width) == (6.0, 6.0)


@pytest.mark.parametrize("values", [[], [4.0, 4.0], [np.nan, np.inf]])
def test_that_a_region_without_contrast_has_no_window(values):
    assert windowing.of_region(np.array(values, np.float32)) is None


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(40, 400), "W 400  C 40"),
        (Window(-600.4, 1500), "W 1500  C -600"),
        (Window(0.5, 1.0), "W 1.00  C 0.50"),
        (Window(0.0021, 0.004), "W 0.00400  C 0.00210"),
        (Window(40, 400, "SIGMOID"), "W 400  C 40  sigmoid"),
        (Window(40, 400, "LINEAR_EXACT"), "W 400  C 40"),
    ],
)
def test_that_window_values_have_as_many_digits_as_they_are_worth(window, words):
    assert windowing.words(window) == words
