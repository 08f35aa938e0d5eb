"""Segmentations and parametric maps over the images of their frame of reference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from magic_viewer.imaging.describe import describe
from magic_viewer.imaging.study import Overlay, Series, Study

from .conftest import item

Opens = Callable[..., Study]
WriteDicom = Callable[..., Path]
WriteStack = Callable[..., list[Path]]
STORAGE = "1.2.840.10008.5.1.4.1.1."
HOLE = np.zeros((6, 8), bool)
HOLE[1:4, 2:7] = True
HOLE[2, 3] = False


def groups(
    depths: list[float], own: list[dict[str, Any]], **shared: Any
) -> dict[str, Sequence | int]:
    """Functional groups of frames at some depths (mm), on the images' grid but for `shared`."""
    place = {"spacing": [0.75, 0.5], "orientation": [1, 0, 0, 0, 1, 0], "corner": [-10, -20]}
    place |= shared
    frames = [
        item(
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[*place["corner"], depth])]),
            **{keyword: Sequence([value]) for keyword, value in facts.items()},
        )
        for depth, facts in zip(depths, own, strict=True)
    ]
    common = item(
        PixelMeasuresSequence=Sequence([item(PixelSpacing=place["spacing"])]),
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=place["orientation"])]),
    )
    return {
        "NumberOfFrames": len(depths),
        "SharedFunctionalGroupsSequence": Sequence([common]),
        "PerFrameFunctionalGroupsSequence": Sequence(frames),
        "ImagePositionPatient": None,
        "ImageOrientationPatient": None,
        "PixelSpacing": None,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "SeriesInstanceUID": "1.2.77",
        "SeriesNumber": 9,
    }


def segments(*labels: str) -> Sequence:
    """Names for the segments 1, 2, ..."""
    return Sequence(
        [item(SegmentNumber=n, SegmentLabel=label) for n, label in enumerate(labels, start=1)]
    )


def of_segment(number: int) -> dict[str, Dataset]:
    """The functional group that says which segment a frame holds."""
    return {"SegmentIdentificationSequence": item(ReferencedSegmentNumber=number)}


@pytest.fixture
def write_segments(write_dicom: WriteDicom) -> Callable[..., Path]:
    """Gives a function that writes a binary segmentation: (depth, segment, mask) for each frame."""

    def write(
        frames: list[tuple[float, int, npt.NDArray[np.bool_]]],
        labels: tuple[str, ...] = ("Liver", "Spleen"),
        **place: Any,
    ) -> Path:
        masks = np.array([mask for _, _, mask in frames])
        bits = np.packbits(masks.ravel(), bitorder="little").tobytes()
        own = [of_segment(number) for _, number, _ in frames]
        facts = groups([depth for depth, _, _ in frames], own, **place) | {
            "SOPClassUID": STORAGE + "66.4",
            "Modality": "SEG",
            "SegmentationType": "BINARY",
            "SegmentSequence": segments(*labels),
            "BitsAllocated": 1,
            "BitsStored": 1,
            "HighBit": 0,
            "PixelData": bits + b"\0" * (len(bits) % 2),
        }
        return write_dicom("seg.dcm", masks.astype(np.uint8), **facts)

    return write


def overlays(series: Series) -> list[dict[str, Overlay]]:
    """What lies over each slice, by name."""
    volume = series.volumes[0]
    return [
        {overlay.name: overlay for overlay in volume.read_slice(k).overlays}
        for k in range(volume.shape[0])
    ]


