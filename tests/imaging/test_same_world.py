"""One volume written as DICOM and as NIfTI: the same value at the same world point, everywhere."""

from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian

from magic_viewer.imaging.geometry import edge_letters, index_to_world, world_to_index
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import Series, Volume
from magic_viewer.progress import drain

from .conftest import item

Affine = npt.NDArray[np.float64]
Array = npt.NDArray[np.int16]
SHAPE = (4, 3, 5)
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
AXES = list(product(permutations(range(3)), product((1, -1), repeat=3)))
LETTERS = {(0, 1): "L", (0, -1): "R", (1, 1): "P", (1, -1): "A", (2, 1): "H", (2, -1): "F"}


def numbers() -> Array:
    """A volume (i, j, k) in which every voxel has a value of its own."""
    return np.arange(1, 1 + np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def turned(order: tuple[int, ...], signs: tuple[int, ...]) -> Affine:
    """LPS affine whose axes run along those of the world, in some order and direction."""
    affine = np.zeros((4, 4))
    for axis, (world, sign, mm) in enumerate(zip(order, signs, (0.8, 1.5, 3.0), strict=True)):
        affine[world, axis] = sign * mm
    affine[:, 3] = (-12.5, 40.25, 7.75, 1)
    return affine


def oblique(angles: tuple[float, ...], mm: tuple[float, ...], shear: float) -> Affine:
    """LPS affine turned about all three axes; the slices may be shifted against each other."""
    affine = np.eye(4)
    for axis, angle in enumerate(angles):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(4)
        turn[one, one] = turn[two, two] = np.cos(angle)
        turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
        affine = turn @ affine
    affine = affine @ np.diag([*mm, 1.0])
    affine[:3, 2] += shear * affine[:3, 1]
    affine[:3, 3] = (3.5, -60.25, 11.0)
    return affine


def write_series(folder: Path, array: Array, affine: Affine) -> Path:
    """One file a slice, in an order and with numbers that tell nothing."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, k in enumerate(rng.permutation(array.shape[2])):
        dataset = mr_image(array[:, :, [k]], affine)
        dataset.ImagePositionPatient = list(affine[:3, 3] + k * affine[:3, 2])
        dataset.InstanceNumber = int(rng.integers(1, 99))
        dataset.SOPInstanceUID = f"1.2.3.{name}"
        dataset.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return folder


def write_enhanced(path: Path, array: Array, affine: Affine) -> Path:
    """One file with a functional group for every frame."""
    dataset = mr_image(array, affine)
    dataset.SOPClassUID = EnhancedMRImageStorage
    dataset.NumberOfFrames = array.shape[2]
    orientation, spacing = dataset.ImageOrientationPatient, dataset.PixelSpacing
    del dataset.ImageOrientationPatient, dataset.PixelSpacing
    dataset.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PixelMeasuresSequence=Sequence([item(PixelSpacing=spacing)]),
                PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=orientation)]),
            )
        ]
    )
    places = [list(affine[:3, 3] + k * affine[:3, 2]) for k in range(array.shape[2])]
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=place)])) for place in places
    )
    dataset.save_as(path, enforce_file_format=True)
    return path


def mr_image(array: Array, affine: Affine) -> Dataset:
    """What a series' files and an enhanced file share; pixels (i, j, k)."""
    spacing = np.linalg.norm(affine[:3, :2], axis=0)
    directions = affine[:3, :2] / spacing
    dataset = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
        SOPInstanceUID="1.2.3.4",
        SeriesInstanceUID="1.2.3",
        FrameOfReferenceUID="1.2.4",
        Modality="MR",
        ImageOrientationPatient=[float(f"{part:.10g}") for part in directions.T.ravel()],
        PixelSpacing=[float(f"{mm:.10g}") for mm in spacing[::-1]],
        Rows=array.shape[1],
        Columns=array.shape[0],
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=1,
        PixelData=array.T.tobytes(),
    )
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def write_nifti(path: Path, array: Array, affine: Affine, kind: Any, form: str) -> Path:
    image = kind(array, TO_RAS @ affine)
    image.set_sform(TO_RAS @ affine, 1 if form == "sform" else 0)
    image.set_qform(TO_RAS @ affine if form == "qform" else None, 1 if form == "qform" else 0)
    nib.save(image, path)
    return path


