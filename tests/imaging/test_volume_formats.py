"""What nibabel reads besides NIfTI: MGH, Analyze, MINC."""

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.describe import describe
from magic_viewer.imaging.geometry import edge_letters, index_to_world, swap_lps_ras
from magic_viewer.imaging.study import Series, Study
from magic_viewer.imaging.volume_file import read_volume_file

OpenOne = Callable[..., Series]
Opens = Callable[..., Study]
OBLIQUE_RAS = np.array(
    [[0.0, 0.4, 1.9, -30], [-0.3, 2.8, -0.2, 12], [-3.9, -0.2, 0.0, 7], [0, 0, 0, 1]]
)
NUMBERS = np.arange(48, dtype=np.int16).reshape(4, 3, 2, 2)


def write_mgh(path: Path, array: npt.NDArray[Any] = NUMBERS) -> Path:
    """Writes MGH, or MGZ by its name."""
    nib.save(nib.MGHImage(array, OBLIQUE_RAS), path)
    return path


def write_analyze(path: Path, array: npt.NDArray[Any] = NUMBERS) -> Path:
    """Writes the .hdr and .img of plain Analyze."""
    image = nib.AnalyzeImage(array, np.diag([2.0, 3, 4, 1]))
    image.to_filename(path)
    return path


def first_difference(series: Series, reference: Any, spatial_first: bool = True) -> str:
    """Asks both for the value and world point of every voxel; "" when they agree."""
    data = np.asarray(reference.dataobj)
    data = data if data.ndim == 4 else data[..., np.newaxis] if spatial_first else data[np.newaxis]
    data = data if spatial_first else np.moveaxis(data, 0, 3)
    for number, volume in enumerate(series.volumes):
        assert volume.stored_to_index is not None
        assert volume.affine is not None
        shown = np.stack([volume.read_slice(k).modality_values for k in range(volume.shape[0])])
        for stored in np.ndindex(data.shape[:3]):
            i, j, k = (volume.stored_to_index @ [*stored, 1])[:3].round().astype(int)
            if abs(shown[k, j, i] - data[(*stored, number)]) > 1e-5:
                return f"value at {stored} of volume {number}"
            world_ras = index_to_world(swap_lps_ras(volume.affine), (i, j, k))
            if not np.allclose(world_ras, (reference.affine @ [*stored, 1])[:3], atol=1e-4):
                return f"place of {stored}"
    return ""


@pytest.mark.parametrize("name", ["a.mgh", "a.mgz", "renamed"])
@pytest.mark.parametrize("code", ["u1", "i2", "i4", "f4"])
def test_that_mgh_has_nibabels_values_at_nibabels_places(
    tmp_path: Path, open_one: OpenOne, name: str, code: str
) -> None:
    written = write_mgh(tmp_path / ("a.mgz" if name == "renamed" else name), NUMBERS.astype(code))
    block = written.read_bytes()
    reference = nib.MGHImage.from_bytes(block if name == "a.mgh" else gzip.decompress(block))
    series = open_one(written.rename(tmp_path / name))
    assert (series.format, series.title) == ("MGH", name.split(".")[0])
    assert series.orientation_from == "direction cosines"
    assert first_difference(series, reference) == ""


def test_that_packaged_mgz_has_nibabels_values_at_nibabels_places(
    nibabel_files: Path, open_one: OpenOne
) -> None:
    path = nibabel_files / "test.mgz"
    assert first_difference(open_one(path), nib.load(path)) == ""


def test_that_mgh_without_directions_claims_none(tmp_path: Path, open_one: OpenOne) -> None:
    block = bytearray(write_mgh(tmp_path / "a.mgh").read_bytes())
    block[28:30] = bytes(2)
    (tmp_path / "a.mgh").write_bytes(block)
    series = open_one(tmp_path / "a.mgh")
    assert series.volumes[0].affine is None
    assert series.orientation_from == ""
    assert "orientation unknown" in series.notices[0].text


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (4, b"\0\0\0\0", "every axis"),
        (4, b"\x7f\xff\xff\xff", "promises"),
        (16, b"\0\1\0\1", "65537 volumes"),
        (20, b"\0\0\0\x09", "type 9"),
        (30, b"\x7f\xc0\0\0", "affine"),
        (30, b"\0\0\0\0", "affine"),
    ],
)
def test_that_an_mgh_header_that_cannot_be_true_is_refused(
    tmp_path: Path, at: int, value: bytes, reason: str
) -> None:
    block = bytearray(write_mgh(tmp_path / "a.mgh").read_bytes())
    block[at : at + 4] = value
    for name, content in (("a.mgh", block), ("a.mgz", gzip.compress(block))):
        (tmp_path / name).write_bytes(content)
        if reason != "promises" or name == "a.mgh":
            with pytest.raises(ImagingError, match=rf"^{name} can't be opened as MGH: .*{reason}"):
                read_volume_file(tmp_path / name)


