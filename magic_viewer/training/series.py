"""Labelled series: `series.csv` beside one folder of DICOM files for each of its rows."""

import csv
from pathlib import Path

from magic_viewer.errors import DataError, ImagingError
from magic_viewer.imaging.load import open_study, require_series
from magic_viewer.pipeline.preprocess import grey_values
from magic_viewer.progress import drain
from magic_viewer.training.examples import Example

SERIES_FILE = "series.csv"
SERIES_TASKS = {"vendor": "vendor"}
"""Tasks of this form: the column that holds the label."""


def read_series(folder: Path, task: str) -> list[Example]:
    """Reads every slice of the series, scanner by scanner a fold.

    Columns: `series` (the folder's name), `scanner_id`, the task's own; where there is an
    `axial_full`, only rows with 1 in it are read. A scanner counts as the patient, and its place
    among the sorted scanners is the number of its fold.

    Raises:
        DataError: for an unknown task, a bad series.csv, or a series that can't be read.
    """
    if task not in SERIES_TASKS:
        raise DataError(
            f"Unknown task '{task}' for {SERIES_FILE}; expected one of {', '.join(SERIES_TASKS)}."
        )
    rows = _rows(folder / SERIES_FILE, ("series", "scanner_id", SERIES_TASKS[task]))
    scanners = sorted({row["scanner_id"] for row in rows})
    examples = []
    for row in rows:
        fold = str(scanners.index(row["scanner_id"]))
        examples += _read(folder / row["series"], row[SERIES_TASKS[task]], row["scanner_id"], fold)
    return examples


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: expected a table as CSV in UTF-8; it can't be read.") from error
    wanted = [row for row in rows if (row.get("axial_full") or "1") == "1"]
    for column in columns:
        if not all(row.get(column) for row in wanted):
            raise DataError(f"{path}: expected a value in column '{column}' on every row.")
    if not wanted:
        raise DataError(f"{path}: expected rows to read; found 0.")
    return wanted


def _read(folder: Path, label: str, scanner: str, fold: str) -> list[Example]:
    if not folder.is_dir():
        raise DataError(f"{folder}: named in {SERIES_FILE}, but there is no such folder.")
    examples = []
    try:
        for series in require_series(drain(open_study([folder]))):
            for volume in series.volumes:
                for k in range(volume.shape[0]):
                    image = volume.read_slice(k)
                    grey, limits = grey_values(image)
                    examples.append(
                        Example(
                            grey,
                            label,
                            scanner,
                            fold,
                            folder.name,
                            image.spacing,
                            limits,
                            image.affine,
                        )
                    )
    except ImagingError as error:
        raise DataError(f"{folder}: {error}") from error
    return examples