WRITERS: dict[str, Callable[[Path, Array, Affine], Path]] = {
    "series": lambda place, *volume: write_series(place / "series", *volume),
    "enhanced": lambda place, *volume: write_enhanced(place / "enhanced.dcm", *volume),
    "sform": lambda place, *volume: write_nifti(place / "s.nii", *volume, nib.Nifti1Image, "sform"),
    "qform": lambda place, *volume: write_nifti(place / "q.nii", *volume, nib.Nifti1Image, "qform"),
    "NIfTI-2": lambda place, *volume: write_nifti(
        place / "2.nii.gz", *volume, nib.Nifti2Image, "sform"
    ),
}


def open_as(writer: str, place: Path, array: Array, affine: Affine) -> Series:
    study = drain(open_study([WRITERS[writer](place, array, affine)]))
    assert study.rejected == ()
    (series,) = study.series
    return series


def value_at(volume: Volume, point_world: npt.NDArray[np.float64]) -> float:
    """The value of the voxel whose centre is at a world point."""
    assert volume.affine is not None
    index = world_to_index(volume.affine, point_world)
    i, j, k = np.rint(index).astype(int)
    assert np.abs(index - (i, j, k)).max() < 1e-3
    image = volume.read_slice(int(k))
    assert image.affine is not None
    np.testing.assert_allclose(index_to_world(image.affine, (i, j, 0)), point_world, atol=1e-3)
    return float(image.modality_values[j, i])


def check_world(series: Series, array: Array, affine: Affine) -> None:
    """Asks for the value at the centre of every voxel that was written."""
    (volume,) = series.volumes
    for stored in np.ndindex(array.shape):
        point_world = index_to_world(affine, stored)
        assert value_at(volume, point_world) == array[stored]


def letter(direction: npt.NDArray[np.float64]) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return LETTERS[axis, int(np.sign(direction[axis]))]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("order", "signs"), AXES)
def test_that_every_orientation_keeps_every_value_at_its_world_point(
    tmp_path: Path, writer: str, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    affine = turned(order, signs)
    series = open_as(writer, tmp_path, numbers(), affine)
    check_world(series, numbers(), affine)
    shown = series.volumes[0].read_slice(0).affine
    letters = edge_letters(shown)
    assert shown is not None
    assert letters is not None
    assert (letters.right, letters.bottom) == (letter(shown[:3, 0]), letter(shown[:3, 1]))
    assert {letters.left, letters.right} in ({"L", "R"}, {"A", "P"}, {"H", "F"})


@pytest.mark.parametrize("writer", ["sform", "qform", "NIfTI-2"])
@pytest.mark.parametrize(("order", "signs"), AXES)
def test_that_nifti_is_shown_axial_with_the_patients_left_on_screen_right(
    tmp_path: Path, writer: str, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    affine = turned(order, signs)
    points = np.array([index_to_world(affine, at) for at in np.ndindex(SHAPE)])
    marked = numbers() * 0
    marked.ravel()[np.argmax(points @ (1, 0.01, 0.0001))] = 1  # farthest left, then back, then up
    volume = open_as(writer, tmp_path, marked, affine).volumes[0]
    top = volume.read_slice(volume.shape[0] - 1).modality_values
    assert top[-1, -1] == 1
    letters = edge_letters(volume.read_slice(0).affine)
    assert letters is not None
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")


angle = st.floats(-np.pi, np.pi)
spacing = st.floats(0.3, 4.0)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    angles=st.tuples(angle, angle, angle),
    mm=st.tuples(spacing, spacing, spacing),
    shear=st.sampled_from([0.0, 0.0, 0.3, -0.2]),
    mirrored=st.booleans(),
)
@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "qform"])
def test_that_oblique_mirrored_and_tilted_volumes_keep_their_world_points(
    tmp_path_factory: pytest.TempPathFactory,
    writer: str,
    angles: tuple[float, float, float],
    mm: tuple[float, float, float],
    shear: float,
    mirrored: bool,
) -> None:
    affine = oblique(angles, mm, shear)
    if mirrored:
        affine[:3, 2] *= -1
    series = open_as(writer, tmp_path_factory.mktemp("scan"), numbers(), affine)
    check_world(series, numbers(), affine)