def test_that_segments_lie_over_the_slices_of_their_planes(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    images = write_stack([0, 3, 6])
    seg = write_segments([(6, 1, HOLE), (3, 2, HOLE), (3, 1, ~HOLE)])  # not in order
    study = open_paths(seg, *images)
    assert [series.modality for series in study.series] == ["CT", "SEG"]
    found = overlays(study.series[0])
    assert [sorted(names) for names in found] == [[], ["Liver", "Spleen"], ["Liver"]]
    np.testing.assert_array_equal(found[1]["Spleen"].mask, HOLE)
    np.testing.assert_array_equal(found[1]["Liver"].mask, ~HOLE)
    np.testing.assert_array_equal(found[2]["Liver"].mask, HOLE)
    assert found[1]["Liver"].number == found[2]["Liver"].number != found[1]["Spleen"].number
    assert study.series[0].volumes[0].has_findings
    assert overlays(study.series[1]) == [{}] * study.series[1].volumes[0].shape[0]


def test_that_frames_whose_bits_are_no_whole_bytes_are_told_apart(
    write_dicom: WriteDicom, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    masks = np.random.default_rng(0).random((3, 5, 7)) > 0.5
    images = [
        write_dicom(f"{z}.dcm", np.zeros((5, 7), np.uint16), ImagePositionPatient=[-10, -20, z])
        for z in range(3)
    ]
    seg = write_segments([(z, 1, masks[z]) for z in range(3)])
    for found, mask in zip(overlays(open_paths(*images, seg).series[0]), masks, strict=True):
        np.testing.assert_array_equal(found["Liver"].mask, mask)


def test_that_rows_and_normal_may_run_the_other_way(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    # Pixel (0, 0) of the segmentation is the images' (0, 7), and its normal points down.
    seg = write_segments(
        [(z, 1, HOLE[:, ::-1]) for z in (6, 3)],
        orientation=[-1, 0, 0, 0, 1, 0],
        corner=[-10 + 7 * 0.5, -20],
    )
    found = overlays(open_paths(*write_stack([0, 3, 6]), seg).series[0])
    assert found[0] == {}
    np.testing.assert_array_equal(found[1]["Liver"].mask, HOLE)
    np.testing.assert_array_equal(found[2]["Liver"].mask, HOLE)


def test_that_another_grid_gives_its_nearest_pixels_and_nothing_outside(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    # Pixels twice as large, the first centred between four of the image from row 2, column 2 on.
    coarse = np.array([[True, False], [False, True]])
    corner = [-10 + 2.5 * 0.5, -20 + 2.5 * 0.75]
    seg = write_segments([(0.4, 1, coarse)], spacing=[1.5, 1.0], corner=corner)
    found = overlays(open_paths(*write_stack([0, 3, 6]), seg).series[0])
    expected = np.zeros((6, 8), bool)
    expected[2:4, 2:4] = expected[4:6, 4:6] = True
    np.testing.assert_array_equal(found[0]["Liver"].mask, expected)
    assert found[1:] == [{}, {}]


def test_that_of_finer_planes_the_nearest_is_taken(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    seg = write_segments([(2, 1, ~HOLE), (3.2, 1, HOLE), (4, 1, ~HOLE)])
    found = overlays(open_paths(*write_stack([0, 3, 6]), seg).series[0])
    np.testing.assert_array_equal(found[1]["Liver"].mask, HOLE)
    assert found[0] == found[2] == {}


@pytest.mark.parametrize(
    "elsewhere", [{"FrameOfReferenceUID": "1.2.99"}, {"orientation": [1, 0, 0, 0, 0, -1]}]
)
def test_that_another_frame_of_reference_or_plane_gets_nothing(
    write_stack: WriteStack,
    write_dicom: WriteDicom,
    write_segments: Callable[..., Path],
    open_paths: Opens,
    elsewhere: dict[str, Any],
) -> None:
    if "orientation" in elsewhere:
        study = open_paths(*write_stack([0, 3]), write_segments([(0, 1, HOLE)], **elsewhere))
    else:
        study = open_paths(*write_stack([0, 3], **elsewhere), write_segments([(0, 1, HOLE)]))
    assert overlays(study.series[0]) == [{}, {}]


def test_that_another_patient_gets_nothing(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    images = write_stack([0, 3, 6], PatientID="OTHER")
    study = open_paths(write_segments([(3, 1, HOLE)]), *images)
    series = next(one for one in study.series if one.modality == "CT")
    assert overlays(series) == [{}, {}, {}]


def test_that_coarser_planes_fill_the_slices_between_them(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    images = write_stack([0, 1, 2, 3, 4, 5, 6, 7, 8])
    study = open_paths(write_segments([(2, 1, HOLE), (6, 1, ~HOLE)]), *images)
    found = overlays(study.series[0])
    assert [bool(names) for names in found] == [True] * 9
    np.testing.assert_array_equal(found[3]["Liver"].mask, HOLE)
    np.testing.assert_array_equal(found[5]["Liver"].mask, ~HOLE)


def test_that_a_fraction_counts_from_half_on(
    write_dicom: WriteDicom, write_stack: WriteStack, open_paths: Opens
) -> None:
    shares = np.arange(48, dtype=np.uint8).reshape(1, 6, 8) * 2  # of 100
    facts = groups([3], [of_segment(1)]) | {
        "SOPClassUID": STORAGE + "66.4",
        "Modality": "SEG",
        "SegmentationType": "FRACTIONAL",
        "MaximumFractionalValue": 100,
        "SegmentSequence": segments("Tumour"),
    }
    seg = write_dicom("seg.dcm", shares, **facts)
    found = overlays(open_paths(*write_stack([0, 3]), seg).series[0])
    np.testing.assert_array_equal(found[1]["Tumour"].mask, shares[0] >= 50)


@pytest.mark.parametrize("is_colored", [False, True])
def test_that_a_label_map_holds_all_its_segments(
    write_dicom: WriteDicom, write_stack: WriteStack, open_paths: Opens, is_colored: bool
) -> None:
    labels = np.arange(48, dtype=np.uint8).reshape(1, 6, 8) % 3
    facts = groups([3], [{}]) | {
        "SOPClassUID": STORAGE + "66.7",
        "Modality": "SEG",
        "SegmentationType": "LABELMAP",
        "SegmentSequence": segments("Grey", "White"),
    }
    if is_colored:
        facts["PhotometricInterpretation"] = "PALETTE COLOR"
        for name in ("Red", "Green", "Blue"):
            facts[f"{name}PaletteColorLookupTableDescriptor"] = [3, 0, 16]
            facts[f"{name}PaletteColorLookupTableData"] = bytes(6)
    seg = write_dicom("seg.dcm", labels, **facts)
    found = overlays(open_paths(*write_stack([0, 3]), seg).series[0])
    assert list(found[1]) == ["Grey", "White"]
    np.testing.assert_array_equal(found[1]["Grey"].mask, labels[0] == 1)
    np.testing.assert_array_equal(found[1]["White"].mask, labels[0] == 2)


def mapping() -> dict[str, Dataset]:
    """A real world value mapping: tenths of a diffusion coefficient."""
    return {
        "RealWorldValueMappingSequence": item(
            RealWorldValueSlope=0.1,
            RealWorldValueIntercept=1.0,
            LUTExplanation="ADC",
            MeasurementUnitsCodeSequence=Sequence([item(CodeValue="um2/s")]),
        )
    }


@pytest.mark.parametrize("is_float", [False, True])
def test_that_a_parametric_map_gives_values_with_its_unit(
    write_dicom: WriteDicom, write_stack: WriteStack, open_paths: Opens, is_float: bool
) -> None:
    stored = np.arange(48).reshape(1, 6, 8)
    facts = groups([3], [mapping()]) | {"SOPClassUID": STORAGE + "30", "Modality": "MR"}
    if is_float:
        array: npt.NDArray[Any] = stored.astype(np.float32)
        facts |= {"PixelData": None, "FloatPixelData": array.tobytes()}
        facts |= {"FloatPixelPaddingValue": 7.0, "BitsStored": None, "HighBit": None}
    else:
        array = stored.astype(np.uint16)
        facts["PixelPaddingValue"] = 7
    found = overlays(
        open_paths(*write_stack([0, 3]), write_dicom("map.dcm", array, **facts)).series[0]
    )
    (overlay,) = found[1].values()
    assert overlay.name == "ADC (um2/s)"
    expected = np.where(stored[0] == 7, np.nan, stored[0] * 0.1 + 1)
    assert overlay.values is not None
    np.testing.assert_allclose(overlay.values, expected, rtol=1e-6)
    np.testing.assert_array_equal(overlay.mask, stored[0] != 7)
    assert found[0] == {}


def test_that_a_damaged_segmentation_keeps_no_image_from_showing(
    write_stack: WriteStack,
    write_segments: Callable[..., Path],
    open_paths: Opens,
) -> None:
    seg = write_segments([(0, 1, HOLE)])
    study = open_paths(*write_stack([0, 3]), seg)
    seg.write_bytes(seg.read_bytes()[:400])
    assert overlays(study.series[0]) == [{}, {}]


def test_that_the_overlays_of_the_first_slice_are_told(
    write_stack: WriteStack, write_segments: Callable[..., Path], open_paths: Opens
) -> None:
    study = open_paths(*write_stack([0, 3]), write_segments([(0, 2, HOLE), (3, 1, HOLE)]))
    assert describe(study)["series"][0]["overlays"] == ["Spleen"]


def test_that_a_real_segmentation_lies_over_the_images_of_its_patient(
    shared: Path, write_dicom: WriteDicom, open_paths: Opens
) -> None:
    seg = shared / "data" / "viewer_dicom" / "pydicom_data_extra" / "liver.dcm"
    (alone,) = open_paths(seg).series
    volume = alone.volumes[0]
    images = [
        write_dicom(
            f"{k}.dcm",
            np.zeros((512, 512), np.uint16),
            ImagePositionPatient=[-235.2, -226.8, -128.69 + k],
            PixelSpacing=[0.810547, 0.810547],
            FrameOfReferenceUID=("1.2.392.200103.20080913.113635.3.2009.6.22.21.44.34.23882.1"),
            PatientID="99000",
            PatientName="JANCT000",
        )
        for k in range(3)
    ]
    found = next(s for s in open_paths(seg, *images).series if s.modality == "CT")
    for k, names in enumerate(overlays(found)):
        np.testing.assert_array_equal(names["Liver"].mask, volume.read_slice(k).modality_values > 0)