def test_that_an_mgz_that_promises_too_much_is_refused_unread(tmp_path: Path) -> None:
    block = bytearray(write_mgh(tmp_path / "a.mgh").read_bytes())
    block[4:8] = b"\0\1\0\0"
    (tmp_path / "a.mgz").write_bytes(gzip.compress(block))
    with pytest.raises(ImagingError, match=r"^a\.mgz .*promises"):
        read_volume_file(tmp_path / "a.mgz")


@pytest.mark.parametrize("name", ["a.hdr", "a.img", "a.img.gz"])
def test_that_analyze_has_its_values_and_claims_no_side(
    tmp_path: Path, open_one: OpenOne, name: str
) -> None:
    series = open_one(write_analyze(tmp_path / name))
    assert (series.format, series.title, len(series.volumes)) == ("Analyze", "a", 2)
    volume = series.volumes[1]
    image = volume.read_slice(1)
    assert (volume.affine, image.affine, edge_letters(image.affine)) == (None, None, None)
    assert volume.spacing == (4, 3, 2)
    assert "orientation unknown" in series.notices[0].text
    np.testing.assert_array_equal(image.modality_values, NUMBERS[:, ::-1, 1, 1].T)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", ["u1", "i2", "i4", "f4", "f8", "c8"])
def test_that_analyze_of_every_type_and_byte_order_is_read(
    tmp_path: Path, open_one: OpenOne, code: str, order: str
) -> None:
    header = nib.AnalyzeHeader(endianness=order)
    header.set_data_dtype(code)
    nib.AnalyzeImage(NUMBERS.astype(code), np.eye(4), header).to_filename(tmp_path / "a.hdr")
    image = open_one(tmp_path / "a.hdr").volumes[1].read_slice(1)
    np.testing.assert_array_equal(image.modality_values, NUMBERS[:, ::-1, 1, 1].T)


def test_that_the_scale_of_spm_is_used_and_its_mat_file_is_mentioned(
    tmp_path: Path, open_one: OpenOne
) -> None:
    write_analyze(tmp_path / "a.hdr")
    block = bytearray((tmp_path / "a.hdr").read_bytes())
    header = nib.Spm2AnalyzeHeader(bytes(block))
    header["scl_slope"], header["scl_inter"] = 0.5, 3
    (tmp_path / "a.hdr").write_bytes(header.binaryblock)
    (tmp_path / "a.mat").write_bytes(b"")
    series = open_one(tmp_path / "a.hdr")
    assert series.volumes[1].read_slice(1).modality_values.max() == 47 * 0.5 + 3
    assert ".mat" in series.notices[1].text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dim": [3, 4, 0, 2, 1, 1, 1, 1]}, "every axis"),
        ({"dim": [0, 4, 3, 2, 1, 1, 1, 1]}, "1 to 7 dimensions"),
        ({"dim": [3, 999, 999, 999, 1, 1, 1, 1]}, "promises"),
        ({"datatype": 1}, "of a kind that isn't read"),
        ({"datatype": 99}, "header is damaged"),
        ({"vox_offset": np.nan}, "voxels start"),
        ({"vox_offset": -16}, "voxels start"),
    ],
)
def test_that_an_analyze_header_that_cannot_be_true_is_refused(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    write_analyze(tmp_path / "a.hdr")
    header = nib.AnalyzeHeader((tmp_path / "a.hdr").read_bytes(), check=False)
    for name, value in fields.items():
        header[name] = value
    (tmp_path / "a.hdr").write_bytes(header.binaryblock)
    with pytest.raises(ImagingError, match=rf"^a\.hdr can't be opened as Analyze: .*{reason}"):
        read_volume_file(tmp_path / "a.hdr")


def test_that_an_analyze_header_cut_short_or_alone_is_refused(tmp_path: Path) -> None:
    path = write_analyze(tmp_path / "a.hdr")
    block = path.read_bytes()
    path.write_bytes(block[:200])
    with pytest.raises(ImagingError, match=r"^a\.hdr .*cut short"):
        read_volume_file(path)
    path.write_bytes(block)
    (tmp_path / "a.img").unlink()
    with pytest.raises(ImagingError, match=r"a\.img beside it"):
        read_volume_file(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["tiny", "minc1_1_scale", "minc1_4d", "minc1-no-att"])
def test_that_minc_has_nibabels_values_at_nibabels_places(
    nibabel_files: Path, tmp_path: Path, open_one: OpenOne, name: str, packed: bool
) -> None:
    path = nibabel_files / f"{name}.mnc"
    reference = nib.load(path)
    if packed:
        path = tmp_path / f"{name}.mnc.gz"
        path.write_bytes(gzip.compress((nibabel_files / f"{name}.mnc").read_bytes()))
    series = open_one(path)
    assert (series.format, series.title) == ("MINC", name)
    assert series.orientation_from == "direction cosines"
    assert first_difference(series, reference, spatial_first=False) == ""


def test_that_minc_opens_out_of_an_archive(
    nibabel_files: Path, tmp_path: Path, open_one: OpenOne
) -> None:
    path = nibabel_files / "minc1_4d.mnc"
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "scan.mnc")
    series = open_one(tmp_path / "a.zip")
    assert first_difference(series, nib.load(path), spatial_first=False) == ""


