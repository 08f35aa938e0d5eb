"""DICOM series: grouping, order, geometry, notices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sequence import Sequence

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.geometry import index_to_world
from magic_viewer.imaging.study import Series, Study

from .conftest import item

Opens = Callable[..., Study]
OpenOne = Callable[..., Series]
WriteStack = Callable[..., list[Path]]
WriteDicom = Callable[..., Path]


def marks(series: Series, volume: int = 0) -> list[int]:
    """The value each slice is filled with, in the order of display."""
    chosen = series.volumes[volume]
    return [int(chosen.read_slice(k).modality_values[0, 0]) + 1024 for k in range(chosen.shape[0])]


def said(series: Series) -> str:
    """All notices of a series."""
    return " ".join(notice.text for notice in series.notices)


def test_that_slices_are_sorted_by_position_whatever_their_numbers(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    series = open_one(*write_stack([6, 0, 9, 3]))
    assert marks(series) == [1, 3, 0, 2]
    assert series.volumes[0].spacing == (3, 0.75, 0.5)
    assert said(series) == ""


def test_that_every_slice_lies_where_the_volume_says(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    volume = open_one(*write_stack([6, 0, 9, 3])).volumes[0]
    for k, depth in enumerate((0, 3, 6, 9)):
        image = volume.read_slice(k)
        assert image.index == k
        for affine, index in ((volume.affine, (2, 4, k)), (image.affine, (2, 4, 0))):
            assert affine is not None
            place = index_to_world(affine, index)
            np.testing.assert_allclose(place, (-10 + 2 * 0.5, -20 + 4 * 0.75, depth))


def test_that_nifti_and_dicom_of_one_volume_give_the_same_world_point(
    tmp_path: Path, write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    array = np.random.default_rng(0).integers(0, 1000, (4, 6, 8), np.uint16)  # (k, j, i)
    files = [
        write_dicom(f"stack/{k}.dcm", plane, ImagePositionPatient=[-10, -20, 30 + 2 * k])
        for k, plane in enumerate(array)
    ]
    affine_ras = np.array([[-0.5, 0, 0, 10], [0, -0.75, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(array.T.astype(np.int16) - 1024, affine_ras), tmp_path / "a.nii")

    dicom, nifti = open_one(*files).volumes[0], open_one(tmp_path / "a.nii").volumes[0]

    assert dicom.affine is not None
    assert nifti.affine is not None
    np.testing.assert_allclose(dicom.affine, nifti.affine, atol=1e-6)
    for k in range(4):
        np.testing.assert_array_equal(
            dicom.read_slice(k).modality_values, nifti.read_slice(k).modality_values
        )


def test_that_without_positions_instance_numbers_decide(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    paths = write_stack([6, 0, 9], ImageOrientationPatient=None)
    series = open_one(*reversed(paths))
    assert marks(series) == [0, 1, 2]
    assert series.volumes[0].affine is None
    assert series.volumes[0].read_slice(0).affine is None
    assert "orientation unknown" in said(series)


def test_that_a_gap_is_named_and_leaves_the_volume_without_an_affine(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    series = open_one(*write_stack([0, 3, 6, 12, 15]))
    assert "missing slice between 6.0 and 12.0 mm" in said(series)
    assert series.volumes[0].affine is None
    assert series.volumes[0].spacing == (None, 0.75, 0.5)
    image = series.volumes[0].read_slice(3)
    assert image.affine is not None
    assert image.affine[2, 3] == 12


def test_that_uneven_spacing_is_named(write_stack: WriteStack, open_one: OpenOne) -> None:
    series = open_one(*write_stack([0, 3, 6, 10, 14.5]))
    assert "unevenly spaced, 3.00 to 4.50 mm" in said(series)
    assert series.volumes[0].affine is None


def test_that_rounded_positions_still_are_even(write_stack: WriteStack, open_one: OpenOne) -> None:
    series = open_one(*write_stack([0, 0.63, 1.25, 1.88, 2.5]))
    assert said(series) == ""
    assert series.volumes[0].spacing[0] == pytest.approx(0.625)


def test_that_gantry_tilt_is_named_and_kept_in_the_affine(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    paths = [write_dicom(f"{k}.dcm", ImagePositionPatient=[0, k * 1.0, k * 3.0]) for k in range(4)]
    series = open_one(*paths)
    assert "gantry tilt 18.4°" in said(series)
    assert series.volumes[0].spacing[0] == pytest.approx(3)
    assert series.volumes[0].affine is not None
    np.testing.assert_allclose(index_to_world(series.volumes[0].affine, (0, 0, 3)), (0, 3, 9))


def test_that_duplicates_are_left_out_and_counted(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    paths = write_stack([0, 3, 6])
    copy = paths[1].with_name("copy.dcm")
    copy.write_bytes(paths[1].read_bytes())
    series = open_one(*paths, copy)
    assert marks(series) == [0, 1, 2]
    assert "duplicate: 1 of 4 images" in said(series)


def test_that_times_at_equal_positions_become_volumes(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    late = write_stack([0, 3, 6], "late", TemporalPositionIdentifier=2)
    early = write_stack([6, 3, 0], "early", TemporalPositionIdentifier=1)
    series = open_one(*late, *early)
    assert [marks(series, volume) for volume in (0, 1)] == [[2, 1, 0], [0, 1, 2]]
    assert all(volume.affine is not None for volume in series.volumes)


def test_that_volumes_that_do_not_divide_evenly_stay_one_row(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    series = open_one(*write_stack([0, 3, 6]), *write_stack([0, 3], "more"))
    assert len(series.volumes) == 1
    assert series.volumes[0].shape[0] == 5
    assert series.volumes[0].affine is None
    assert "not as volumes" in said(series)


@pytest.mark.parametrize(
    "difference",
    [
        {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
        {"FrameOfReferenceUID": "1.2.99"},
        {"PixelSpacing": [1, 1]},
    ],
)
def test_that_images_that_do_not_match_are_parted_and_the_user_is_told(
    write_stack: WriteStack, open_paths: Opens, difference: dict[str, Any]
) -> None:
    study = open_paths(*write_stack([0, 3, 6]), *write_stack([50], "scout", **difference))
    assert [series.volumes[0].shape[0] for series in study.series] == [3, 1]
    assert [series.title for series in study.series] == ["Series 1 (1 of 2)", "Series 1 (2 of 2)"]
    assert all("shown as 2 series" in said(series) for series in study.series)
    assert {series.uid for series in study.series} == {"1.2.3"}


def test_that_series_come_in_the_order_of_their_numbers(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    paths = [
        write_dicom(f"{n}.dcm", SeriesInstanceUID=f"1.{n}", SeriesNumber=number, **more)
        for n, (number, more) in enumerate(
            [(12, {}), (None, {}), (3, {"SeriesDescription": "Ax T1"})]
        )
    ]
    titles = [series.title for series in open_paths(*paths).series]
    assert titles == ["Ax T1", "Series 12", "CT"]


def test_that_spacing_of_the_detector_is_not_the_patients(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    path = write_dicom(Modality="DX", PixelSpacing=None, ImagerPixelSpacing=[0.1, 0.1])
    series = open_one(path)
    assert series.volumes[0].spacing == (None, None, None)
    assert series.volumes[0].read_slice(0).spacing is None
    assert "spacing unknown" in said(series)


def test_that_pixel_aspect_is_kept_where_there_is_no_spacing(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    aspect = {"PixelSpacing": None, "PixelAspectRatio": [2, 1]}
    assert open_one(write_dicom(**aspect)).volumes[0].read_slice(0).display_aspect == 2
    assert open_one(write_dicom()).volumes[0].read_slice(0).display_aspect == 1.5


@pytest.mark.parametrize(
    ("orientation", "words"),
    [
        ([0, 0, 0, 0, 0, 0], "orientation unknown"),
        ([1, 0, 0, 0.5, 1, 0], "orientation invalid"),
        ([2, 0, 0, 0, 2, 0], "orientation invalid"),
    ],
)
def test_that_impossible_directions_give_no_geometry(
    write_dicom: WriteDicom, open_one: OpenOne, orientation: list[float], words: str
) -> None:
    series = open_one(write_dicom(ImageOrientationPatient=orientation))
    assert series.volumes[0].affine is None
    assert words in said(series)


def test_that_a_mosaic_claims_no_geometry(write_dicom: WriteDicom, open_one: OpenOne) -> None:
    path = write_dicom(Modality="MR", ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"])
    series = open_one(path)
    assert series.volumes[0].affine is None
    assert "mosaic" in said(series)


def test_that_a_cine_is_one_volume_in_time_without_depth(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    frames = np.arange(3 * 48, dtype=np.uint16).reshape(3, 6, 8)
    series = open_one(write_dicom(array=frames, NumberOfFrames=3, Modality="XA"))
    assert series.volumes[0].shape == (3, 6, 8)
    assert series.volumes[0].affine is None
    assert marks(series) == [0, 48, 96]


def enhanced(positions: list[float], slopes: list[float]) -> dict[str, Any]:
    """Attributes of an enhanced multi-frame file whose frames have a place and slope each."""
    frames = [
        item(
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])]),
            PixelValueTransformationSequence=Sequence(
                [item(RescaleSlope=slope, RescaleIntercept=0, RescaleType="US")]
            ),
        )
        for z, slope in zip(positions, slopes, strict=True)
    ]
    shared = item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[2, 1])]),
        FrameVOILUTSequence=Sequence([item(WindowCenter=50, WindowWidth=100)]),
    )
    return {
        "Modality": "MR",
        "SharedFunctionalGroupsSequence": Sequence([shared]),
        "PerFrameFunctionalGroupsSequence": Sequence(frames),
        "ImagePositionPatient": None,
        "ImageOrientationPatient": None,
        "PixelSpacing": None,
    }


def test_that_enhanced_frames_have_a_place_and_scale_of_their_own(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    frames = np.stack([np.full((6, 8), value, np.uint16) for value in (10, 20, 30)])
    facts = enhanced([4, 0, 2], [1, 2, 3])
    series = open_one(write_dicom(array=frames, NumberOfFrames=3, **facts))
    volume = series.volumes[0]
    assert volume.spacing == (2, 2, 1)
    images = [volume.read_slice(k) for k in range(3)]
    assert [image.modality_values[0, 0] for image in images] == [40, 90, 10]
    assert images[0].windows[0].center == 50


def test_that_missing_frame_groups_take_place_and_scale_from_all(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    frames = np.stack([np.full((6, 8), value, np.uint16) for value in (10, 20, 30)])
    series = open_one(write_dicom(array=frames, NumberOfFrames=3, **enhanced([0, 2], [5, 5])))
    assert "geometry missing" in said(series)
    assert series.volumes[0].affine is None
    assert series.volumes[0].read_slice(1).modality_values[0, 0] == 20


def test_that_headers_are_read_first_and_pixels_when_asked_for(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    paths = write_stack([0, 3])
    volume = open_one(*paths).volumes[0]
    shown = volume.read_slice(0)
    for path in paths:
        path.unlink()
    assert np.array_equal(volume.read_slice(0).modality_values, shown.modality_values)
    with pytest.raises(ImagingError, match=r"^001\.dcm .*still there"):
        volume.read_slice(1)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"PixelData": None}, "holds none"),
        ({"PixelData": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, "SR Storage"),
        ({"PixelData": bytes(60)}, "96 bytes of pixels were expected, 60 are there"),
        ({"Rows": 65535, "Columns": 65535}, "more memory than"),
        ({"NumberOfFrames": 1000}, "96000 bytes"),
        ({"SamplesPerPixel": 4}, "4"),
        ({"BitsAllocated": 12}, "12"),
        ({"BitsStored": 0}, "0 of 16"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "palette"),
    ],
)
def test_that_what_cannot_be_shown_rightly_is_refused_without_patient_data(
    write_dicom: WriteDicom, open_paths: Opens, facts: dict[str, Any], reason: str
) -> None:
    study = open_paths(write_dicom(**facts))
    assert study.series == ()
    assert len(study.rejected) == 1
    text = study.rejected[0].text
    assert text.startswith("a.dcm can't be opened as DICOM: ")
    assert reason in text
    assert "CANARY" not in text


def test_that_unknown_packing_is_unsupported_not_damaged(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    path = write_dicom()
    unknown = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.99")
    path.write_bytes(unknown)
    assert "packed as something unknown, which isn't supported" in open_paths(path).rejected[0].text


def test_that_pixels_that_cannot_be_unpacked_are_never_shown(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    path = write_dicom()
    claims_rle = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    path.write_bytes(claims_rle)
    with pytest.raises(ImagingError, match=r"^a\.dcm .*damaged"):
        open_one(path).volumes[0].read_slice(0)


def test_that_a_file_cut_short_is_refused(write_dicom: WriteDicom, open_paths: Opens) -> None:
    path = write_dicom()
    path.write_bytes(path.read_bytes()[:-10])
    assert "96 bytes of pixels were expected, 86 are there" in open_paths(path).rejected[0].text


def test_that_one_bad_file_does_not_keep_the_others_away(
    write_stack: WriteStack, open_paths: Opens
) -> None:
    paths = write_stack([0, 3, 6])
    paths[2].write_bytes(paths[2].read_bytes()[:-10])
    study = open_paths(paths[0].parent)
    assert [series.volumes[0].shape[0] for series in study.series] == [2]
    assert [notice.file for notice in study.rejected] == ["002.dcm"]


def test_that_the_real_series_open_as_their_scanners_made_them(
    shared: Path, open_paths: Opens
) -> None:
    folder = shared / "data/viewer_dicom"
    shapes = {
        name: [
            (len(series.volumes), series.volumes[0].shape)
            for series in open_paths(folder / name).series
        ]
        for name in ("ct_head_slicer", "mr_canon_dti", "mr_enh_bold_xa30", "mr_philips_enhanced")
    }
    assert shapes == {
        "ct_head_slicer": [(1, (93, 64, 64))],
        "mr_canon_dti": [(1, (26, 80, 80))],
        "mr_enh_bold_xa30": [(4, (33, 64, 64))],
        "mr_philips_enhanced": [(2, (32, 64, 64))],
    }
    tilted = open_paths(folder / "ct_head_ge_hispeed").series[0]
    assert "gantry tilt 18.5°" in said(tilted)
    assert "unevenly spaced" in said(tilted)


def test_that_series_of_two_patients_stand_apart_and_neither_is_named(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    own = {"SeriesInstanceUID": "1.2.3", "SeriesDescription": "T1"}
    paths = [write_dicom(f"{n}.dcm", PatientID=patient, **own) for n, patient in enumerate("ABA")]
    study = open_paths(*paths)
    assert [series.title for series in study.series] == [
        "Patient 1: T1 (1 of 2)",
        "Patient 2: T1 (2 of 2)",
    ]
    assert "files are of 2 patients" in said(study.series[0])
    assert "CANARY" not in repr(study)


def test_that_series_of_two_studies_stand_together_by_study(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    paths = [
        write_dicom(
            f"{number}.dcm",
            StudyInstanceUID=f"1.2.{study}",
            StudyDescription=study,
            StudyDate="20040119",
            SeriesInstanceUID=f"1.3.{number}",
            SeriesNumber=number,
            PatientID="one",
        )
        for number, study in enumerate(["3", "4", "3"])
    ]
    both = [series.study for series in open_paths(*paths).series]
    assert both == ["Study 1: 3 · 2004-01-19"] * 2 + ["Study 2: 4 · 2004-01-19"]
    assert {series.study for series in open_paths(*paths[::2]).series} == {""}


def test_that_a_localizer_in_the_same_plane_stands_apart(
    write_stack: WriteStack, open_paths: Opens
) -> None:
    write_stack([0, 3, 6])
    paths = write_stack([40], "scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    stack, scout = open_paths(paths[0].parent.parent).series
    if stack.volumes[0].shape[0] == 1:
        stack, scout = scout, stack
    assert stack.volumes[0].shape[0] == 3
    assert "localizer" in said(scout)
    assert "localizer" not in said(stack)


def test_that_kinds_of_unequal_number_become_stacks_of_their_own(
    write_stack: WriteStack, open_paths: Opens
) -> None:
    write_stack([0, 3, 6], "low", EchoTime=10)
    paths = write_stack([0, 3], "high", EchoTime=80)
    study = open_paths(paths[0].parent.parent)
    assert sorted(series.volumes[0].shape[0] for series in study.series) == [2, 3]
    assert all(series.volumes[0].affine is not None for series in study.series)


def test_that_volumes_are_named_by_what_tells_them_apart(
    write_stack: WriteStack, open_one: OpenOne
) -> None:
    write_stack([0, 3], "a", EchoTime=10)
    paths = write_stack([0, 3], "b", EchoTime=80)
    series = open_one(paths[0].parent.parent)
    assert [volume.name for volume in series.volumes] == ["TE 10 ms", "TE 80 ms"]


def test_that_a_value_that_runs_on_into_others_ends_where_it_should(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    path = write_dicom(InstitutionName="HOSPITAL")
    content = path.read_bytes()
    length = content.index(b"\x08\0\x60\0CS") + 6
    path.write_bytes(content[:length] + b"\x12" + content[length + 1 :])
    series = open_one(path)
    assert series.modality == "CT"


@pytest.mark.parametrize(
    ("group", "element", "values"),
    [
        (0x0019, 0x0C, ("IS", "0", "1000")),
        (0x0043, 0x39, ("IS", [0, 8, 0, 0], [1000001000, 8, 0, 0])),
        (0x0043, 0x39, ("UN", b"0\\8\\0\\0 ", b"1000001000\\8\\0\\0")),
        (0x2001, 0x03, ("FL", 0.0, 1000.0)),
    ],
)
def test_that_b_values_are_found_where_scanners_hid_them(
    write_stack: WriteStack, open_one: OpenOne, group: int, element: int, values: tuple[Any, ...]
) -> None:
    paths = [*write_stack([0, 3], "a"), *write_stack([0, 3], "b")]
    for number, path in enumerate(paths):
        dataset = dcmread(path)
        block = dataset.private_block(group, "MAKER", create=True)
        block.add_new(element, values[0], values[1 + number // 2])
        dataset.save_as(path)
    names = [volume.name for volume in open_one(*paths).volumes]
    assert names == ["b 0 s/mm²", "b 1000 s/mm²"]


def test_that_titles_are_read_in_their_character_set(
    write_dicom: WriteDicom, open_paths: Opens
) -> None:
    titles = {"ISO_IR 192": "Schädel 頭部", "ISO_IR 100": "Schädel"}
    paths = [
        write_dicom(
            f"{n}.dcm", SpecificCharacterSet=charset, SeriesDescription=title, SeriesNumber=n
        )
        for n, (charset, title) in enumerate(titles.items())
    ]
    for path, title in zip(paths, titles.values(), strict=True):
        assert open_paths(path).series[0].title == title


def test_that_a_modality_that_is_no_code_is_left_out(
    write_dicom: WriteDicom, open_one: OpenOne
) -> None:
    assert open_one(write_dicom(Modality="ACC-CANARY-9")).modality is None
    assert open_one(write_dicom(Modality="CT")).modality == "CT"
