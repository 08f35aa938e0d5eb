from pathlib import Path

import numpy as np
import pytest

from magic_viewer.errors import DataError
from magic_viewer.training.data import read_examples


def test_that_series_give_vendor_scanner_series_spacing_and_a_fold_a_scanner(series: Path) -> None:
    examples = read_examples(series, "vendor")
    assert len(examples) == 14
    assert {e.label for e in examples} == {"GE", "Philips", "Siemens"}
    scanners = ["GE 1", "GE 2", "Philips 1", "Philips 2", "Siemens 1", "Siemens 2"]
    assert {(e.patient, e.split) for e in examples} == {(s, str(n)) for n, s in enumerate(scanners)}
    assert {e.series for e in examples if e.patient == "GE 2"} == {"GE 2", "GE 2 again"}
    assert all(e.spacing == (1, 1) and e.grey.shape == (40, 72) for e in examples)
    assert not np.array_equal(examples[0].grey, examples[1].grey)


def test_that_without_the_column_every_series_is_read(series: Path) -> None:
    path = series / "series.csv"
    lines = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(line for line in lines if not line.startswith("scout")))
    assert len(read_examples(series, "vendor")) == 14


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("series,vendor,scanner_id\nnowhere,GE,1\n", "nowhere: named in series.csv"),
        ("series,vendor\nGE 1,GE\n", "column 'scanner_id'"),
        ("series,vendor,scanner_id\nGE 1,,1\n", "column 'vendor'"),
        ("series,vendor,scanner_id\n", "found 0"),
        ("series,vendor,scanner_id\nempty,GE,1\n", "empty: "),
    ],
)
def test_that_a_bad_table_is_told_in_one_sentence(series: Path, table: str, words: str) -> None:
    (series / "empty").mkdir()
    (series / "series.csv").write_text(table)
    with pytest.raises(DataError, match=words):
        read_examples(series, "vendor")


def test_that_a_table_which_is_no_text_is_told(series: Path) -> None:
    (series / "series.csv").write_bytes(b"\xff\xfe\x00\x9c")
    with pytest.raises(DataError, match="CSV in UTF-8"):
        read_examples(series, "vendor")


def test_that_another_task_names_the_known_one(series: Path) -> None:
    with pytest.raises(DataError, match="vendor"):
        read_examples(series, "sequence")
