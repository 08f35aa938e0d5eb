"""Labelled slices from folders or arrays.

Two forms:

- folders: `train/CLASS/*.png`, also `val` and `test`; any image that Pillow reads.
- arrays: `slices.csv` (one row a slice: row, patient, fold, ...) beside one `.npz` whose
  `images` is (rows, height, width, channels) uint8. What the channels mean and what the
  label is, a task says.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from magic_viewer.errors import DataError

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Example:
    """One labelled slice.

    Attributes:
        grey: (rows, columns) float32.
        label: class name.
        patient: who it is of, or None where nobody knows.
        split: "train", "val", "test", or the fold's number as text.
        limits: values that become 0 and 255, where percentiles shall not decide.
    """

    grey: npt.NDArray[np.float32]
    label: str
    patient: str | None
    split: str
    limits: tuple[float, float] | None = None


Row = dict[str, str]
Task = Callable[[Row, npt.NDArray[np.uint8]], Iterable[tuple[str, npt.NDArray[np.uint8]]]]


def _sequence(
    row: Row, image: npt.NDArray[np.uint8]
) -> Iterable[tuple[str, npt.NDArray[np.uint8]]]:
    """T1 before contrast, FLAIR and T1 after contrast; a channel that is a copy is left out."""
    if row.get("has_pre", "1") == "1":
        yield "T1-pre", image[..., 0]
    yield "FLAIR", image[..., 1]
    if row.get("has_post", "1") == "1":
        yield "T1-post", image[..., 2]


def _site(row: Row, image: npt.NDArray[np.uint8]) -> Iterable[tuple[str, npt.NDArray[np.uint8]]]:
    """The acquisition site, for every sequence of the slice."""
    for _, grey in _sequence(row, image):
        yield row["site"], grey


def _tumour(row: Row, image: npt.NDArray[np.uint8]) -> Iterable[tuple[str, npt.NDArray[np.uint8]]]:
    """Whether the experts outlined any tumour, for FLAIR."""
    yield "present" if int(row["tumor_px"]) else "absent", image[..., 1]


TASKS: dict[str, Task] = {"sequence": _sequence, "site": _site, "tumour": _tumour}


def read_examples(folder: Path, task: str = "sequence") -> list[Example]:
    """Reads every labelled slice below a folder.

    Args:
        folder: in one of the two forms.
        task: for the array form, one of TASKS.

    Returns:
        The examples, in a fixed order.

    Raises:
        DataError: if the folder has neither form, or a file of it can't be used.
    """
    if (folder / "slices.csv").is_file():
        return _read_arrays(folder, task)
    if any((folder / split).is_dir() for split in SPLITS):
        return _read_folders(folder)
    raise DataError(
        f"{folder}: expected folders train/CLASS, val/CLASS, test/CLASS with images, or "
        "slices.csv with one .npz; found neither. Give the folder that holds them."
    )


def _read_folders(folder: Path) -> list[Example]:
    examples = []
    for split in SPLITS:
        for path in sorted((folder / split).glob("*/*")):
            if path.suffix.lower() in SUFFIXES:
                examples.append(Example(_read_image(path), path.parent.name, None, split))
    if not examples:
        raise DataError(
            f"{folder}: expected images in train/CLASS, val/CLASS, test/CLASS; found 0."
        )
    return examples


def _read_image(path: Path) -> npt.NDArray[np.float32]:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("F"), np.float32)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: expected an image, but it can't be decoded.") from error


def _read_arrays(folder: Path, task: str) -> list[Example]:
    if task not in TASKS:
        raise DataError(f"Unknown task '{task}'; expected one of {', '.join(TASKS)}.")
    with open(folder / "slices.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = _images(folder, len(rows))
    examples = []
    for position, row in enumerate(rows):
        image = images[int(row.get("row") or position)]
        for label, grey in TASKS[task](row, image):
            patient, fold = row.get("patient"), row.get("fold", "")
            examples.append(Example(grey.astype(np.float32), label, patient, fold))
    return examples


def _images(folder: Path, count: int) -> npt.NDArray[np.uint8]:
    archives = sorted(folder.glob("*.npz"))
    if len(archives) != 1:
        raise DataError(f"{folder}: expected one .npz beside slices.csv; found {len(archives)}.")
    try:
        with np.load(archives[0], allow_pickle=False) as archive:
            images: npt.NDArray[np.uint8] = archive["images"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{archives[0]}: expected an array 'images'; it can't be read.") from error
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) < count:
        raise DataError(
            f"{archives[0]}: expected images ({count}, height, width, channels) uint8; "
            f"came {images.shape} {images.dtype}."
        )
    return images


def hold_out_patients(
    examples: list[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """Splits by patient: (kept, held out), a share of the patients held out.

    Patients whose slices are all of one class, as of one site, are drawn class by class, so that
    no class is missing on either side.
    """
    found: dict[str, set[str]] = {}
    for example in examples:
        if example.patient is not None:
            found.setdefault(example.patient, set()).add(example.label)
    if not found:
        raise DataError("Validation images can't be held out by patient: no patients are named.")
    groups: dict[str, list[str]] = {}
    for patient, labels in sorted(found.items()):
        groups.setdefault(labels.pop() if len(labels) == 1 else "", []).append(patient)
    rng = np.random.default_rng(seed)
    held: set[str] = set()
    for _, patients in sorted(groups.items()):
        order = rng.permutation(len(patients))
        held |= {patients[i] for i in order[: max(1, round(share * len(patients)))]}
    kept = [e for e in examples if e.patient not in held]
    return kept, [e for e in examples if e.patient in held]
