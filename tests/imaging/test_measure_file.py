"""Measurements kept in a file, and files that are none."""

import json
from dataclasses import replace

import numpy as np
import pytest

from magic_viewer.errors import ExportError, ImagingError
from magic_viewer.imaging.marking import KINDS, Marking, Place, points_needed
from magic_viewer.imaging.measure import measure
from magic_viewer.imaging.measure_file import load, save
from magic_viewer.imaging.study import Series, Slice, Study, Volume

IMAGE = Slice(np.full((20, 30), np.nan, np.float32), spacing=(2.0, 1.0))
VOLUME = Volume((4, 20, 30), lambda index: replace(IMAGE, index=index))
SERIES = Series("Doe^Jane", "CT", (VOLUME, VOLUME), "DICOM", uid="1.2.3")
STUDY = Study((Series("b", "MR", (VOLUME,), "NIfTI"), SERIES))
POINTS = ((1.5, 2.25), (10.0, 7.0), (3.0, 19.5))
MARKINGS = tuple(
    Marking(kind, POINTS[: points_needed(kind)], Place(1, 1, 3), "Größe\n≥ 1 cm") for kind in KINDS
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "measurements.json"
    save(MARKINGS, {one: measure(one, IMAGE) for one in MARKINGS}, STUDY, path)
    return path


def change(path, **facts):
    content = json.loads(path.read_text("utf-8"))
    content["markings"][0].update(facts)
    path.write_text(json.dumps(content), "utf-8")


def test_that_every_kind_comes_back_as_it_was_saved(path):
    assert load(path, STUDY) == MARKINGS


def test_that_other_programs_find_the_values_and_no_one_a_name(path):
    content = json.loads(path.read_text("utf-8"))
    first, *_ = content["markings"]
    assert first["measured"] == {"value": pytest.approx(np.hypot(8.5, 9.5)), "unit": "mm"}
    assert content["markings"][2]["measured"]["mean"] is None
    assert "Doe" not in path.read_text("utf-8")


def test_that_a_series_is_found_by_its_uid_wherever_it_stands(path):
    found = load(path, Study((SERIES,)))
    assert {one.place for one in found} == {Place(0, 1, 3)}


@pytest.mark.parametrize(
    "other", [replace(SERIES, uid="9"), replace(SERIES, volumes=(VOLUME,)), replace(SERIES, uid="")]
)
def test_that_measurements_of_another_scan_are_refused(path, other):
    with pytest.raises(ImagingError, match="belong to a scan that is not open"):
        load(path, Study((STUDY.series[0], other)))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "no JSON", "[" * 100_000, '{"format": "x", "version": 1}']
)
def test_that_a_file_which_is_none_is_called_so(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ImagingError, match="no file of measurements"):
        load(path, STUDY)


def test_that_a_file_which_is_no_text_or_is_not_there_is_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    for name in ("a.json", "b.json"):
        with pytest.raises(ImagingError):
            load(tmp_path / name, STUDY)


def test_that_a_file_of_a_later_version_is_said_so(path):
    path.write_text(path.read_text("utf-8").replace('"version": 1', '"version": 2'), "utf-8")
    with pytest.raises(ImagingError, match="another version"):
        load(path, STUDY)


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "circle"},
        {"kind": ["distance"]},
        {"points": [[1, 2]]},
        {"points": [[1, 2], [3]]},
        {"points": [[1, 2], [3, "x"]]},
        {"points": [[1, 2], [3, 1e9]]},
        {"points": [[1, 2], [3, float("nan")]]},
        {"points": [[1, 2], [3, 10**400]]},
        {"points": 5},
        {"series": 0},
        {"slice": 4},
        {"slice": -1},
        {"slice": 1.5},
        {"volume": 2},
        {"volume": True},
        {"text": None},
    ],
)
def test_that_a_damaged_measurement_is_named_by_its_number(path, facts):
    change(path, **facts)
    with pytest.raises(ImagingError, match=r"^Measurement 1 in this file is damaged"):
        load(path, STUDY)


@pytest.mark.parametrize("name", ["series", "markings"])
@pytest.mark.parametrize("value", [None, 3, [3], [[]], "text"])
def test_that_a_damaged_list_is_one_sentence(path, name, value):
    content = json.loads(path.read_text("utf-8"))
    content[name] = value
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(ImagingError, match="damaged"):
        load(path, STUDY)


def test_that_a_folder_which_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ExportError, match="Choose another folder"):
        save(MARKINGS, {}, STUDY, tmp_path / "gone" / "a.json")
