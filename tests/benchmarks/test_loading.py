"""The loading benchmark, on scans too small to say anything of speed."""

from pathlib import Path

import pytest

from benchmarks import loading
from benchmarks.loading_data import ENHANCED, NIFTI
from benchmarks.loading_readers import READERS

SMALL = {"JPEG-LS": (4, 32, 32), ENHANCED: (4, 32, 32), NIFTI: (4, 32, 32)}


def test_that_every_reader_sees_what_was_written_and_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pydicom", "SimpleITK", "dicom-numpy"):
        monkeypatch.delitem(READERS, name)
    figures = loading.compare(tmp_path, SMALL, runs=1)
    assert list(figures) == list(SMALL)
    assert set(figures[NIFTI]) == {"ours", "nibabel"}
    for readers in figures.values():
        assert set(readers["ours"]) == {"list", "first", "whole", "memory"}
        assert readers["ours"]["first"] <= readers["ours"]["whole"]
    assert [row[:2] for row in loading.rows(figures)][-1] == [NIFTI, "nibabel"]
    assert loading.judged(figures)[-1].startswith(f"{NIFTI}: first image")


def test_that_a_reader_that_sees_something_else_ends_the_run(tmp_path: Path) -> None:
    scan = loading.make_scan("JPEG-LS", (4, 32, 32), tmp_path)
    other = loading.make_scan("uncompressed", (5, 32, 32), tmp_path)
    (other / "truth.npz").replace(scan / "truth.npz")
    with pytest.raises(RuntimeError, match="ours on JPEG-LS"):
        loading._read("ours", scan)
