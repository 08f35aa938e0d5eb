"""Real scans that installed packages bring along, for a first look without own data.

They stay where they are; nothing is copied or downloaded.
"""

from importlib.util import find_spec
from pathlib import Path

# Chosen by eye: what shows anatomy, and each kind of image once.
_SAMPLES = (
    ("nibabel", "tests/data/example4d.nii.gz"),  # MR, whole brain, two volumes
    ("nibabel", "tests/data/anatomical.nii"),  # MR T1, middle of a brain
    ("pydicom", "data/test_files/J2K_pixelrep_mismatch.dcm"),  # CT, head
    ("pydicom", "data/test_files/CT_small.dcm"),  # CT, spine
    ("pydicom", "data/test_files/examples_overlay.dcm"),  # MR, abdomen
    ("pydicom", "data/test_files/examples_rgb_color.dcm"),  # ultrasound, colour Doppler
    ("pydicom", "data/test_files/examples_ybr_color.dcm"),  # ultrasound, cine of a heart
    ("pydicom", "data/test_files/JPGExtended.dcm"),  # nuclear medicine, whole body
)


def sample_scans() -> list[Path]:
    """Gives the sample files that are installed, best first; brain MR leads."""
    found = (_package_folder(package) / name for package, name in _SAMPLES)
    return [path for path in found if path.is_file()]


def _package_folder(package: str) -> Path:
    """Finds a package without importing it; an empty path when it isn't there."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else Path()
