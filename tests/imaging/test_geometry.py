"""Places and directions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic_viewer.imaging.geometry import (
    EdgeLetters,
    affine_spacing,
    edge_letters,
    format_world,
    index_to_world,
    plane_affine,
    plane_name,
    swap_lps_ras,
    world_to_index,
)
from magic_viewer.imaging.study import FloatArray

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
OBLIQUE = (0.64, 0.768, 0, 0, 0, -1)

millimetres = st.floats(-500, 500)
angles = st.floats(-np.pi, np.pi)


@st.composite
def affines(draw: st.DrawFn) -> FloatArray:
    """Any rotation, any reasonable spacing, any origin."""
    affine = np.eye(4)
    for first, second in ((0, 1), (1, 2), (0, 1)):
        affine @= _turn(first, second, draw(angles))
    affine[:3, :3] *= [draw(st.floats(0.1, 10)) for _ in range(3)]
    affine[:3, 3] = [draw(millimetres) for _ in range(3)]
    return affine


def _turn(first: int, second: int, angle: float) -> FloatArray:
    turn = np.eye(4)
    turn[first, first] = turn[second, second] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    return turn


@given(affines(), st.tuples(millimetres, millimetres, millimetres))
def test_that_index_and_world_are_inverses(
    affine: FloatArray, index: tuple[float, float, float]
) -> None:
    back = world_to_index(affine, index_to_world(affine, index))
    np.testing.assert_allclose(back, index, atol=1e-6)


@given(affines())
def test_that_lps_and_ras_swap_back_and_differ_in_x_and_y_only(affine: FloatArray) -> None:
    ras = swap_lps_ras(affine)
    np.testing.assert_array_equal(swap_lps_ras(ras), affine)
    np.testing.assert_array_equal(ras[:2], -affine[:2])
    np.testing.assert_array_equal(ras[2:], affine[2:])


def test_that_pixel_spacing_gives_the_row_distance_first() -> None:
    affine = plane_affine((1, 2, 3), AXIAL, (0.75, 0.5))
    np.testing.assert_allclose(index_to_world(affine, (2, 4, 0)), (1 + 2 * 0.5, 2 + 4 * 0.75, 3))
    assert affine_spacing(affine) == (0.5, 0.75, 1.0)


def test_that_a_slice_step_may_lean() -> None:
    affine = plane_affine((0, 0, 0), AXIAL, (1, 1), slice_step=(0, 1, 3))
    np.testing.assert_allclose(index_to_world(affine, (0, 0, 2)), (0, 2, 6))


@pytest.mark.parametrize(
    ("orientation", "letters", "plane"),
    [
        (AXIAL, EdgeLetters("R", "L", "A", "P"), "axial"),
        (CORONAL, EdgeLetters("R", "L", "H", "F"), "coronal"),
        (SAGITTAL, EdgeLetters("A", "P", "H", "F"), "sagittal"),
        ((-1, 0, 0, 0, -1, 0), EdgeLetters("L", "R", "P", "A"), "axial"),
        (OBLIQUE, EdgeLetters("AR", "PL", "H", "F"), "oblique"),
        ((0.99, 0.14, 0, -0.14, 0.99, 0), EdgeLetters("R", "L", "A", "P"), "axial"),
    ],
)
def test_that_edges_and_plane_follow_the_direction_cosines(
    orientation: tuple[float, ...], letters: EdgeLetters, plane: str
) -> None:
    affine = plane_affine((5, 5, 5), orientation, (2, 3))
    assert edge_letters(affine) == letters
    assert plane_name(affine) == plane


@pytest.mark.parametrize("affine", [None, np.zeros((4, 4)), np.full((4, 4), np.nan)])
def test_that_no_letters_are_given_without_orientation(affine: FloatArray | None) -> None:
    assert edge_letters(affine) is None
    assert plane_name(affine) is None


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ((-17.6, 35.3, 12.1), "R 17.6 P 35.3 S 12.1"),
        ((17.6, -35.3, -12.1), "L 17.6 A 35.3 I 12.1"),
        ((0, 0, 0), "L 0.0 P 0.0 S 0.0"),
    ],
)
def test_that_a_world_point_reads_as_radiologists_write_it(
    point: tuple[float, float, float], text: str
) -> None:
    assert format_world(point) == text
