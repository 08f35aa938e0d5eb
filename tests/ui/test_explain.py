"""What stands beside an answer: fit, header, input, values under the pointer, shares of regions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from magic_viewer.imaging.header_value import header_value
from magic_viewer.imaging.marking import Marking, Place
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.pipeline.fit import Fit
from magic_viewer.pipeline.header_says import HeaderRule, HeaderSays
from magic_viewer.ui.classify_panel import ClassifyPanel
from magic_viewer.ui.fit_panel import FitPanel
from magic_viewer.ui.input_panel import InputPanel
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.point_table import PointTable
from tests.ui.conftest import Opened
from tests.ui.test_panels import classification

MISFIT = Fit("plane", "misfit", "The slice is sagittal; this model knows axial ones only.")
FITS = Fit("modality", "fits", "MR")
UNCHECKED = Fit("spacing", "unchecked", "the file doesn't say")


@pytest.fixture
def panel(qtbot) -> ClassifyPanel:
    panel = ClassifyPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    return panel


def test_that_prior_temperatures_device_time_and_percentile_stand_beside_an_answer(panel) -> None:
    panel.show_answer(replace(classification(True), prior={"FLAIR": 0.5, "T1": 0.5}))
    for words in ("40 %", "CPU", "0.05 s", "uniform prior", "Likelihood temperatures 20 · 40"):
        assert words in panel.details
    panel.show_answer(replace(classification(True), prior={"FLAIR": 0.75, "T1": 0.25}))
    assert "prior FLAIR 75 %, T1 25 %" in panel.details
    panel.show_waiting()
    assert panel.details.strip() == ""


def test_that_a_slice_the_model_was_not_made_for_is_greyed_and_told_why(panel) -> None:
    answer = replace(classification(False), fit=(FITS, MISFIT), verdict=MISFIT.words)
    panel.show_answer(answer)
    assert panel.headline == "Not what the model is for"
    assert MISFIT.words in panel.alarm
    assert not panel._bars.isEnabled()
    assert panel.fit.fold.is_open
    panel.show_answer(replace(classification(True), fit=(FITS,)))
    assert panel._bars.isEnabled()


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (HeaderSays(), "does not name"),
        (HeaderSays("Manufacturer", "", ()), "does not name"),
        (HeaderSays("Manufacturer", "GE MEDICAL", ("FLAIR",)), "✓ they agree"),
        (HeaderSays("Manufacturer", "SIEMENS", ("T1",)), "They disagree"),
        (HeaderSays("Manufacturer", "Esaote", ()), "none of these classes"),
    ],
)
def test_that_the_header_stands_beside_the_flow(panel, says, words) -> None:
    panel.show_answer(classification(True))
    panel.set_header(says)
    assert words in panel.header
    assert panel.header.startswith("⚠") == ("disagree" in words)
    panel.set_header(None)
    assert panel.header == ""


@pytest.mark.parametrize(
    "answer",
    [classification(False), classification(True, contenders=("FLAIR", "T1"))],
)
def test_that_a_header_is_not_contradicted_by_a_flow_that_names_no_class(panel, answer) -> None:
    panel.show_answer(answer)
    panel.set_header(HeaderSays("Manufacturer", "SIEMENS", ("T1",)))
    assert panel.header == "Header: Manufacturer SIEMENS · flow: no class to go by"
    panel.set_header(HeaderSays("Manufacturer", "Esaote", ()))
    assert "none of these classes" in panel.header


def test_that_the_fit_is_told_point_by_point_with_what_was_not_checked(qtbot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    panel = FitPanel(window)
    panel.set_fit((FITS, UNCHECKED))
    assert panel.text == "✓ modality: MR\n– not checked: spacing (the file doesn't say)"
    assert "1 of 2 checked" in panel.fold.heading
    assert not panel.fold.is_open
    panel.set_fit((FITS, MISFIT))
    assert "⚠ plane" in panel.fold.heading
    panel.set_fit((UNCHECKED,))
    assert "not checked" in panel.fold.heading
    panel.set_fit(())
    assert panel.isHidden()


def test_that_the_models_own_pixels_are_shown_unchanged(qtbot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    panel = InputPanel(window)
    pixels = np.zeros((64, 64), np.float32)
    pixels[0, 63] = 200
    panel.set_input(pixels, 220.0)
    shown = panel.picture.toImage()
    assert shown.width() == 128
    assert shown.pixelColor(127, 0).red() == shown.pixelColor(126, 1).red() == 200
    assert shown.pixelColor(125, 0).red() == 0
    assert "64 × 64 pixels" in panel.text
    assert "220 mm" in panel.text
    panel.set_input(pixels, None)
    assert "mm" not in panel.text


def test_that_each_class_has_its_value_under_the_pointer_and_what_it_lacks(qtbot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    table = PointTable(window)
    table.set_labels(("A", "B"))
    table.set_values((-2.5, -3.0))
    assert table.rows == [("A", "−2.50", ""), ("B", "−3.00", "−0.50")]
    table.set_values(None)
    assert table.rows == [("A", "–", ""), ("B", "–", "")]
    table.set_values((1.0, 2.0, 3.0))
    assert table.rows[0][1] == "–"


def test_that_a_header_gives_one_value_or_nothing(tmp_path) -> None:
    scans = [path for path in sample_scans() if path.suffix == ".dcm"]
    assert header_value(scans[0], "Modality") in ("CT", "MR")
    assert header_value(scans[0], "NoSuchKeyword") == ""
    assert header_value(tmp_path / "gone.dcm", "Modality") == ""
    (tmp_path / "other.txt").write_text("no header")
    assert header_value(tmp_path / "other.txt", "Modality") == ""


# In the real window


@pytest.fixture
def shown(opened: Opened, scan: Path) -> Opened:
    opened.open(scan)
    opened.answered()
    return opened


def values(shown: Opened) -> list[str]:
    return [row[1] for row in shown.window.overlay_panel.point_table.rows]


def test_that_the_values_under_the_pointer_are_those_of_the_maps(shown) -> None:
    found = shown.session.examination
    top, left, bottom, right = found.box
    row, column = int((top + bottom) / 2), int((left + right) / 2)
    shown.view.pointed_at.emit((row, column))
    place = (
        int((row + 0.5 - top) / (bottom - top) * found.scale_maps.shape[2]),
        int((column + 0.5 - left) / (right - left) * found.scale_maps.shape[3]),
    )
    expected = [f"{value:.2f}".replace("-", "−") for value in found.log_prob_maps[:, *place]]
    assert values(shown) == expected
    shown.controller._models.set_settings(OverlaySettings(scale=0))
    first = [f"{value:.2f}".replace("-", "−") for value in found.scale_maps[0][:, *place]]
    assert values(shown) == first
    shown.view.pointed_at.emit(None)
    assert set(values(shown)) == {"–"}


def test_that_a_selected_region_tells_its_share_of_the_log_odds(shown) -> None:
    panel, store = shown.window.marking_panel, shown.controller._markings.store
    place = Place(0, 0, shown.session.slice.index)
    store.add(Marking("rectangle", ((-1.0, -1.0), (40.0, 40.0)), place))
    store.select(0)
    assert "100 % of the log-odds" in panel.share or "no log-odds" in panel.share
    assert "100.0 % of the area" in panel.share
    whole = panel.share
    half = Marking("rectangle", ((-1.0, -1.0), (40.0, 15.5)), place)
    shown.view.hand.changing.emit(0, half)
    assert panel.share not in ("", whole)
    shown.view.hand.changing.emit(0, None)
    assert panel.share == whole
    store.select(None)
    assert panel.share == ""


def test_that_a_region_of_another_slice_or_a_line_has_no_share(shown) -> None:
    panel, store = shown.window.marking_panel, shown.controller._markings.store
    here = shown.session.slice.index
    store.add(Marking("distance", ((1.0, 1.0), (9.0, 9.0)), Place(0, 0, here)))
    store.select(0)
    assert panel.share == ""
    store.add(Marking("ellipse", ((1.0, 1.0), (9.0, 9.0)), Place(0, 0, here + 1)))
    store.select(1)
    assert panel.share == ""


def test_that_the_header_is_read_for_a_model_whose_classes_it_names(shown) -> None:
    dicom = next(path for path in sample_scans() if path.suffix == ".dcm")
    shown.open(dicom)
    shown.answered()
    assert "does not name" in shown.window.classify_panel.header
    answer, modality = shown.session.examination, shown.session.series.modality
    rule = HeaderRule("Modality", (("left", (modality,)), ("right", (modality,))))
    shown.session.set_model(replace(shown.session.model, header=rule))
    shown.session.set_examination(None)
    assert shown.window.classify_panel.header == ""
    shown.session.set_examination(answer)
    shown.wait(lambda: f"Modality {modality}" in shown.window.classify_panel.header)
