"""Made scans for `benchmarks.loading`, which compress about as chest CT and brain MR do."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pydicom.uid as uids
from imagecodecs import jpeg2k_encode, jpegls_encode
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from rle import encode_pixel_data

Shape = tuple[int, int, int]
"""(slices, rows, columns)."""
Stored = npt.NDArray[np.int16]

SYNTAXES = {
    "uncompressed": uids.ExplicitVRLittleEndian,
    "RLE": uids.RLELossless,
    "JPEG-LS": uids.JPEGLSLossless,
    "JPEG 2000": uids.JPEG2000Lossless,
}
ENHANCED, NIFTI = "enhanced", ".nii.gz"
SHAPES: dict[str, Shape] = {
    **dict.fromkeys(SYNTAXES, (300, 512, 512)),
    ENHANCED: (520, 256, 256),
    NIFTI: (256, 256, 256),
}
INTERCEPT = -1024
TRUTH = "truth.npz"
_NOISE = 10

# Value (HU in the chest), centre (x, y) and half axes of ellipses, each over those before.
_CHEST = (
    (-90, 0, 0, 0.9, 0.68),
    (45, 0, 0, 0.84, 0.62),
    (350, 0, 0, 0.8, 0.58),
    (45, 0, 0, 0.78, 0.56),
    (-850, -0.4, -0.05, 0.28, 0.42),
    (-850, 0.4, -0.05, 0.28, 0.42),
    (65, 0.12, -0.1, 0.26, 0.25),
    (700, 0, 0.42, 0.1, 0.1),
)
_HEAD = (
    (110, 0, 0, 0.74, 0.9),
    (520, 0, 0, 0.62, 0.76),
    (720, 0, 0, 0.52, 0.64),
    (180, -0.1, 0, 0.08, 0.25),
    (180, 0.1, 0, 0.08, 0.25),
)


def make_scan(kind: str, shape: Shape, folder: Path) -> Path:
    """Writes one scan, unless the folder has it already.

    Returns:
        Its folder, with its files in "images", and some of its slices in `TRUTH`.
    """
    place = folder / f"{kind} {'x'.join(map(str, shape))}"
    if not (place / TRUTH).exists():
        images = place / "images"
        images.mkdir(parents=True, exist_ok=True)
        if kind == NIFTI:
            volume = np.clip(_values(shape, _HEAD, 0), 0, None)
            _write_nifti(images / "head.nii.gz", volume)
        else:
            values = np.clip(_values(shape, _CHEST, -1000), INTERCEPT, 4095 + INTERCEPT)
            write = _write_enhanced if kind == ENHANCED else _write_series
            write(images, values - np.int16(INTERCEPT), SYNTAXES.get(kind))
            volume = values
        chosen = [0, shape[0] // 3, shape[0] - 1]
        np.savez(place / TRUTH, k=chosen, slices=volume[chosen].astype(np.float32))
    return place


def _values(shape: Shape, ellipses: Sequence[tuple[float, ...]], background: float) -> Stored:
    """Ellipses that shrink to both ends of the volume, softly shaded, with noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j].astype(np.float32)
    volume = np.empty(shape, np.int16)
    for k, z in enumerate(np.linspace(-1, 1, len(volume))):
        image = _NOISE * rng.standard_normal(shape[1:], np.float32)
        shade = image + 15 * np.sin(4 * x + z) * np.cos(3 * y - 2 * z)
        image += background
        for value, right, down, width, height in ellipses:
            inside = ((x - right) / width) ** 2 + ((y - down) / height) ** 2 < 1 - z * z / 3
            image[inside] = value + shade[inside]
        volume[k] = np.rint(image)
    return volume


def _write_nifti(file: Path, volume: Stored) -> None:
    """Axes run to the left, posterior and superior, as ours do."""
    image = nibabel.Nifti1Image(volume.T, np.diag([-1.0, -1.0, 1.0, 1.0]))
    with gzip.open(file, "wb", compresslevel=6) as stream:
        stream.write(image.to_bytes())


def _write_series(images: Path, volume: Stored, syntax: uids.UID) -> None:
    dataset = _ct(uids.CTImageStorage, volume, syntax)
    for part in (_orientation(), _measures(), _rescale()):
        dataset.update(part)
    for k, stored in enumerate(volume):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uids.generate_uid()
        dataset.InstanceNumber = k + 1
        dataset.update(_position(k))
        if syntax.is_encapsulated:
            dataset.PixelData = encapsulate([_encoded(stored, dataset)])
            dataset["PixelData"].VR = "OB"
        else:
            dataset.PixelData = stored.tobytes()
        dataset.save_as(images / f"{k + 1:05}.dcm", enforce_file_format=True)


def _encoded(stored: Stored, dataset: Dataset) -> bytes:
    match dataset.file_meta.TransferSyntaxUID:
        case uids.RLELossless:
            return bytes(encode_pixel_data(stored.tobytes(), dataset, "<"))
        case uids.JPEGLSLossless:
            return bytes(jpegls_encode(stored.view(np.uint16)))
    unsigned = stored.view(np.uint16)
    return bytes(jpeg2k_encode(unsigned, 0, codecformat="j2k", bitspersample=12, reversible=True))


def _write_enhanced(images: Path, volume: Stored, _: object) -> None:
    dataset = _ct(uids.EnhancedCTImageStorage, volume, uids.ExplicitVRLittleEndian)
    dataset.NumberOfFrames = len(volume)
    dataset.SharedFunctionalGroupsSequence = [
        _dataset(
            PixelMeasuresSequence=[_measures()],
            PlaneOrientationSequence=[_orientation()],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _dataset(
            FrameContentSequence=[_dataset(StackID="1", InStackPositionNumber=k + 1)],
            PlanePositionSequence=[_position(k)],
            PixelValueTransformationSequence=[_rescale()],
            FrameVOILUTSequence=[_dataset(WindowCenter=40, WindowWidth=400)],
        )
        for k in range(len(volume))
    ]
    dataset.PixelData = volume.tobytes()
    dataset.save_as(images / "enhanced.dcm", enforce_file_format=True)


def _ct(storage: uids.UID, volume: Stored, syntax: uids.UID) -> Dataset:
    dataset = _dataset(
        SOPClassUID=storage,
        SOPInstanceUID=uids.generate_uid(),
        StudyInstanceUID=uids.generate_uid(),
        SeriesInstanceUID=uids.generate_uid(),
        FrameOfReferenceUID=uids.generate_uid(),
        Modality="CT",
        SeriesNumber=1,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        Rows=volume.shape[1],
        Columns=volume.shape[2],
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
    )
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _dataset(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def _position(k: int) -> Dataset:
    return _dataset(ImagePositionPatient=[-180.0, -180.0, float(k)])


def _orientation() -> Dataset:
    return _dataset(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


def _measures() -> Dataset:
    return _dataset(PixelSpacing=[0.7, 0.7], SliceThickness=1)


def _rescale() -> Dataset:
    return _dataset(RescaleIntercept=INTERCEPT, RescaleSlope=1, RescaleType="HU")
