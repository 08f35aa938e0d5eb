"""One volume written as DICOM and as NIfTI has the same value at the same world point.

What is expected is worked out here from the affine and the values alone: every voxel has a value
of its own, which tells where it belongs whatever way it is shown.
"""

from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from random import Random
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sequence import Sequence

from magic_viewer.imaging.geometry import (
    EdgeLetters,
    edge_letters,
    format_world,
    index_to_world,
    world_to_index,
)
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import FloatArray, Slice, Volume
from magic_viewer.progress import drain
from tests.imaging.conftest import item, save_dicom

Values = npt.NDArray[np.int16]
Writer = Callable[[Path, Values, FloatArray], Path]
LETTERS = ("RL", "AP", "FH")
SHAPE = (4, 3, 5)
# NIfTI keeps its affine in float32.
WITHIN_MM = 0.005
NEARLY_0_25 = 1e-3


def numbered(seed: int = 0) -> Values:
    """A volume (i, j, k) of numbers that are each there once, in no order."""
    values = np.random.default_rng(seed).permutation(np.prod(SHAPE)) * 501 - 15000
    return values.astype(np.int16).reshape(SHAPE)


def write_series(folder: Path, values: Values, affine: FloatArray) -> Path:
    """One file a slice; neither names nor instance numbers follow the order in space."""
    order = list(range(values.shape[2]))
    Random(7).shuffle(order)
    for name, k in enumerate(order):
        save_dicom(
            folder / "series" / f"{name}.dcm",
            values[:, :, k].T,
            ImagePositionPatient=_decimals(affine[:3, 3] + k * affine[:3, 2]),
            InstanceNumber=(7 * name) % 5 + 1,
            **_plane(affine),
            **_unscaled(),
        )
    return folder / "series"


def write_enhanced(folder: Path, values: Values, affine: FloatArray) -> Path:
    """One multi-frame file; its frames come in no order."""
    order = list(range(values.shape[2]))
    Random(3).shuffle(order)
    places = [_decimals(affine[:3, 3] + k * affine[:3, 2]) for k in order]
    frames = [
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=place)])) for place in places
    ]
    plane = _plane(affine)
    orientation = item(ImageOrientationPatient=plane["ImageOrientationPatient"])
    shared = item(
        PlaneOrientationSequence=Sequence([orientation]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=plane["PixelSpacing"])]),
    )
    return save_dicom(
        folder / "enhanced.dcm",
        np.ascontiguousarray(values.T[order]),
        NumberOfFrames=len(order),
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        **_unscaled(),
    )


def _plane(affine: FloatArray) -> dict[str, Any]:
    columns, rows = np.linalg.norm(affine[:3, :2], axis=0)
    cosines = np.concatenate([affine[:3, 0] / columns, affine[:3, 1] / rows])
    return {
        "ImageOrientationPatient": _decimals(cosines),
        "PixelSpacing": _decimals(np.array([rows, columns])),
    }


def _unscaled() -> dict[str, Any]:
    return {"Modality": "MR", "RescaleSlope": None, "RescaleIntercept": None}


def _decimals(numbers: FloatArray) -> list[str]:
    """Writes numbers in the 16 characters that DICOM has for one."""
    return [f"{number:.9g}" for number in numbers]


def write_sform(folder: Path, values: Values, affine: FloatArray) -> Path:
    """NIfTI-1 with an sform alone."""
    return _write_nifti(folder / "sform.nii", nib.Nifti1Image, values, affine, "sform")


def write_qform(folder: Path, values: Values, affine: FloatArray) -> Path:
    """NIfTI-1 with a qform alone, which can't hold shear."""
    return _write_nifti(folder / "qform.nii.gz", nib.Nifti1Image, values, affine, "qform")


def write_second(folder: Path, values: Values, affine: FloatArray) -> Path:
    """NIfTI-2."""
    return _write_nifti(folder / "second.nii", nib.Nifti2Image, values, affine, "sform")


def _write_nifti(path: Path, kind: Any, values: Values, affine: FloatArray, form: str) -> Path:
    image = kind(values, np.eye(4))
    affine_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    image.set_sform(affine_ras if form == "sform" else None, 2 if form == "sform" else 0)
    image.set_qform(affine_ras if form == "qform" else None, 1 if form == "qform" else 0)
    nib.save(image, path)
    return path


WRITERS: tuple[Writer, ...] = (
    write_series,
    write_enhanced,
    write_sform,
    write_qform,
    write_second,
)
FOR_SHEAR = tuple(writer for writer in WRITERS if writer is not write_qform)


