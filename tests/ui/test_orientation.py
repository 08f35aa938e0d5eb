"""Left and right are never mixed up: pixels, letters and the item's transform agree."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.ui.orientation import Orientation, by_convention
from magic_viewer.ui.slice_item import transform

ALL = [Orientation(mirrored, turns) for mirrored in (False, True) for turns in range(4)]
EDGES = EdgeLetters("R", "L", "A", "P")
# One letter at the middle of each edge of a 3 × 5 slice.
MARKED = np.array([list("..A.."), list("R...L"), list("..P..")])


def edges_of(pixels):
    rows, columns = pixels.shape
    return EdgeLetters(
        pixels[rows // 2, 0],
        pixels[rows // 2, -1],
        pixels[0, columns // 2],
        pixels[-1, columns // 2],
    )


@pytest.mark.parametrize("orientation", ALL)
def test_that_letters_move_with_the_pixels(orientation):
    assert orientation.letters(EDGES) == edges_of(orientation.apply(MARKED))


@pytest.mark.parametrize("orientation", ALL)
def test_that_the_view_draws_pixels_where_an_export_puts_them(orientation):
    numbered = np.arange(15).reshape(3, 5)
    turned = orientation.apply(numbered)
    to_view = transform((3, 5), (1.0, 1.0), orientation)
    for row in range(3):
        for column in range(5):
            point = to_view.map(QPointF(column + 0.5, row + 0.5))
            assert turned[int(point.y()), int(point.x())] == numbered[row, column]


@pytest.mark.parametrize("orientation", ALL)
def test_that_the_view_starts_at_zero_and_keeps_millimetres(orientation):
    to_view = transform((3, 5), (2.0, 0.5), orientation)
    extent = to_view.mapRect(QRectF(0, 0, 5, 3))
    across, down = (6.0, 2.5) if orientation.quarter_turns % 2 else (2.5, 6.0)
    assert (extent.x(), extent.y(), extent.width(), extent.height()) == (0, 0, across, down)


@pytest.mark.parametrize("orientation", ALL)
def test_that_flips_and_turns_are_those_of_the_screen(orientation):
    shown = orientation.apply(MARKED)
    np.testing.assert_array_equal(orientation.flipped_horizontally().apply(MARKED), shown[:, ::-1])
    np.testing.assert_array_equal(orientation.flipped_vertically().apply(MARKED), shown[::-1])
    np.testing.assert_array_equal(orientation.turned(1).apply(MARKED), np.rot90(shown, -1))
    assert orientation.turned(1).turned(-1) == orientation


@pytest.mark.parametrize(
    "native", [EdgeLetters("R", "L", "A", "P"), EdgeLetters("L", "R", "A", "P")]
)
def test_that_radiological_puts_the_patients_right_on_screen_left(native):
    assert by_convention(native, radiological=True).letters(native).left == "R"
    assert by_convention(native, radiological=False).letters(native).left == "L"


@pytest.mark.parametrize("edges", [None, EdgeLetters("A", "P", "H", "F")])
def test_that_a_slice_without_left_and_right_stays_as_it_is(edges):
    for radiological in (True, False):
        assert by_convention(edges, radiological) == Orientation()


def test_that_an_unknown_direction_gets_no_letters():
    assert Orientation(True, 1).letters(None) is None
