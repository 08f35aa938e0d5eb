"""Makes small scans, and finds the real ones."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import Series, Study
from magic_viewer.progress import drain

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
WriteDicom = Callable[..., Path]


@pytest.fixture
def pixels() -> npt.NDArray[np.uint16]:
    """A 6×8 picture that differs under every flip and rotation."""
    return np.arange(48, dtype=np.uint16).reshape(6, 8)


def save_dicom(path: Path, array: npt.NDArray[Any], **attributes: Any) -> Path:
    """Writes a DICOM file: a CT slice, but for what it is told.

    An attribute given as None is left out.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = attributes.pop("syntax", ExplicitVRLittleEndian)
    bits = array.dtype.itemsize * 8
    facts: dict[str, Any] = {
        "SOPClassUID": CT_STORAGE,
        "SOPInstanceUID": generate_uid(),
        "SeriesInstanceUID": "1.2.3",
        "FrameOfReferenceUID": "1.2.4",
        "PatientName": "CANARY^NAME",
        "PatientID": "CANARY-ID",
        "Modality": "CT",
        "SeriesNumber": 1,
        "ImagePositionPatient": [-10, -20, 30],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.75, 0.5],
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "Rows": array.shape[-2],
        "Columns": array.shape[-1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(array.dtype.kind == "i"),
        "PixelData": array.tobytes(),
    }
    for keyword, value in (facts | attributes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def write_dicom(tmp_path: Path, pixels: npt.NDArray[np.uint16]) -> WriteDicom:
    """Gives a function that writes a DICOM file by `save_dicom` into the test's folder."""

    def write(name: str = "a.dcm", array: npt.NDArray[Any] = pixels, **attributes: Any) -> Path:
        return save_dicom(tmp_path / name, array, **attributes)

    return write


@pytest.fixture
def write_stack(write_dicom: WriteDicom) -> Callable[..., list[Path]]:
    """Gives a function that writes one slice for each z (mm), file k filled with value k."""

    def write(depths: list[float], folder: str = "stack", **attributes: Any) -> list[Path]:
        return [
            write_dicom(
                f"{folder}/{number:03}.dcm",
                np.full((6, 8), number, np.uint16),
                ImagePositionPatient=[-10, -20, depth],
                InstanceNumber=number + 1,
                **attributes,
            )
            for number, depth in enumerate(depths)
        ]

    return write


def item(**attributes: Any) -> Dataset:
    """Makes a sequence item."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def sequence() -> Callable[..., Sequence]:
    """Gives a function that makes a sequence of one item."""
    return lambda **attributes: Sequence([item(**attributes)])


@pytest.fixture
def open_paths() -> Callable[..., Study]:
    """Gives a function that opens paths to the end."""
    return lambda *paths: drain(open_study(list(paths)))


@pytest.fixture
def open_one(open_paths: Callable[..., Study]) -> Callable[..., Series]:
    """Gives a function that opens paths which must give exactly one series."""

    def opened(*paths: Path) -> Series:
        study = open_paths(*paths)
        assert [notice.text for notice in study.rejected] == []
        assert len(study.series) == 1
        return study.series[0]

    return opened


def package_folder(name: str) -> Path:
    """Finds where a package is installed."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture
def pydicom_files() -> Path:
    """The samples in pydicom's wheel."""
    return package_folder("pydicom") / "data" / "test_files"


@pytest.fixture
def nibabel_files() -> Path:
    """The samples in nibabel's wheel."""
    return package_folder("nibabel") / "tests" / "data"


@pytest.fixture
def shared() -> Path:
    """The folder of real scans that may lie beside the checkout."""
    folder = Path(__file__).parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared scans don't lie beside this checkout")
    return folder