def opened(path: Path) -> Volume:
    """Opens what must be one volume."""
    study = drain(open_study([path]))
    assert study.rejected == ()
    assert [len(series.volumes) for series in study.series] == [1]
    return study.series[0].volumes[0]


def check(volume: Volume, values: Values, affine: FloatArray) -> None:
    """Checks values at all world points, and the letters of the shown slices."""
    assert volume.affine is not None
    assert sorted(volume.shape) == sorted(values.shape)
    images = [volume.read_slice(k) for k in range(volume.shape[0])]
    for index in np.ndindex(values.shape):
        point_world = affine[:3, :3] @ index + affine[:3, 3]
        found = world_to_index(volume.affine, point_world)
        i, j, k = (round(float(part)) for part in found)
        assert images[k].modality_values[j, i] == values[index]
        there = index_to_world(volume.affine, (i, j, k))
        np.testing.assert_allclose(there, point_world, rtol=0, atol=WITHIN_MM)
        slice_affine = images[k].affine
        assert slice_affine is not None
        in_slice = index_to_world(slice_affine, (i, j, 0))
        np.testing.assert_allclose(in_slice, point_world, rtol=0, atol=WITHIN_MM)
    for image in images:
        check_letters(image, values, affine)


def check_letters(image: Slice, values: Values, affine: FloatArray) -> None:
    """Compares edges with where the values at the corners of the picture belong."""
    letters = edge_letters(image.affine)
    assert letters is not None
    corner, right, bottom = (
        world_of(float(image.modality_values[at]), values, affine)
        for at in ((0, 0), (0, -1), (-1, 0))
    )
    for start, end, before, after in (
        (corner, right, letters.left, letters.right),
        (corner, bottom, letters.top, letters.bottom),
    ):
        assert after == expected_letters(end - start)
        assert before == expected_letters(start - end)


def world_of(value: float, values: Values, affine: FloatArray) -> FloatArray:
    """Gives the world point of the voxel that alone has a value."""
    (index,) = np.argwhere(values == value)
    point: FloatArray = affine[:3, :3] @ index + affine[:3, 3]
    return point


def expected_letters(direction: FloatArray) -> str:
    """Names a direction: its largest part, and the second if it is more than a quarter."""
    parts = direction / np.sqrt((direction**2).sum())
    ranked = sorted(range(3), key=lambda axis: -abs(parts[axis]))[:2]
    named = [axis for axis in ranked if axis == ranked[0] or abs(parts[axis]) > 0.25]
    return "".join(LETTERS[axis][int(parts[axis] > 0)] for axis in named)


