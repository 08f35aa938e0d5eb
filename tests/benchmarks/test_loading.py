"""The loading benchmark, on scans too small to say anything of speed."""

from pathlib import Path

import pytest
from pydicom.pixels import get_decoder

from benchmarks import loading
from benchmarks.loading_data import ENHANCED, NIFTI, SYNTAXES
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
        assert set(readers["ours"]) == {"import", "list", "first", "whole", "memory"}
        assert readers["ours"]["first"] <= readers["ours"]["whole"]
    assert [row[:2] for row in loading.rows(figures)][-1] == [NIFTI, "nibabel"]
    assert loading.judged(figures)[-1].startswith(f"{NIFTI}: first image")
    assert [row[0] for row in loading.import_rows(figures)] == ["ours", "nibabel"]


@pytest.mark.parametrize("kind", SYNTAXES)
@pytest.mark.parametrize("name", ["pydicom", "SimpleITK", "dicom-numpy"])
def test_that_a_peer_that_is_installed_sees_what_was_written(
    name: str, kind: str, tmp_path: Path
) -> None:
    if not READERS[name].is_installed or not get_decoder(SYNTAXES[kind]).is_available:
        pytest.skip("needs the extra `loading`")
    found = loading._read(name, loading.make_scan(kind, (4, 32, 32), tmp_path))
    assert {"import", "whole", "peak"} <= set(found)


def test_that_a_table_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    loading.print_markdown(("scan", "s"), [["RLE", "1.5"]])
    assert capsys.readouterr().out == "| scan | s |\n| --- | --- |\n| RLE | 1.5 |\n"


def test_that_a_reader_that_sees_something_else_ends_the_run(tmp_path: Path) -> None:
    scan = loading.make_scan("JPEG-LS", (4, 32, 32), tmp_path)
    other = loading.make_scan("uncompressed", (5, 32, 32), tmp_path)
    (other / "truth.npz").replace(scan / "truth.npz")
    with pytest.raises(RuntimeError, match="ours on JPEG-LS"):
        loading._read("ours", scan)
