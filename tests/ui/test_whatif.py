"""What-if: paint a copy with the mouse and see what the model makes of it."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt

from magic_viewer.imaging.study import Series, Study, Volume
from magic_viewer.ui.edit_history import EditHistory
from magic_viewer.ui.whatif_panel import BrushSettings, WhatIfPanel
from tests.ui.test_controller import AXIAL, Desk, Engine, read, series
from tests.ui.test_panels import classification

LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
WORDS = "EDITED – what if"


def bumpy(index):
    image = read(index)
    bumps = np.random.default_rng(index).normal(0, 900, image.shape).astype(np.float32)
    return replace(image, modality_values=image.modality_values + bumps)


class Sum(Engine):
    """Says of a slice what depends on its pixels."""

    def examine(self, image):
        found = super().examine(image)
        nats = float(image.modality_values.mean(dtype=np.float64))
        sums = {"T1": -nats, "T2": -2 * nats}
        maps = np.stack([np.full((8, 8), value / 64) for value in sums.values()])
        answer = replace(found.classification, log_likelihoods=sums)
        return replace(found, classification=answer, scale_maps=maps[None])


class Painter(Desk):
    """The window with a hand on the brush."""

    @property
    def panel(self):
        return self.window.whatif_panel

    def at(self, column, row):
        return self.view.markings.to_screen().map(QPointF(column, row)).toPoint()

    def paint(self, *points):
        port, places = self.view.viewport(), [self.at(*point) for point in points]
        self.qtbot.mousePress(port, LEFT, pos=places[0])
        for place in places[1:]:
            self.qtbot.mouseMove(port, place)
        self.qtbot.mouseRelease(port, LEFT, pos=places[-1])

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.window, key, modifier)

    def answered(self):
        self.wait(lambda: self.session.examination is not None)
        return self.session.examination.classification.log_likelihoods

    def values(self):
        return self.session.shown.modality_values


@pytest.fixture
def painter(qtbot, tmp_path):
    desk = Painter(qtbot, tmp_path, Study((series(bumpy),)), Sum()).begin().open()
    desk.wait(lambda: desk.session.model is not None)
    desk.answered()
    return desk


def test_that_a_stroke_changes_the_scores_and_undo_returns_them_exactly(painter):
    before, original = painter.answered(), painter.values()
    painter.key("p")
    painter.paint((10, 10), (20, 12), (30, 15))
    assert (painter.values() != original).any()
    assert painter.session.slice.modality_values is original
    after = painter.answered()
    assert after != before
    gained = after["T1"] - before["T1"]
    name, shares, change = painter.panel.rows[0]
    assert (name, shares) == ("T1", "20.0 → 20.0 %")
    assert float(change.replace("−", "-").replace("\N{NARROW NO-BREAK SPACE}", "")) == (
        pytest.approx(gained, abs=0.06)
    )
    painter.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert painter.values() is original
    assert painter.answered() == before
    painter.key(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert painter.answered() == after


def test_that_each_stroke_is_one_step_and_the_original_is_one_click_away(painter):
    original = painter.values()
    painter.trigger("what_if")
    steps = [original]
    for row in (5, 15, 25):
        painter.paint((10, row), (20, row), (30, row))
        steps.append(painter.values())
    painter.trigger("undo")
    assert painter.values() is steps[2]
    painter.panel._original.click()
    assert painter.values() is original
    assert not painter.panel._undo.isEnabled()
    for step in steps[1:]:
        painter.panel._redo.click()
        assert painter.values() is step


def test_that_undo_is_the_measurements_own_outside_of_the_mode_and_with_a_tool(painter):
    store = painter.controller._markings.store
    painter.trigger("what_if")
    painter.paint((10, 10), (20, 10))
    edited = painter.values()
    painter.trigger("draw_distance")
    painter.paint((10, 10), (20, 12), (30, 15))
    assert (len(store.markings), painter.values() is edited) == (1, True)
    painter.trigger("undo")
    assert (len(store.markings), painter.values() is edited) == (0, True)
    painter.trigger("cancel")
    painter.trigger("undo")
    assert painter.values() is not edited


def test_that_escape_gives_up_the_stroke_and_then_leaves_the_mode(painter):
    original, port = painter.values(), painter.view.viewport()
    painter.trigger("what_if")
    painter.qtbot.mousePress(port, LEFT, pos=painter.at(10, 10))
    painter.qtbot.mouseMove(port, painter.at(30, 10))
    assert painter.values() is not original
    painter.key(Qt.Key.Key_Escape)
    assert painter.values() is original
    painter.qtbot.mouseRelease(port, LEFT, pos=painter.at(30, 10))
    assert painter.panel.isVisible()
    painter.paint((10, 10), (30, 10))
    painter.key(Qt.Key.Key_Escape)
    assert not painter.panel.isVisible()
    assert painter.session.edited is None
    window = painter.session.window
    painter.paint((10, 10), (20, 15))
    assert (painter.session.edited, painter.session.window != window) == (None, True)


def test_that_leaving_keeps_the_strokes_of_the_slice_for_redo(painter):
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    edited = painter.values()
    painter.trigger("what_if")
    painter.trigger("what_if")
    painter.trigger("redo")
    assert painter.values() is edited


def test_that_another_slice_ends_the_edit_says_so_and_back_there_redo_has_it(painter):
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    edited = painter.values()
    painter.trigger("next_slice")
    painter.wait(lambda: painter.session.slice.index == 3)
    assert painter.session.edited is None
    assert "edits of slice 3 end here" in painter.window.message_bar.text
    assert not painter.panel._redo.isEnabled()
    painter.trigger("previous_slice")
    painter.wait(lambda: painter.session.slice.index == 2)
    assert np.array_equal(painter.values(), bumpy(2).modality_values)
    painter.trigger("redo")
    assert painter.values() is edited
    painter.controller.open([])
    painter.wait(lambda: painter.session.slice is not None and not painter.session.edited)
    assert not painter.panel._redo.isEnabled()


def test_that_an_edited_slice_is_marked_on_screen_in_the_answer_and_in_the_file(painter, tmp_path):
    painter.trigger("what_if")
    plain = painter.view.grab().toImage()
    painter.paint((10, 10), (30, 10))
    painter.answered()
    marked = painter.view.grab().toImage()
    assert marked.pixelColor(1, 1).name() == "#f0a830" != plain.pixelColor(1, 1).name()
    assert WORDS in painter.texts("bottom_left")
    assert painter.window.classify_panel._edited.isVisible()
    paths = [tmp_path / name for name in ("edited.png", "plain.png")]
    painter.controller.save_view(paths[0])
    painter.wait(paths[0].exists)
    painter.wait(lambda: not painter.controller._saving.is_busy)
    painter.trigger("undo")
    assert not painter.window.classify_panel._edited.isVisible()
    assert WORDS not in painter.texts("bottom_left")
    painter.controller.save_view(paths[1])
    painter.wait(lambda: paths[1].exists() and not painter.controller._saving.is_busy)
    with Image.open(paths[0]) as edited, Image.open(paths[1]) as original:
        assert edited.text["edited"] == "true"
        assert "edited" not in original.text
        assert edited.getpixel((30, 30)) == (240, 170, 40) != original.getpixel((30, 30))


def test_that_the_map_of_the_change_sums_to_the_nats_gained(painter):
    models, before = painter.controller._models, painter.answered()
    painter.trigger("what_if")
    painter.panel._change.click()
    painter.paint((10, 10), (30, 10))
    after = painter.answered()
    painter.wait(lambda: models.painted is not None)
    label = models.painted.attribution.target
    assert models.painted.title == f"Change of log p(x | {label})"
    assert models.painted.map_sum == pytest.approx(after[label] - before[label])
    low, high = models.painted.limits
    assert low == -high
    painter.panel._change.click()
    painter.wait(lambda: models.painted is not None and "Change" not in models.painted.title)


def test_that_the_model_is_asked_about_the_original_where_the_edit_came_first(painter):
    painter.trigger("next_slice")
    painter.wait(lambda: painter.session.slice.index == 3)
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    painter.wait(lambda: all("–" not in text for row in painter.panel.rows for text in row))


def test_that_keys_and_slider_size_the_brush_and_the_ring_follows_the_pointer(painter):
    painter.trigger("what_if")
    painter.qtbot.mouseMove(painter.view.viewport(), painter.at(20, 20))
    assert painter.view.viewport().cursor().shape() == Qt.CursorShape.CrossCursor
    sizes = [painter.panel._diameter.text()]
    painter.key("]")
    sizes.append(painter.panel._diameter.text())
    painter.key("[")
    painter.key("[")
    sizes.append(painter.panel._diameter.text())
    small, normal, large = (float(sizes[place].removesuffix(" mm")) for place in (2, 0, 1))
    assert small < normal < large
    painter.panel._size.setValue(40)
    painter.paint((20, 20))
    wide = (painter.values() != painter.session.slice.modality_values).sum()
    painter.trigger("undo")
    painter.panel._size.setValue(10)
    painter.paint((20, 20))
    assert 0 < (painter.values() != painter.session.slice.modality_values).sum() < wide


def test_that_wheel_and_right_drag_stay_what_they_are_in_the_mode(painter):
    painter.trigger("what_if")
    port, before = painter.view.viewport(), painter.view._box.viewRect()
    right = Qt.MouseButton.RightButton
    painter.qtbot.mousePress(port, right, pos=painter.at(20, 20))
    painter.qtbot.mouseMove(port, painter.at(20, 10))
    painter.qtbot.mouseRelease(port, right, pos=painter.at(20, 10))
    assert painter.view._box.viewRect() != before
    assert painter.session.edited is None


def colour(index):
    return replace(read(index), modality_values=np.zeros((40, 50, 3), np.uint8))


def test_that_colour_and_a_missing_model_get_a_sentence(qtbot, tmp_path):
    study = Study((Series("Photo", None, (Volume((2, 40, 50), colour),), "PNG"),))
    desk = Painter(qtbot, tmp_path, study).begin()
    desk.wait(lambda: desk.session.model is not None)
    desk.trigger("what_if")
    assert "Open a scan first" in desk.window.message_bar.text
    desk.open()
    desk.trigger("what_if")
    assert "colour" in desk.window.message_bar.text
    assert not desk.window.commands["what_if"].isChecked()
    assert not desk.panel.isVisible()


def test_that_without_a_model_there_is_no_what_if(qtbot, tmp_path):
    desk = Painter(qtbot, tmp_path, entries=[]).begin().open()
    desk.trigger("what_if")
    assert "no model" in desk.window.message_bar.text
    assert not desk.window.commands["what_if"].isChecked()


def test_that_blind_reading_ends_the_mode_and_keeps_it_out_until_the_reader_answers(painter):
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    painter.session.set_blind(True)
    assert painter.session.edited is None
    assert not painter.panel.isVisible()
    painter.trigger("what_if")
    assert "your own answer first" in painter.window.message_bar.text
    painter.session.reveal()
    painter.trigger("what_if")
    assert painter.panel.isVisible()
    painter.trigger("next_slice")
    painter.wait(lambda: painter.session.slice.index == 3)
    assert not painter.panel.isVisible()


def test_that_an_edit_taken_away_by_another_ends_the_mode_with_its_steps_kept(painter):
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    edited = painter.values()
    painter.session.set_edited(None)
    assert not painter.panel.isVisible()
    assert painter.values() is painter.session.slice.modality_values
    painter.trigger("what_if")
    painter.trigger("redo")
    assert painter.values() is edited


def test_that_the_answer_for_an_edit_is_not_taken_for_one_of_the_series(painter):
    painter.trigger("what_if")
    painter.paint((10, 10), (30, 10))
    edited = painter.answered()
    taken = painter.controller._series.outcomes.values()
    assert edited not in [one.classification.log_likelihoods for one in taken]


def test_that_a_sagittal_slice_has_no_other_side(qtbot, tmp_path):
    def sagittal(index):
        return replace(read(index), affine=AXIAL[:, [2, 1, 0, 3]])

    study = Study((series(sagittal),))
    desk = Painter(qtbot, tmp_path, study).begin().open()
    desk.wait(lambda: desk.session.model is not None)
    desk.trigger("what_if")
    desk.panel._kind.setCurrentIndex(3)
    desk.paint((10, 10), (30, 10))
    assert "left and right" in desk.window.message_bar.text
    assert desk.session.edited is None


def test_that_a_real_models_scores_return_to_the_bit_after_undo(opened, scan, qtbot):
    opened.open(scan)
    opened.answered()
    before = opened.session.examination
    opened.window.commands["what_if"].trigger()
    port, to_screen = opened.view.viewport(), opened.view.markings.to_screen()
    places = [to_screen.map(QPointF(*at)).toPoint() for at in ((10, 16), (16, 16), (22, 16))]
    qtbot.mousePress(port, LEFT, pos=places[0])
    qtbot.mouseMove(port, places[1])
    qtbot.mouseRelease(port, LEFT, pos=places[2])
    opened.answered()
    edited = opened.session.examination
    assert edited.classification.log_likelihoods != before.classification.log_likelihoods
    opened.window.commands["undo"].trigger()
    opened.answered()
    after = opened.session.examination
    assert after.classification.log_likelihoods == before.classification.log_likelihoods
    assert np.array_equal(after.scale_maps, before.scale_maps)


def test_that_undo_gives_the_very_same_array_and_redo_the_edit():
    image = bumpy(0)
    history = EditHistory(image)
    first, second = bumpy(1), bumpy(2)
    for step in (first, second):
        history.add(step)
    history.undo()
    assert history.current is first
    history.undo()
    assert history.current.modality_values is image.modality_values
    assert not history.can_undo
    history.redo()
    history.redo()
    assert history.current is second
    history.back_to_original()
    assert history.current is image
    assert history.can_redo


def test_that_a_stroke_after_undo_ends_what_was_taken_back():
    history = EditHistory(bumpy(0))
    history.add(bumpy(0))
    history.undo()
    last = bumpy(0)
    history.add(last)
    assert (history.current is last, history.can_redo) == (True, False)


def test_that_a_setter_of_the_panel_asks_for_nothing_and_the_user_is_heard(qtbot):
    panel = WhatIfPanel()
    qtbot.addWidget(panel)
    settings = BrushSettings("fill", 7, 0.4, True)
    with qtbot.assertNotEmitted(panel.settings_requested):
        panel.set_settings(settings)
        panel.set_steps(True, True)
    with qtbot.waitSignal(panel.settings_requested) as asked:
        panel._strength.setValue(60)
    assert asked.args == [replace(settings, strength=0.6)]
    for button, wish in (
        (panel._undo, panel.undo_requested),
        (panel._redo, panel.redo_requested),
        (panel._original, panel.original_requested),
        (panel._end, panel.end_requested),
    ):
        with qtbot.waitSignal(wish):
            button.click()


def test_that_the_panel_shows_both_answers_and_what_is_not_known_yet(qtbot):
    panel = WhatIfPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("FLAIR", "T1"))
    before = classification(True)
    assert panel.rows[0] == ("FLAIR", "– → – %", "–")
    panel.set_comparison(before, None)
    assert panel.rows[0] == ("FLAIR", "90.0 → – %", "–")
    after = replace(
        before,
        probabilities={"FLAIR": 0.5, "T1": 0.5},
        log_likelihoods={"FLAIR": -11020.0, "T1": -11030.0},
    )
    panel.set_comparison(before, after)
    assert panel.rows == [
        ("FLAIR", "90.0 → 50.0 %", "−20.0"),
        ("T1", "10.0 → 50.0 %", "+10.0"),
    ]


def test_that_a_long_stroke_before_the_first_answer_asks_about_the_original_once(painter):
    answer, asked = painter.engine.examine, []
    gate = threading.Event()

    def slow(image):
        asked.append(image.modality_values)
        gate.wait(20)
        return answer(image)

    painter.engine.examine = slow
    painter.session.set_slice(replace(painter.session.slice))
    original = painter.session.slice.modality_values
    painter.key("p")
    painter.paint(*((column, 12) for column in range(8, 30)))
    painter.wait(lambda: len(asked) >= 1)
    gate.set()
    painter.wait(lambda: painter.controller._whatif._before is not None)
    assert sum(values is original for values in asked) == 1
