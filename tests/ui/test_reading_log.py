"""The file of readings: whole lines, no patient data, nothing lost, nothing overwritten."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from magic_viewer.errors import ExportError
from magic_viewer.ui.reading_log import COLUMNS, Reading, ReadingLog

READING = Reading(
    "2026-11-25T12:00:00+00:00", 2, 1, 7, "brain", "ab12", "FLAIR", "T1", 0.9, 3.14159,
    True, True, False,
)  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log_with(path: Path, *readings: Reading) -> ReadingLog:
    log = ReadingLog(path)
    for reading in readings:
        log.add(reading)
    log.write()
    return log


def test_that_a_reading_is_one_line_under_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    log_with(path, READING, replace(READING, model_answer='FLAIR, "fat"', reader="Flüssig"))
    first, second = rows(path)
    assert tuple(first) == COLUMNS
    assert first == {
        "time": "2026-11-25T12:00:00+00:00", "series": "2", "volume": "1", "slice": "7",
        "model": "brain", "model_hash": "ab12", "reader": "FLAIR", "model_answer": "T1",
        "probability": "0.900000", "agreement": "no", "seconds": "3.14", "typical": "yes",
        "blind": "yes", "abstains": "no",
    }  # fmt: skip
    assert second["model_answer"] == 'FLAIR, "fat"'
    assert second["reader"] == "Flüssig"


def test_that_agreement_typicality_blindness_and_abstention_are_told(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    log_with(path, replace(READING, reader="T1", is_typical=False, is_blind=False, abstains=True))
    (row,) = rows(path)
    assert (row["agreement"], row["typical"], row["blind"]) == ("yes", "no", "no")
    assert row["abstains"] == "yes"


def test_that_a_file_from_before_the_last_column_goes_on_as_it_began(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(",".join(COLUMNS[:-1]) + "\n", encoding="utf-8")
    log_with(path, READING)
    head, line = path.read_text(encoding="utf-8").splitlines()
    assert len(line.split(",")) == len(head.split(",")) == len(COLUMNS) - 1
    assert rows(path)[0]["blind"] == "yes"


def test_that_lines_are_added_to_the_readings_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    log_with(path, READING)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))  # as after an editor
    log_with(path, replace(READING, slice=8))
    assert [row["slice"] for row in rows(path)] == ["7", "8"]


def test_that_a_file_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("name,born\nA,1970\n")
    with pytest.raises(ExportError, match="something else"):
        log_with(path, READING)
    assert path.read_text() == "name,born\nA,1970\n"


def test_that_what_cannot_be_written_is_kept_and_written_later_once(tmp_path: Path) -> None:
    folder = tmp_path / "Doe^John"
    log = ReadingLog(folder / "readings.csv")
    log.add(READING)
    with pytest.raises(ExportError) as failed:
        log.write()
    assert "Doe" not in str(failed.value)
    assert log.pending == (READING,)
    folder.mkdir()
    log.write()
    log.write()
    assert log.pending == ()
    assert len(rows(log.path)) == 1


def test_that_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "readings.csv"
    log = log_with(path, READING)
    whole = path.read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        log.add(replace(READING, slice=8))
        with pytest.raises(ExportError, match="No space left"):
            log.write()
    assert path.read_bytes() == whole
    log.write()
    assert [row["slice"] for row in rows(path)] == ["7", "8"]


def test_that_a_new_file_has_its_head_before_the_first_reading(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    ReadingLog(path).write()
    assert path.read_text() == ",".join(COLUMNS) + "\n"