def test_that_a_worked_example_is_at_its_point_in_both(tmp_path: Path) -> None:
    """Every number is written out, so that no helper here can hide a wrong sign."""
    lps = np.array([[1.5, 0, 0, -90], [0, 2, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
    ras = np.array([[-1.5, 0, 0, 90], [0, -2, 0, 126], [0, 0, 3, -72], [0, 0, 0, 1]])
    values = np.zeros(SHAPE, np.int16)
    values[2, 1, 4] = 700
    nib.save(nib.Nifti1Image(values, ras), tmp_path / "scan.nii")
    for path in (write_series(tmp_path, values, lps), tmp_path / "scan.nii"):
        volume = opened(path)
        top = volume.read_slice(4)
        assert top.modality_values[1, 2] == 700
        assert top.affine is not None
        place = index_to_world(top.affine, (2, 1, 0))
        assert format_world(place) == "R 87.0 A 124.0 I 60.0"
        assert edge_letters(top.affine) == EdgeLetters(left="R", right="L", top="A", bottom="P")


@pytest.mark.parametrize("writer", WRITERS)
def test_that_a_value_stays_at_its_world_point_in_all_48_orientations(
    writer: Writer, tmp_path: Path
) -> None:
    for number, affine in enumerate(all_orientations()):
        folder = tmp_path / str(number)
        folder.mkdir()
        check(opened(writer(folder, numbered(number), affine)), numbered(number), affine)


@pytest.mark.parametrize("writer", WRITERS)
def test_that_the_patients_left_is_never_shown_as_the_right(writer: Writer, tmp_path: Path) -> None:
    for number, affine in enumerate(all_orientations()):
        folder = tmp_path / str(number)
        folder.mkdir()
        points = np.array([affine[:3, :3] @ at + affine[:3, 3] for at in np.ndindex(SHAPE)])
        marked = np.where(points[:, 0] == points[:, 0].max(), 900, 0)
        volume = opened(writer(folder, marked.astype(np.int16).reshape(SHAPE), affine))
        shown = np.stack([volume.read_slice(k).modality_values for k in range(volume.shape[0])])
        check_left(volume, shown == 900)


def check_left(volume: Volume, marked: npt.NDArray[np.bool_]) -> None:
    """Checks that the marked plane is the one at the edge that is called left."""
    letters = edge_letters(volume.affine)
    assert letters is not None
    sides = {
        letters.top: marked[:, 0],
        letters.bottom: marked[:, -1],
        letters.left: marked[:, :, 0],
        letters.right: marked[:, :, -1],
    }
    if "L" in sides:
        assert sides["L"].all()
        assert not sides["R"].any()
        return
    assert volume.affine is not None
    last_is_left = bool(volume.affine[0, 2] > 0)
    assert marked[-1].all() == last_is_left
    assert marked[0].all() != last_is_left


def all_orientations() -> list[FloatArray]:
    """Every way to lay three axes along the world's, with unequal spacing."""
    affines = []
    for order, signs in product(permutations(range(3)), product((-1, 1), repeat=3)):
        affine = np.eye(4)
        affine[:3, :3] = np.eye(3)[:, order] * signs * (0.75, 1.5, 3.25)
        affine[:3, 3] = (-31.5, 12.25, 70.75)
        affines.append(affine)
    return affines


angles = st.floats(-np.pi, np.pi)
spacings = st.floats(0.3, 6)
millimetres = st.floats(-300, 300)


@st.composite
def oblique(draw: st.DrawFn, shear: float = 0.0) -> FloatArray:
    """Any rotation, mirrored or not, with unequal spacing; slices shifted by up to `shear`."""
    affine = np.eye(4)
    for first, second in ((0, 1), (1, 2), (0, 1)):
        turn, angle = np.eye(4), draw(angles)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        affine @= turn
    affine[:3, :3] *= [draw(spacings) for _ in range(3)]
    affine[:3, draw(st.integers(0, 2))] *= draw(st.sampled_from((-1, 1)))
    if shear:
        # As a tilted gantry does: the slices slide along their columns, by an angle.
        length = np.linalg.norm(affine[:3, 2]) / np.linalg.norm(affine[:3, 1])
        affine[:3, 2] += affine[:3, 1] * length * draw(st.floats(0.05, shear))
    affine[:3, 3] = [draw(millimetres) for _ in range(3)]
    return affine


def letters_are_clear(affine: FloatArray) -> bool:
    """Whether no direction is so near to where letters change that rounding could decide."""
    parts = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    apart = np.abs(np.diff(np.sort(parts, axis=0), axis=0)).min()
    return bool(apart > NEARLY_0_25 and np.abs(parts - 0.25).min() > NEARLY_0_25)


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(affine=oblique().filter(letters_are_clear))
def test_that_a_value_stays_at_its_world_point_however_it_is_turned(
    writer: Writer, affine: FloatArray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(opened(writer(tmp_path_factory.mktemp("turned"), numbered(), affine)), numbered(), affine)


@pytest.mark.parametrize("writer", FOR_SHEAR)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(affine=oblique(shear=0.6).filter(letters_are_clear))
def test_that_a_value_stays_at_its_world_point_under_gantry_tilt(
    writer: Writer, affine: FloatArray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(opened(writer(tmp_path_factory.mktemp("tilted"), numbered(), affine)), numbered(), affine)


@pytest.mark.parametrize("writer", [write_sform, write_qform, write_second])
def test_that_nifti_is_shown_axial_with_the_patients_left_on_screen_right(
    writer: Writer, tmp_path: Path
) -> None:
    for number, affine in enumerate(all_orientations()):
        folder = tmp_path / str(number)
        folder.mkdir()
        volume = opened(writer(folder, numbered(), affine))
        letters = edge_letters(volume.read_slice(0).affine)
        assert letters == EdgeLetters(left="R", right="L", top="A", bottom="P")
        last = volume.read_slice(volume.shape[0] - 1).modality_values[-1, -1]
        points = np.array([affine[:3, :3] @ at + affine[:3, 3] for at in np.ndindex(SHAPE)])
        left_back_top = world_of(float(last), numbered(), affine)
        np.testing.assert_allclose(left_back_top, points.max(axis=0))
