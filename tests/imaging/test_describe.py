"""Studies in words and numbers."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from magic_viewer.errors import ImagingError, RequestError
from magic_viewer.imaging.describe import describe, describe_in_words
from magic_viewer.imaging.study import Study

Opens = Callable[..., Study]
WriteDicom = Callable[..., Path]
WriteStack = Callable[..., list[Path]]


def test_that_a_dicom_series_is_told_in_full(write_dicom: WriteDicom, open_paths: Opens) -> None:
    study = open_paths(write_dicom(WindowCenter=40, WindowWidth=400, RescaleSlope=2))
    answer = json.loads(json.dumps(describe(study, [(0, 2, 3)])))
    assert answer["rejected"] == []
    (series,) = answer["series"]
    assert series == {
        "title": "Series 1",
        "format": "DICOM",
        "modality": "CT",
        "shape": [1, 6, 8],
        "slices": 1,
        "volumes": 1,
        "color": None,
        "spacing_row_col": [0.75, 0.5],
        "slice_spacing": None,
        "plane": "axial",
        "edges": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
        "window": [40, 400],
        "windows": [[40, 400]],
        "unit": "HU",
        "overlays": [],
        "notices": [],
        "voxels": [
            {
                "index": [0, 2, 3],
                "value": 19 * 2 - 1024,
                "stored": 19,
                "unit": "HU",
                "world_ras": [10 - 3 * 0.5, 20 - 2 * 0.75, 30],
            }
        ],
    }


def test_that_nifti_is_told_in_the_axes_of_its_file(tmp_path: Path, open_paths: Opens) -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    affine = np.array([[0, 0, 2, 1], [-3, 0, 0, 2], [0, 4, 0, 3], [0, 0, 0, 1.0]])  # P S R
    nib.save(nib.Nifti1Image(array, affine), tmp_path / "a.nii")
    (series,) = describe(open_paths(tmp_path / "a.nii"), [(3, 1, 0)])["series"]
    assert series["shape"] == [4, 3, 2]
    assert series["axcodes"] == "PSR"
    assert series["orientation_from"] == "sform"
    assert series["zooms"] == pytest.approx([3, 4, 2])
    assert series["voxels"][0]["value"] == array[3, 1, 0]
    assert series["voxels"][0]["world_ras"] == pytest.approx((affine @ [3, 1, 0, 1])[:3])


def test_that_the_words_name_the_form_that_places_a_nifti(
    tmp_path: Path, open_paths: Opens
) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), None)
    nib.save(image, tmp_path / "none.nii")
    image.header.set_qform(np.eye(4), 1)
    nib.save(nib.Nifti1Image(image.dataobj, None, image.header), tmp_path / "q.nii")
    placed, unplaced = open_paths(tmp_path / "q.nii"), open_paths(tmp_path / "none.nii")
    assert describe(placed)["series"][0]["orientation_from"] == "qform"
    assert describe(unplaced)["series"][0]["orientation_from"] is None
    assert "\n  orientation from its qform" in describe_in_words(placed)
    assert "orientation from" not in describe_in_words(unplaced)


def test_that_a_voxel_without_a_number_is_null(tmp_path: Path, open_paths: Opens) -> None:
    array = np.full((2, 2, 2), np.nan, np.float32)
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    (series,) = describe(open_paths(tmp_path / "a.nii"), [(0, 0, 0)])["series"]
    assert series["voxels"][0]["value"] is None


@pytest.mark.parametrize("index", [(0, 0), (1, 0, 0), (0, 6, 0), (0, 0, -1), (0, 0, 0, 1)])
def test_that_a_voxel_outside_is_a_mistake_of_the_request(
    write_dicom: WriteDicom, open_paths: Opens, index: tuple[int, ...]
) -> None:
    with pytest.raises(RequestError):
        describe(open_paths(write_dicom()), [index])


def test_that_a_parted_series_is_listed_once(
    write_stack: WriteStack, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    scout = write_dicom("scout.dcm", ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    (series,) = describe(open_paths(scout, *write_stack([0, 3])))["series"]
    assert series["slices"] == 2
    assert [part["plane"] for part in series["other_stacks"]] == ["coronal"]


def damaged(path: Path) -> Path:
    """Makes a DICOM file claim a compression that its pixels don't have."""
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
    return path


def test_that_damaged_pixels_are_told_among_the_rejected(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    good = write_dicom("good.dcm", SeriesInstanceUID="1.9")
    answer = describe(open_paths(good, damaged(write_dicom())))
    assert len(answer["series"]) == 1
    assert "damaged" in answer["rejected"][0]["reason"]


def test_that_nothing_but_damage_is_an_error(write_dicom: WriteDicom, open_paths: Opens) -> None:
    study = open_paths(damaged(write_dicom()))
    with pytest.raises(ImagingError, match=r"^a\.dcm .*damaged"):
        describe(study)


def test_that_the_words_say_what_matters_and_no_name(
    write_stack: WriteStack, write_dicom: WriteDicom, open_paths: Opens, tmp_path: Path
) -> None:
    window = {"WindowCenter": 40, "WindowWidth": 400}
    scout = write_dicom("scout.dcm", ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    stack = write_stack([0, 3, 6, 12, 15], **window)
    (tmp_path / "junk").write_bytes(b"")
    words = describe_in_words(open_paths(*stack, scout, tmp_path / "junk"))
    for part in (
        "Series 1 (1 of 2)\n  DICOM CT axial, 5 × 6 × 8\n  pixels 0.75 × 0.50 mm\n",
        "edges: left R, right L, top A, bottom P",
        "window 400 wide around 40 HU",
        "note: There is a missing slice between 6.0 and 12.0 mm.",
        "Series 1 (2 of 2)\n  DICOM CT coronal, 1 × 6 × 8",
        "Not opened: junk can't be opened",
    ):
        assert part in words
    assert "CANARY" not in words