def test_that_minc_says_it_has_no_one_slope(nibabel_files: Path, open_paths: Opens) -> None:
    (facts,) = describe(open_paths(nibabel_files / "tiny.mnc"), [(1, 2, 3)])["series"]
    assert facts["shape"] == [10, 20, 20]
    assert facts["voxels"][0]["stored"] is None


def test_that_minc_2_opens_with_h5py_and_says_so_without(
    nibabel_files: Path, open_paths: Opens
) -> None:
    path = nibabel_files / "small.mnc"
    study = open_paths(path)
    if importlib.util.find_spec("h5py"):
        assert first_difference(study.series[0], nib.load(path), spatial_first=False) == ""
    else:
        assert "h5py isn't installed" in study.rejected[0].text


def refusal_of(path: Path) -> str:
    """Opens and reads a file; "" where that can be done."""
    try:
        read_volume_file(path).volumes[0].read_slice(0)
    except ImagingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("sample", "header_bytes"), [("minc1_4d.mnc", 3000), ("tiny.mnc", 3000), ("test.mgz", 90)]
)
def test_that_damage_is_refused_in_a_sentence(
    nibabel_files: Path, tmp_path: Path, sample: str, header_bytes: int
) -> None:
    whole = (nibabel_files / sample).read_bytes()
    whole = gzip.decompress(whole) if sample.endswith("mgz") else whole
    rng = np.random.default_rng(0)
    path = tmp_path / f"a.{sample[-3:]}"
    refused = []
    for number in range(300):
        block = bytearray(whole[: rng.integers(8, len(whole))] if number % 2 else whole)
        for at in rng.integers(4, min(len(block), header_bytes), 8):
            block[at] = rng.integers(256)
        path.write_bytes(block)
        refused += [reason for reason in (refusal_of(path),) if reason]
    assert len(refused) > 50
    assert [one for one in refused if not one.startswith(f"{path.name} can't be opened as ")] == []


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("ending", ["mnc", "mnc.gz", "mgh"])
def test_that_a_file_cut_short_is_refused(
    nibabel_files: Path, tmp_path: Path, ending: str, cut: float
) -> None:
    path = tmp_path / f"a.{ending}"
    whole = (nibabel_files / "tiny.mnc").read_bytes()
    if ending == "mgh":
        whole = write_mgh(path, np.zeros((9, 9, 9), np.float32)).read_bytes()
    if ending == "mnc.gz":
        whole = gzip.compress(whole)
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(ImagingError, match=rf"^a\.{ending} can't be opened"):
        read_volume_file(path)
