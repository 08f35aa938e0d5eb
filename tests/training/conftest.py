"""A made data set that is easy to tell apart, and a training that takes seconds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.training.config import AugmentConfig, TrainConfig
from tests.imaging.conftest import WriteDicom, pixels, write_dicom  # noqa: F401

TINY = TrainConfig(
    title="Side of the light",
    licence="CC0",
    steps=8,
    batch_size=6,
    warmup=2,
    validate_every=4,
    initial_images=48,
    width=16,
    guide_width=16,
    coarse_width=16,
    preprocess=PreprocessConfig(size=32),
    augment=AugmentConfig(shift=0.05, gamma=0.1),
)


def draw(label: str, rng: np.random.Generator) -> np.ndarray:
    """A noisy 32×32 image, brighter on the side that the label names."""
    image = rng.normal(90, 12, (32, 32))
    half = slice(0, 16) if label == "left" else slice(16, 32)
    image[:, half] += 60
    return np.clip(image, 0, 255).astype(np.uint8)


def write_folders(root: Path, counts: dict[str, int]) -> Path:
    """train/val/test folders of two classes."""
    rng = np.random.default_rng(0)
    for split, count in counts.items():
        for label in ("left", "right"):
            (root / split / label).mkdir(parents=True)
            for n in range(count):
                Image.fromarray(draw(label, rng)).save(root / split / label / f"{n:03}.png")
    return root


def write_arrays(root: Path, patients: int = 10, slices: int = 3) -> Path:
    """slices.csv and one .npz, the channels being T1 before, FLAIR, T1 after contrast."""
    rng = np.random.default_rng(0)
    images, lines = [], ["row,patient,has_pre,has_post,fold"]
    for patient in range(patients):
        for _ in range(slices):
            lines.append(f"{len(images)},P{patient},{patient % 2},1,{patient % 5}")
            images.append(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    (root / "slices.csv").write_text("\n".join(lines) + "\n")
    np.savez(root / "slices.npz", images=np.stack(images))
    return root


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two classes, 20/8/8 images each."""
    return write_folders(tmp_path / "data", {"train": 20, "val": 8, "test": 8})


VENDORS = {"GE": 30, "Philips": 6, "Siemens": 15}
"""Standard deviation of each one's noise in the made series."""


@pytest.fixture
def series(tmp_path: Path, write_dicom: WriteDicom) -> Path:  # noqa: F811
    """Two scanners of each of three vendors, two slices each; the second of GE has two series."""
    rng = np.random.default_rng(0)
    rows = ["series,vendor,scanner_id,axial_full", "scout,GE,GE 1,0"]
    for name in (f"{vendor} {n}" for vendor in VENDORS for n in (1, 2)):
        for folder in (name, f"{name} again") if name == "GE 2" else (name,):
            vendor = name.split()[0]
            rows.append(f"{folder},{vendor},{name},1")
            for k in range(2):
                grey = np.abs(rng.normal(0, VENDORS[vendor], (40, 72)))
                grey[10:30, 20:50] += 1000
                write_dicom(
                    f"series/{folder}/{k}.dcm",
                    grey.astype(np.uint16),
                    Modality="MR",
                    SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
                    SeriesInstanceUID="1.2.3.4",
                    ImagePositionPatient=[0, 0, 5 * k],
                    PixelSpacing=[1, 1],
                    RescaleIntercept=0,
                )
    (tmp_path / "series" / "series.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "series"


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    """Ten patients of three slices."""
    (tmp_path / "arrays").mkdir()
    return write_arrays(tmp_path / "arrays")
