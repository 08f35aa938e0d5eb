"""NIfTI: orientation, scaling, damage."""

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.display import default_window
from magic_viewer.imaging.geometry import edge_letters, index_to_world, swap_lps_ras
from magic_viewer.imaging.study import FloatArray, Series, Window
from magic_viewer.imaging.volume_file import read_volume_file

OpenOne = Callable[..., Series]
AXIS_CODES = [
    "".join(codes)
    for order in itertools.permutations(("LR", "PA", "IS"))
    for codes in itertools.product(*order)
]
OBLIQUE_RAS = np.array(
    [[1.9, 0.2, 0.3, -30], [-0.2, 2.8, 0.5, 12], [-0.3, -0.4, 3.9, 7], [0, 0, 0, 1]]
)


def write(
    path: Path, array: npt.NDArray[Any], affine_ras: FloatArray | None = None, **fields: Any
) -> Path:
    """Writes NIfTI-1 with a coded sform, but for the header fields given."""
    image = nib.Nifti1Image(array, np.eye(4) if affine_ras is None else affine_ras)
    image.header.set_sform(image.affine, 1)
    image.header.set_qform(None, 0)
    nib.save(image, path)
    if fields:
        change_header(path, **fields)
    return path


def change_header(path: Path, **fields: Any) -> None:
    """Writes header fields over those of a plain .nii, unchecked."""
    block = bytearray(path.read_bytes())
    header = nib.Nifti1Header(bytes(block[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    block[:348] = header.binaryblock
    path.write_bytes(block)


def counting(*shape: int) -> npt.NDArray[np.int16]:
    """Every voxel with a value of its own."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def stack(series: Series, volume: int = 0) -> npt.NDArray[np.float32]:
    """All slices of a volume, (k, j, i)."""
    chosen = series.volumes[volume]
    return np.stack([chosen.read_slice(k).modality_values for k in range(chosen.shape[0])])


@pytest.mark.parametrize("codes", AXIS_CODES)
def test_that_every_storage_order_shows_the_same_picture_at_the_same_world_point(
    tmp_path: Path, open_one: OpenOne, codes: str
) -> None:
    canonical = nib.Nifti1Image(counting(4, 3, 2), OBLIQUE_RAS)
    wanted = nib.orientations.axcodes2ornt(tuple(codes))
    turn = nib.orientations.ornt_transform(nib.orientations.io_orientation(OBLIQUE_RAS), wanted)
    stored = canonical.as_reoriented(turn)
    path = write(tmp_path / f"{codes}.nii", np.asarray(stored.dataobj), stored.affine)

    volume = open_one(path).volumes[0]

    assert volume.shape == (2, 3, 4)
    assert volume.spacing == pytest.approx(np.linalg.norm(OBLIQUE_RAS[:3, 2::-1], axis=0), rel=1e-5)
    np.testing.assert_array_equal(stack(open_one(path)), counting(4, 3, 2)[::-1, ::-1].T)
    image = volume.read_slice(1)
    i, j, k = 4 - 1 - 2, 3 - 1 - 0, 1
    assert image.modality_values[j, i] == counting(4, 3, 2)[2, 0, 1]
    for affine, index in ((volume.affine, (i, j, k)), (image.affine, (i, j, 0))):
        assert affine is not None
        world_ras = index_to_world(swap_lps_ras(affine), index)
        np.testing.assert_allclose(world_ras, (OBLIQUE_RAS @ [2, 0, 1, 1])[:3], atol=1e-4)


def test_that_the_patients_right_is_on_the_left_and_anterior_is_up(
    tmp_path: Path, open_one: OpenOne
) -> None:
    array = np.zeros((5, 6, 7), np.float32)
    array[-1, -1, -1] = 1  # the last voxel of RAS: most right, anterior, superior
    series = open_one(write(tmp_path / "a.nii", array))
    top = series.volumes[0].read_slice(6)
    letters = edge_letters(top.affine)
    assert letters is not None
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")
    assert top.modality_values[0, 0] == 1


def test_that_packaged_anatomy_keeps_its_world_points(
    nibabel_files: Path, open_one: OpenOne
) -> None:
    path = nibabel_files / "anatomical.nii"
    volume, reference = open_one(path).volumes[0], nib.load(path)
    assert volume.stored_to_index is not None
    assert volume.affine is not None
    for stored in ((0, 0, 0), (5, 9, 13), (32, 40, 24)):
        i, j, k = (volume.stored_to_index @ [*stored, 1])[:3].round().astype(int)
        assert volume.read_slice(k).modality_values[j, i] == np.float32(reference.dataobj[stored])
        np.testing.assert_allclose(
            index_to_world(swap_lps_ras(volume.affine), (i, j, k)),
            (reference.affine @ [*stored, 1])[:3],
            atol=1e-4,
        )


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.hdr"])
def test_that_every_container_gives_the_same_voxels(
    tmp_path: Path, open_one: OpenOne, name: str
) -> None:
    path = tmp_path / name
    kind = nib.Nifti1Pair if name.endswith("hdr") else nib.Nifti1Image
    nib.save(kind(counting(4, 3, 2), np.eye(4)), path)
    np.testing.assert_array_equal(stack(open_one(path)), counting(4, 3, 2)[::-1, ::-1].T)


def test_that_four_dimensions_become_volumes(tmp_path: Path, open_one: OpenOne) -> None:
    series = open_one(write(tmp_path / "a.nii.gz", counting(4, 3, 2, 5)))
    assert len(series.volumes) == 5
    np.testing.assert_array_equal(stack(series, 3), counting(4, 3, 2, 5)[::-1, ::-1, :, 3].T)


def test_that_axes_beyond_the_third_are_counted_together(tmp_path: Path, open_one: OpenOne) -> None:
    series = open_one(write(tmp_path / "a.nii", counting(4, 3, 2, 2, 3)))
    assert len(series.volumes) == 6
    for volume, (component, time) in enumerate(itertools.product(range(3), range(2))):
        wanted = counting(4, 3, 2, 2, 3)[::-1, ::-1, :, time, component].T
        np.testing.assert_array_equal(stack(series, volume), wanted)


def test_that_seven_dimensions_open(tmp_path: Path, open_one: OpenOne) -> None:
    series = open_one(write(tmp_path / "a.nii.gz", counting(2, 2, 2, 2, 1, 3, 2)))
    assert len(series.volumes) == 12
    wanted = counting(2, 2, 2, 2, 1, 3, 2)[::-1, ::-1, :, 1, 0, 2, 1].T
    np.testing.assert_array_equal(stack(series, 11), wanted)


def test_that_two_dimensions_are_one_slice(tmp_path: Path, open_one: OpenOne) -> None:
    series = open_one(write(tmp_path / "a.nii", counting(4, 3)))
    assert series.volumes[0].shape == (1, 3, 4)


@pytest.mark.parametrize(
    ("slope", "intercept", "value"),
    [(2, -1024, 2 * 23 - 1024), (0, 5, 23), (np.nan, np.nan, 23), (np.inf, 0, 23), (0.5, 0, 11.5)],
)
def test_that_values_are_scaled_as_the_standard_says(
    tmp_path: Path, open_one: OpenOne, slope: float, intercept: float, value: float
) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), scl_slope=slope, scl_inter=intercept)
    assert stack(open_one(path)).max() == value


def test_that_non_numbers_stay_what_they_are(tmp_path: Path, open_one: OpenOne) -> None:
    array = np.full((4, 3, 2), np.nan, np.float32)
    array[0, 0, 0], array[1, 0, 0] = 5, np.inf
    image = open_one(write(tmp_path / "a.nii", array)).volumes[0].read_slice(0)
    assert np.isnan(image.modality_values).sum() == 10
    assert default_window(image) == Window(5.5, 1, "LINEAR_EXACT")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"])
def test_that_every_type_of_number_is_read_in_both_byte_orders(
    tmp_path: Path, open_one: OpenOne, code: str, order: str
) -> None:
    array = counting(4, 3, 2).astype(code)
    if array.dtype.kind != "u":
        array[0, 0, 0] = -7
    header = nib.Nifti1Header(endianness=order)
    header.set_data_dtype(array.dtype)
    nib.save(nib.Nifti1Image(array, np.eye(4), header), tmp_path / "a.nii")
    volume = stack(open_one(tmp_path / "a.nii"))
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume, array[::-1, ::-1].T)


@pytest.mark.parametrize("code", ["c8", "c16"])
def test_that_complex_voxels_are_shown_as_magnitude_and_it_is_told(
    tmp_path: Path, open_one: OpenOne, code: str
) -> None:
    path = write(tmp_path / "a.nii", np.full((4, 3, 2), 3 - 4j, code), scl_slope=2, scl_inter=0)
    series = open_one(path)
    np.testing.assert_array_equal(stack(series), np.full((2, 3, 4), 10, np.float32))
    assert series.volumes[0].read_slice(0).rescale_slope is None
    assert "magnitude" in series.notices[0].text


@pytest.mark.parametrize("channels", ["RGB", "RGBA"])
def test_that_rgb_voxels_are_colour(tmp_path: Path, open_one: OpenOne, channels: str) -> None:
    array = np.zeros((4, 3, 2), [(channel, "u1") for channel in channels])
    array["G"][3, 2, 1] = 200
    image = open_one(write(tmp_path / "a.nii", array)).volumes[0].read_slice(1)
    assert image.modality_values.dtype == np.uint8
    assert image.modality_values[0, 0].tolist() == [0, 200, 0]


def test_that_cal_min_and_max_are_the_default_window(tmp_path: Path, open_one: OpenOne) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), cal_min=100, cal_max=500)
    image = open_one(path).volumes[0].read_slice(0)
    assert image.windows == (Window(300, 400, "LINEAR_EXACT"),)


def test_that_nothing_is_claimed_of_an_unknown_orientation(
    tmp_path: Path, open_one: OpenOne
) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), np.diag([2.0, 3, 4, 1]), sform_code=0)
    series = open_one(path)
    assert series.volumes[0].affine is None
    assert series.volumes[0].read_slice(0).affine is None
    assert series.volumes[0].spacing == (4, 3, 2)
    assert "orientation unknown" in series.notices[0].text
    np.testing.assert_array_equal(stack(series), counting(4, 3, 2)[:, ::-1].T)


def test_that_it_is_said_where_the_orientation_comes_from(
    tmp_path: Path, open_one: OpenOne
) -> None:
    from_sform = write(tmp_path / "s.nii", counting(4, 3, 2))
    from_qform = write(tmp_path / "q.nii", counting(4, 3, 2), sform_code=0, qform_code=1)
    from_none = write(tmp_path / "n.nii", counting(4, 3, 2), sform_code=0)
    told = [open_one(path).orientation_from for path in (from_sform, from_qform, from_none)]
    assert told == ["sform", "qform", ""]


def test_that_the_sform_wins_and_a_contradiction_is_told(tmp_path: Path, open_one: OpenOne) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), qform_code=1, quatern_b=1)
    series = open_one(path)
    affine = series.volumes[0].affine
    assert affine is not None
    np.testing.assert_allclose(swap_lps_ras(affine)[:3, 3], (3, 2, 0), atol=1e-6)
    assert "sform and qform disagree" in series.notices[0].text


def test_that_shear_is_told(tmp_path: Path, open_one: OpenOne) -> None:
    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    series = open_one(write(tmp_path / "a.nii", counting(4, 3, 2), sheared))
    assert "shear" in series.notices[0].text


def test_that_micrometres_become_millimetres(tmp_path: Path, open_one: OpenOne) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), xyzt_units=3)
    series = open_one(path)
    assert series.volumes[0].spacing == pytest.approx((0.001, 0.001, 0.001))
    assert "units" in series.notices[0].text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dim": [3, 4, 0, 2, 1, 1, 1, 1]}, "every axis"),
        ({"dim": [0, 4, 3, 2, 1, 1, 1, 1]}, "1 to 7 dimensions"),
        ({"dim": [3, 32767, 32767, 32767, 1, 1, 1, 1]}, "promises"),
        ({"dim": [3, 4, 3, 3, 1, 1, 1, 1]}, "promises"),
        ({"srow_x": [np.nan, 0, 0, 0]}, "affine"),
        ({"srow_x": [0, 0, 0, 0]}, "affine"),
        ({"datatype": 1, "bitpix": 1}, "of a kind that isn't read"),
        ({"datatype": 77}, "header is damaged"),
        ({"srow_x": [1e-30, 0, 0, 0], "srow_y": [1, 1e-30, 0, 0]}, "affine"),
        ({"vox_offset": np.nan}, "voxels start"),
        ({"vox_offset": 1e30}, "promises"),
        ({"dim": [4, 4, 3, 2, 32767, 1, 1, 1]}, "promises"),
        ({"sform_code": 0, "qform_code": 1, "quatern_b": 5}, "qform"),
    ],
)
def test_that_a_header_that_cannot_be_true_is_refused(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    path = write(tmp_path / "a.nii", counting(4, 3, 2), **fields)
    with pytest.raises(ImagingError, match=rf"^a\.nii .*{reason}"):
        read_volume_file(path)


def test_that_a_gzip_that_cannot_hold_its_promise_is_refused_unread(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.nii", counting(4, 3, 2), dim=[3, 900, 900, 900, 1, 1, 1, 1])
    path = tmp_path / "b.nii.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(ImagingError, match=r"^b\.nii\.gz .*promises"):
        read_volume_file(path)


@pytest.mark.parametrize("damage", ["cut", "checksum"])
def test_that_damaged_gzip_is_never_shown(tmp_path: Path, open_one: OpenOne, damage: str) -> None:
    path = write(tmp_path / "a.nii.gz", np.random.default_rng(0).random((20, 20, 20)))
    block = bytearray(path.read_bytes())
    if damage == "cut":
        del block[-2000:]
    else:
        block[-8] ^= 1
    path.write_bytes(block)
    volume = open_one(path).volumes[0]
    with pytest.raises(ImagingError, match=r"^a\.nii\.gz .*damaged or cut short"):
        volume.read_slice(0)


def test_that_a_pair_is_read_from_where_its_header_says(tmp_path: Path, open_one: OpenOne) -> None:
    nib.save(nib.Nifti1Pair(counting(4, 3, 2), np.eye(4)), tmp_path / "a.hdr")
    (tmp_path / "a.img").write_bytes(bytes(32) + (tmp_path / "a.img").read_bytes())
    change_header(tmp_path / "a.hdr", vox_offset=32)
    np.testing.assert_array_equal(
        stack(open_one(tmp_path / "a.hdr")), counting(4, 3, 2)[::-1, ::-1].T
    )


def test_that_a_second_header_cut_short_is_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(counting(4, 3, 2), np.eye(4)), tmp_path / "a.nii")
    (tmp_path / "a.nii").write_bytes((tmp_path / "a.nii").read_bytes()[:400])
    with pytest.raises(ImagingError, match=r"^a\.nii .*cut short"):
        read_volume_file(tmp_path / "a.nii")


def test_that_a_matrix_is_not_listed_as_volumes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii", np.zeros((1, 1, 1, 300, 300), np.uint8))
    with pytest.raises(ImagingError, match=r"^a\.nii .*90000 volumes"):
        read_volume_file(path)


def test_that_a_header_alone_says_which_file_is_missing(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(counting(4, 3, 2), np.eye(4)), tmp_path / "a.hdr")
    (tmp_path / "a.img").unlink()
    with pytest.raises(ImagingError, match=r"a\.img beside it"):
        read_volume_file(tmp_path / "a.hdr")


def test_that_real_heads_are_radiological(shared: Path, open_one: OpenOne) -> None:
    series = open_one(shared / "data/viewer_nifti/ixi_2mm/IXI015-HH-1258_T1.nii.gz")
    volume = series.volumes[0]
    image = volume.read_slice(volume.shape[0] // 2)
    letters = edge_letters(image.affine)
    assert letters is not None
    assert (letters.left, letters.top) == ("R", "A")
    # The eyes of this slice are bright-rimmed holes in the front; the back holds more brain.
    rows = image.modality_values.mean(axis=1)
    assert rows[: len(rows) // 2].sum() < rows[len(rows) // 2 :].sum()


@pytest.mark.parametrize(
    ("unit", "step", "names"),
    [
        ("sec", 2.5, ["0 s", "2.5 s", "5 s"]),
        ("msec", 500, ["0 s", "0.5 s", "1 s"]),
        ("hz", 1, ["", "", ""]),
        ("sec", 0, ["", "", ""]),
    ],
)
def test_that_volumes_are_named_by_their_time_where_it_is_known(
    tmp_path: Path, unit: str, step: float, names: list[str]
) -> None:
    image = nib.Nifti1Image(np.zeros((4, 3, 2, 3), np.int16), np.eye(4))
    image.header.set_xyzt_units("mm", unit)
    image.header["pixdim"][4] = step
    nib.save(image, tmp_path / "a.nii.gz")
    assert [volume.name for volume in read_volume_file(tmp_path / "a.nii.gz").volumes] == names


def test_that_b_values_beside_the_image_name_its_volumes_if_they_fit(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 3, 2, 3), np.int16), np.eye(4)), tmp_path / "a.nii.gz")
    for text, first in (("0 1000 2000", "b 0 s/mm²"), ("0 1000", ""), ("zero one two", "")):
        (tmp_path / "a.bval").write_text(text, encoding="utf-8")
        assert read_volume_file(tmp_path / "a.nii.gz").volumes[0].name == first
