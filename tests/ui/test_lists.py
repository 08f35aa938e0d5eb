"""The series list and the gallery, both directions."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPushButton

from magic_viewer.imaging.study import Notice, Series, Slice, Study, Volume
from magic_viewer.pipeline.results import ModelInfo, Sample
from magic_viewer.ui.backend import ModelEntry
from magic_viewer.ui.color_bar import ColorBar
from magic_viewer.ui.gallery import Gallery, thumbnail
from magic_viewer.ui.model_chooser import ModelChooser
from magic_viewer.ui.study_panel import StudyPanel
from magic_viewer.ui.viewer import Viewer

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
VOLUME = Volume((3, 4, 4), lambda index: Slice(np.zeros((4, 4), np.float32), index))


def series(title, *notices):
    return Series(title, "MR", (VOLUME,), "DICOM", tuple(Notice(text) for text in notices))


def sample(seed=1):
    pixels = np.full((32, 32), 77, np.uint8)
    return Sample(pixels, "FLAIR", 0.8, seed, -5000.0, 4.6, "brain", "ab12")


@pytest.fixture
def panel(qtbot):
    panel = StudyPanel()
    qtbot.addWidget(panel)
    panel.resize(240, 600)
    panel.set_study(Study((series("Axial"), series("Tilted", "The gantry is tilted."))))
    panel.show()
    return panel


@pytest.fixture
def gallery(qtbot):
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.show()
    return gallery


def button(widget, text):
    return next(one for one in widget.findChildren(QPushButton) if one.text() == text)


def test_that_the_reasons_of_a_series_stand_where_it_is_shown(panel):
    panel.set_current(1)
    assert "The gantry is tilted." in panel.notes
    panel.set_current(0)
    assert panel.notes == ""
    rows = panel.findChild(QListWidget)
    assert "gantry" in rows.item(1).toolTip()


def test_that_a_row_names_all_that_is_known_of_its_series(panel):
    rows = panel.findChild(QListWidget)
    spoken = rows.item(1).data(Qt.ItemDataRole.AccessibleTextRole)
    for fact in ("Tilted", "MR · 3 slices", "DICOM", "The gantry is tilted."):
        assert fact in spoken
        assert fact in rows.item(1).toolTip()


def test_that_a_study_stands_over_its_first_series_alone(panel):
    studies = ("Study 1: Head", "Study 1: Head", "Study 2")
    panel.set_study(Study(tuple(replace(series("Axial"), study=study) for study in studies)))
    rows = panel.findChild(QListWidget)
    heights = [rows.sizeHintForRow(row) for row in range(3)]
    assert heights[0] == heights[2] > heights[1]
    assert "Study 2" in rows.item(2).toolTip()
    panel.set_study(Study((series("Axial"), series("Axial"))))
    assert rows.sizeHintForRow(0) == heights[1]


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_that_a_synthetic_image_is_as_sharp_as_the_screen(qapp, ratio):
    picture = thumbnail(sample(), "SYNTHETIC", ratio)
    plain = thumbnail(sample(), "SYNTHETIC")
    assert picture.width() == round(plain.width() * ratio)
    assert picture.deviceIndependentSize() == plain.deviceIndependentSize()


def test_that_a_click_asks_for_a_series_and_a_setter_does_not(qtbot, panel):
    with qtbot.assertNotEmitted(panel.series_requested):
        panel.set_current(0)
        panel.set_thumbnail(1, np.zeros((8, 8), np.uint8))
    rows = panel.findChild(QListWidget)
    with qtbot.waitSignal(panel.series_requested) as asked:
        place = rows.visualItemRect(rows.item(1)).center()
        qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [1]


def test_that_a_new_study_takes_the_notes_of_the_old_with_it(panel):
    panel.set_current(1)
    panel.set_study(Study())
    assert panel.notes == ""


def test_that_a_thumbnail_which_comes_too_late_is_harmless(panel):
    panel.set_study(Study())
    panel.set_thumbnail(1, np.zeros((8, 8, 3), np.uint8))
    assert panel.findChild(QListWidget).count() == 0


def test_that_every_thumbnail_is_visibly_marked_and_its_pixels_are_not_covered(qapp):
    picture = thumbnail(sample(), "SYNTHETIC").toImage()
    side = picture.width()
    assert picture.height() > side
    assert picture.pixelColor(side // 2, side // 2).getRgb()[:3] == (77, 77, 77)
    assert picture.pixelColor(0, side - 1).getRgb()[:3] == (77, 77, 77)
    strip = {picture.pixelColor(x, side + 3).name() for x in range(side)}
    assert "#f0a830" in strip


def test_that_the_gallery_tells_how_each_image_was_made(gallery):
    gallery.add(sample(seed=12))
    text = gallery.findChild(QListWidget).item(0).text()
    for fact in ("FLAIR", "T 0.80", "seed 12", "4.60"):
        assert fact in text


def test_that_save_asks_for_the_selected_image_and_save_all_for_each(qtbot, gallery):
    first, second = sample(1), sample(2)
    gallery.add(first)
    gallery.add(second)
    assert not button(gallery, "Save…").isEnabled()
    gallery.select(1)
    with qtbot.waitSignal(gallery.save_requested) as asked:
        qtbot.mouseClick(button(gallery, "Save…"), Qt.MouseButton.LeftButton)
    assert asked.args == [second]
    with qtbot.waitSignal(gallery.save_all_requested) as asked:
        qtbot.mouseClick(button(gallery, "Save all…"), Qt.MouseButton.LeftButton)
    assert asked.args == [[first, second]]


def test_that_an_empty_gallery_offers_nothing(gallery):
    gallery.add(sample())
    gallery.clear()
    assert not any(one.isEnabled() for one in gallery.findChildren(QPushButton))


def test_that_the_model_list_says_what_is_wrong_with_a_model_and_asks_only_for_the_user(
    qtbot, tmp_path
):
    info = ModelInfo("a", "Model A", ("x",), "Tells x.", "CC-BY-4.0", 32)
    chooser = ModelChooser()
    qtbot.addWidget(chooser)
    with qtbot.assertNotEmitted(chooser.model_requested):
        chooser.set_models(
            [ModelEntry(tmp_path / "a", info), ModelEntry(tmp_path / "b", None, "It is damaged.")]
        )
        chooser.set_current(1)
    tip = chooser._combo.itemData(1, Qt.ItemDataRole.ToolTipRole)
    assert "It is damaged." in tip
    with qtbot.waitSignal(chooser.model_requested) as asked:
        chooser._combo.setCurrentIndex(0)
    assert asked.args == [0]


def test_that_the_slider_asks_only_when_the_user_moves_it(qtbot):
    viewer = Viewer()
    qtbot.addWidget(viewer)
    with qtbot.assertNotEmitted(viewer.slice_index_requested):
        viewer.set_counts(9, ("b 0 s/mm²", "b 1000 s/mm²", ""))
        viewer.set_slice_index(4)
    with qtbot.assertNotEmitted(viewer.volume_requested):
        viewer.set_volume_index(1)
    with qtbot.waitSignal(viewer.slice_index_requested) as asked:
        viewer._slider.setValue(7)
    assert asked.args == [7]
    with qtbot.waitSignal(viewer.volume_requested) as asked:
        viewer._volume.setValue(2)
    assert asked.args == [2]


def test_that_the_colour_bar_draws_its_strip_upright_and_goes_with_the_map(qtbot):
    bar = ColorBar()
    qtbot.addWidget(bar)
    bar.resize(bar.width(), 400)
    strip = np.full((64, 1, 4), 255, np.uint8)
    strip[:32, :, 1:3] = 0
    bar.set_scale("log p(x | A)", (-2.0, 3.0), strip)
    shown = bar.grab().toImage()
    assert shown.pixelColor(18, 120).getRgb()[:3] == (255, 0, 0)
    assert shown.pixelColor(18, 370).getRgb()[:3] == (255, 255, 255)
    assert "nats per pixel, from -2 to 3" in bar.accessibleDescription()
    bar.clear()
    assert bar.grab().toImage().pixelColor(18, 120).getRgb()[:3] == (0, 0, 0)
