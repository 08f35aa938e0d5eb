"""A voxel is at its own world point in every plane, however its volume lies."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from magic_viewer.errors import ImagingError
from magic_viewer.imaging import block as blocks
from magic_viewer.imaging.block import Block, read_block, why_no_planes
from magic_viewer.imaging.geometry import edge_letters, index_to_world, world_to_index
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.reslice import (
    PLANES,
    Grid,
    Sampler,
    Slab,
    acquired_grid,
    patient_grid,
)
from magic_viewer.imaging.study import FloatArray, Slice, Volume
from magic_viewer.progress import drain
from tests.imaging.test_same_world import all_orientations, numbered, oblique

POSITIONS = Path(__file__).resolve().parents[3] / "shared/data/viewer_dicom/mr_patient_positions"
LETTERS = {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}


def block_of(values: np.ndarray, affine: FloatArray) -> Block:
    """A block of a volume given as (i, j, k)."""
    stored = np.ascontiguousarray(values.T, np.float32)
    return Block(stored, affine, Slice(stored[0], affine=affine, spacing=(1.0, 1.0)))


def sloping(shape: tuple[int, int, int], affine: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """A volume whose values grow evenly through space, and the slope."""
    slope = np.array([0.7, -1.3, 2.1])
    points = index_to_world(affine, np.array(list(np.ndindex(shape))))
    return (points @ slope).reshape(shape), slope


def volume_of(values: np.ndarray, affine: FloatArray | None) -> Volume:
    """A volume of slices that are there already."""
    spacing = (1.0, 1.0)
    slices = [Slice(v, k, affine=np.eye(4), spacing=spacing) for k, v in enumerate(values)]
    return Volume(values.shape[:3], slices.__getitem__, affine)


@pytest.mark.parametrize("name", PLANES)
def test_that_every_voxel_is_at_its_world_point_in_all_48_orientations(name) -> None:
    for number, affine in enumerate(all_orientations()):
        values = numbered(number)
        block = block_of(values, affine)
        sampler = Sampler(block, patient_grid(block, name))
        for index in np.ndindex(values.shape):
            point_world = index_to_world(affine, index)
            image = sampler.image(sampler.grid.nearest_plane(point_world))
            column, row, depth = world_to_index(image.affine, point_world)
            assert abs(depth) < 1e-9
            assert image.modality_values[round(row), round(column)] == values[index]
            assert abs(column - round(column)) + abs(row - round(row)) < 1e-9


@pytest.mark.parametrize("name", PLANES)
def test_that_planes_are_hung_the_same_way_in_all_48_orientations(name) -> None:
    for affine in all_orientations():
        block = block_of(numbered(), affine)
        image = Sampler(block, patient_grid(block, name)).image(0)
        letters = edge_letters(image.affine)
        assert letters.left + letters.right + letters.top + letters.bottom == LETTERS[name]


def test_that_a_plane_along_the_axes_is_cut_without_a_new_spacing() -> None:
    block = block_of(np.zeros((4, 3, 5)), np.diag([0.5, 0.75, 5.0, 1.0]))
    image = Sampler(block, patient_grid(block, "coronal")).image(1)
    assert image.shape == (5, 4)
    assert image.spacing == pytest.approx((5.0, 0.5))


@pytest.mark.parametrize("name", PLANES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(affine=oblique(shear=0.5))
def test_that_oblique_and_tilted_volumes_come_out_in_true_geometry(name, affine) -> None:
    """Linear interpolation gives back an even slope exactly, at every pixel's own world point."""
    values, slope = sloping((6, 7, 5), affine)
    block = block_of(values, affine)
    sampler = Sampler(block, patient_grid(block, name))
    planes, rows, columns = sampler.grid.shape
    size = np.array(block.size)
    checked = 0
    for plane in range(0, planes, max(1, planes // 5)):
        image = sampler.image(plane)
        row, column = np.mgrid[:rows, :columns]
        pixels = np.stack([column, row, 0 * row], axis=-1)
        points = index_to_world(image.affine, pixels)
        index = world_to_index(affine, points)
        within = np.all((index >= 0) & (index <= size - 1), axis=-1)
        beyond = np.any((index < -0.501) | (index > size - 0.499), axis=-1)
        expected = points @ slope
        scale = max(1.0, np.abs(values).max())
        np.testing.assert_allclose(
            image.modality_values[within], expected[within], rtol=0, atol=2e-4 * scale
        )
        assert np.all(np.isnan(image.modality_values[beyond]))
        checked += within.sum()
    assert checked


@pytest.mark.parametrize("name", PLANES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(affine=oblique(shear=0.5))
def test_that_a_marked_voxel_is_found_at_its_world_point_in_every_plane(name, affine) -> None:
    values = np.zeros((7, 6, 5))
    values[2, 4, 1] = 1000
    block = block_of(values, affine)
    sampler = Sampler(block, patient_grid(block, name))
    point_world = index_to_world(affine, (2, 4, 1))
    plane = sampler.grid.nearest_plane(point_world)
    image = sampler.image(plane)
    column, row, depth = world_to_index(image.affine, point_world)
    assert abs(depth) <= 0.5 + 1e-6
    brightest = np.unravel_index(np.nanargmax(image.modality_values), image.shape)
    # The brightest pixel is no further than one voxel, however it lies.
    found_world = index_to_world(image.affine, (brightest[1], brightest[0], 0))
    assert np.abs(world_to_index(affine, found_world) - (2, 4, 1)).max() < 1
    assert 0 <= round(row) < image.shape[0]
    assert 0 <= round(column) < image.shape[1]


@pytest.mark.parametrize("name", PLANES)
def test_that_oblique_pixels_are_square_and_as_wide_as_the_smallest_spacing(name) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]]
    block = block_of(np.zeros((8, 8, 4)), turn @ np.diag([0.8, 0.9, 3.0, 1.0]))
    image = Sampler(block, patient_grid(block, name)).image(2)
    assert image.spacing == pytest.approx((0.8, 0.8))


def test_that_a_slab_is_the_mean_or_the_extreme_of_the_planes_within_it() -> None:
    values = np.arange(4 * 3 * 9, dtype=float).reshape(4, 3, 9) ** 1.5
    block = block_of(values, np.diag([1.0, 1.0, 2.0, 1.0]))
    sampler = Sampler(block, patient_grid(block, "axial"))
    within = values[:, :, 3:6].transpose(2, 1, 0)
    for kind, join in (("mean", np.mean), ("max", np.max), ("min", np.min)):
        shown = sampler.image(4, Slab(kind, 6.0)).modality_values
        np.testing.assert_allclose(shown, join(within, axis=0), rtol=1e-6)
    edge = sampler.image(0, Slab("max", 6.0)).modality_values
    np.testing.assert_allclose(edge, values[:, :, :2].max(axis=2).T, rtol=1e-6)


def test_that_a_slab_of_a_tilted_stack_lies_along_the_normal() -> None:
    affine = np.array([[1.0, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    values, slope = sloping((9, 9, 9), affine)
    block = block_of(values, affine)
    grid, plane = acquired_grid(block, 4)
    sampler = Sampler(block, grid)
    alone = sampler.image(plane)
    np.testing.assert_allclose(alone.modality_values, block.values[4], atol=1e-4)
    mean = sampler.image(plane, Slab("mean", 3.0)).modality_values
    points = index_to_world(alone.affine, [[(c, r, 0) for c in range(9)] for r in range(9)])
    np.testing.assert_allclose(mean[1:-1], (points @ slope)[1:-1], atol=1e-3)


def test_that_a_slab_of_a_straight_stack_is_made_of_its_own_slices() -> None:
    block = block_of(numbered().astype(float), np.diag([1.0, 1.0, 2.0, 1.0]))
    grid, plane = acquired_grid(block, 2)
    shown = Sampler(block, grid).image(plane, Slab("max", 6.0)).modality_values
    np.testing.assert_array_equal(shown, block.values[1:4].max(axis=0))


def test_that_pixels_without_a_value_stay_without_and_spoil_no_slab() -> None:
    values = np.ones((3, 3, 3))
    values[1, 1, 1] = np.nan
    block = block_of(values, np.eye(4))
    sampler = Sampler(block, patient_grid(block, "axial"))
    assert np.isnan(sampler.image(1).modality_values[1, 1])
    for kind in ("mean", "max", "min"):
        assert sampler.image(1, Slab(kind, 3.0)).modality_values[1, 1] == 1


def test_that_inside_and_outside_are_told_apart_by_half_a_voxel() -> None:
    block = block_of(np.zeros((4, 3, 5)), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert block.contains((6.9, 4.9, 8.9))
    assert not block.contains((7.1, 4.9, 8.9))


def test_that_the_nearest_plane_is_one_that_there_is() -> None:
    grid = Grid(np.eye(4), (5, 2, 2))
    assert [grid.nearest_plane((0, 0, z)) for z in (-9, 1.4, 9)] == [0, 1, 4]


def test_that_a_volume_without_other_planes_says_why() -> None:
    grey, colour = np.zeros((3, 4, 5), np.float32), np.zeros((3, 4, 5, 3), np.uint8)
    image = Slice(grey[0], affine=np.eye(4))
    whole = volume_of(grey, np.eye(4))
    flat = np.diag([1.0, 1.0, 0.0, 1.0])
    assert why_no_planes(whole, image) is None
    for volume, example, word in (
        (volume_of(grey[:1], np.eye(4)), image, "single"),
        (volume_of(colour, np.eye(4)), Slice(colour[0], affine=np.eye(4)), "colour"),
        (volume_of(grey, None), Slice(grey[0]), "where the slices lie"),
        (volume_of(grey, None), image, "evenly"),
        (volume_of(grey, flat), image, "directions"),
        (replace(whole, shape=(2000, 2048, 2048)), image, "GiB"),
    ):
        assert word in (why_no_planes(volume, example) or "")


def test_that_a_block_holds_every_slice_and_tells_how_far_it_is(monkeypatch) -> None:
    values = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
    reading = read_block(volume_of(values, np.eye(4)))
    assert [next(reading).done for _ in values] == [1, 2, 3, 4]
    np.testing.assert_array_equal(drain(reading).values, values)
    monkeypatch.setattr(blocks, "MOST_BYTES", 8)
    assert "too large" in (
        why_no_planes(volume_of(values, np.eye(4)), Slice(values[0], affine=np.eye(4))) or ""
    )


def test_that_slices_of_several_sizes_make_no_block() -> None:
    values = np.zeros((2, 3, 5), np.float32)
    volume = volume_of(values, np.eye(4))
    odd = replace(volume, shape=(2, 4, 5))
    with pytest.raises(ImagingError, match="one size"):
        drain(read_block(odd))


@pytest.mark.skipif(not POSITIONS.exists(), reason="needs the shared scans")
def test_that_four_patient_positions_show_one_phantom_in_every_plane() -> None:
    """Values at common world points agree between plane and acquired slice, in each series."""
    study = drain(open_study([POSITIONS]))
    stacks = [
        s.volumes[0]
        for s in study.series
        if why_no_planes(s.volumes[0], s.volumes[0].read_slice(0)) is None
    ]
    assert len(stacks) >= 4
    generator = np.random.default_rng(4)
    for volume, name in product(stacks, PLANES):
        block = drain(read_block(volume))
        sampler = Sampler(block, patient_grid(block, name))
        letters = edge_letters(sampler.image(0).affine)
        assert letters.left + letters.right + letters.top + letters.bottom == LETTERS[name]
        for index in generator.integers(1, np.array(block.size) - 1, (20, 3)):
            point_world = index_to_world(volume.affine, index)
            image = sampler.image(sampler.grid.nearest_plane(point_world))
            column, row, depth = world_to_index(image.affine, point_world)
            around = block.values[
                index[2] - 1 : index[2] + 2,
                index[1] - 1 : index[1] + 2,
                index[0] - 1 : index[0] + 2,
            ]
            value = image.modality_values[round(row), round(column)]
            assert abs(depth) <= 0.5 + 1e-6
            assert around.min() <= value <= around.max()
