"""Measuring in the window, with the mouse."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QInputDialog

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.marking import Marking, Place
from magic_viewer.imaging.study import Series, Slice, Study, Volume
from tests.ui.test_controller import Desk, series

LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


def uneven(index):
    """Rows 4 mm apart, columns 1 mm; each value is its column."""
    values = np.tile(np.arange(60, dtype=np.float32), (30, 1))
    return Slice(values, index, spacing=(4.0, 1.0), unit="HU")


class Hand(Desk):
    """The window with a hand on the mouse that knows where pixels are."""

    @property
    def store(self):
        return self.controller._markings.store

    @property
    def labels(self):
        return [one.lines for one in self.controller._markings.shown]

    def at(self, column, row):
        return self.view.markings.to_screen().map(QPointF(column, row)).toPoint()

    def drag(self, *points):
        port, places = self.view.viewport(), [self.at(*point) for point in points]
        self.qtbot.mousePress(port, LEFT, pos=places[0])
        for place in places[1:]:
            self.qtbot.mouseMove(port, place)
        self.qtbot.mouseRelease(port, LEFT, pos=places[-1])

    def click(self, *point):
        self.qtbot.mouseMove(self.view.viewport(), self.at(*point))
        self.qtbot.mouseClick(self.view.viewport(), LEFT, pos=self.at(*point))

    def see(self):
        QApplication.processEvents()
        return self.view.grab().toImage()


@pytest.fixture
def hand(qtbot, tmp_path):
    study = Study((series(), Series("u", "MR", (Volume((3, 30, 60), uneven),) * 2, "NIfTI")))
    return Hand(qtbot, tmp_path, study, entries=[]).begin().open()


@pytest.fixture
def second(hand):
    """The series with uneven pixels in view."""
    hand.trigger("next_series")
    hand.wait(lambda: hand.session.slice is not None)
    hand.see()
    return hand


def points(marking):
    return np.array(marking.points_index)


@pytest.mark.parametrize("turns", [(), ("turn_right",), ("flip_horizontal", "turn_left")])
def test_that_a_distance_lies_where_it_was_drawn_however_the_slice_is_turned(second, turns):
    for turn in turns:
        second.trigger(turn)
    second.see()
    second.qtbot.keyClick(second.window, "m")
    second.drag((10, 5), (20, 10), (40, 15))
    (drawn,) = second.store.markings
    assert points(drawn) == pytest.approx(np.array([(10, 5), (40, 15)]), abs=0.4)
    assert drawn.place == Place(1, 0, 1)
    value = second.controller._markings._values[drawn]
    assert value.value == pytest.approx(50, abs=1.5)
    assert second.labels[0][0].endswith(" mm")


def test_that_two_clicks_draw_a_distance_and_three_an_angle(second):
    second.trigger("draw_distance")
    second.click(10, 5)
    second.click(40, 15)
    second.trigger("draw_angle")
    for point in ((5, 20), (5, 25), (30, 25)):
        second.click(*point)
    second.trigger("draw_angle")
    assert [one.kind for one in second.store.markings] == ["distance", "angle"]
    assert second.labels[1] == ("90.0°",)
    assert second.view.hand.tool is None


def test_that_an_angle_is_also_drawn_by_a_drag_and_a_click(second):
    second.trigger("draw_angle")
    second.drag((5, 20), (5, 22), (5, 25))
    assert second.store.markings == ()
    second.click(30, 25)
    assert len(second.store.markings) == 1


@pytest.mark.parametrize("kind", ["rectangle", "ellipse"])
def test_that_a_region_shows_its_values_while_and_after_it_is_drawn(second, kind):
    port = second.view.viewport()
    second.trigger(f"draw_{kind}")
    second.qtbot.mousePress(port, LEFT, pos=second.at(10, 5))
    second.qtbot.mouseMove(port, second.at(30, 15))
    mean, unit = second.labels[0][0].split()[1:3]
    assert (float(mean), unit) == (pytest.approx(20, abs=0.6), "HU")
    second.qtbot.mouseRelease(port, LEFT, pos=second.at(30, 15))
    panel = second.window.marking_panel
    assert f"Mean {mean} HU" in panel.rows[0]
    assert panel._histogram.isVisible()


def test_that_a_region_is_drawn_by_hand_and_moved_by_its_line(second):
    second.trigger("draw_freehand")
    second.drag((10, 5), (20, 5), (30, 5), (30, 15), (10, 15))
    second.trigger("cancel")
    second.drag((30, 10), (35, 10), (40, 10))
    assert points(second.store.markings[0])[:, 0].max() == pytest.approx(40, abs=0.5)
    second.trigger("undo")
    assert points(second.store.markings[0])[:, 0].max() == pytest.approx(30, abs=0.5)


def test_that_a_handle_is_moved_without_a_tool_and_beside_it_the_window_is_set(second):
    second.store.add(Marking("rectangle", ((10, 5), (30, 15)), Place(1, 0, 1)))
    before = second.session.window
    second.drag((30, 15), (35, 17), (40, 20))
    assert points(second.store.markings[0])[1] == pytest.approx((40, 20), abs=0.4)
    assert second.session.window == before
    second.drag((20, 10), (22, 12), (25, 14))
    assert second.session.window != before
    assert len(second.store.markings) == 1


def test_that_undoing_while_a_handle_is_held_lets_it_go(second):
    second.store.add(Marking("rectangle", ((10, 5), (30, 15)), Place(1, 0, 1)))
    port = second.view.viewport()
    second.qtbot.mousePress(port, LEFT, pos=second.at(30, 15))
    second.qtbot.mouseMove(port, second.at(35, 17))
    second.trigger("undo")
    second.qtbot.mouseMove(port, second.at(40, 20))
    second.qtbot.mouseRelease(port, LEFT, pos=second.at(40, 20))
    assert (second.store.markings, second.labels) == ((), [])


def test_that_the_pointer_says_what_a_press_would_do(second):
    shape = Qt.CursorShape
    second.store.add(Marking("rectangle", ((10, 5), (30, 15)), Place(1, 0, 1)))
    port = second.view.viewport()
    for tool, point, expected in (
        (None, (20, 10), shape.ArrowCursor),
        (None, (20, 5), shape.SizeAllCursor),
        ("draw_distance", (20, 10), shape.CrossCursor),
    ):
        if tool is not None:
            second.trigger(tool)
        second.qtbot.mouseMove(port, second.at(45, 25))
        second.qtbot.mouseMove(port, second.at(*point))
        assert port.cursor().shape() == expected


def test_that_escape_gives_up_the_half_drawn_then_the_tool(second):
    second.qtbot.keyClick(second.window, "a")
    second.click(10, 10)
    assert second.view.markings._hint
    for is_tool_left in (True, False):
        second.qtbot.keyClick(second.window, Qt.Key.Key_Escape)
        assert (second.view.hand.tool is not None) == is_tool_left
    assert (second.store.markings, second.labels, second.view.markings._hint) == ((), [], "")
    before = second.session.window
    second.drag((10, 10), (20, 15))
    assert second.session.window != before


def test_that_a_press_whose_release_went_elsewhere_leaves_no_region(second):
    second.trigger("draw_freehand")
    port = second.view.viewport()
    second.qtbot.mousePress(port, LEFT, pos=second.at(10, 5))
    second.qtbot.mouseMove(port, second.at(20, 15))
    second.view.hand.hover(QPointF(second.at(30, 15)))
    assert (second.store.markings, second.labels) == ((), [])


def test_that_no_point_leaves_the_slice(second):
    second.trigger("draw_distance")
    port = second.view.viewport()
    second.qtbot.mousePress(port, LEFT, pos=second.at(30, 15))
    for x in (5, 0):
        second.qtbot.mouseMove(port, QPoint(x, 2))
    second.qtbot.mouseRelease(port, LEFT, pos=QPoint(0, 2))
    assert second.store.markings[0].points_index[1] == (-0.5, -0.5)


def write_note(hand, text, accept=True):
    dialog = hand.window.findChild(QInputDialog)
    dialog.setTextValue(text)
    (dialog.accept if accept else dialog.reject)()
    hand.wait(lambda: hand.window.findChild(QInputDialog) is None)


def test_that_an_arrow_carries_its_note_and_is_one_step(second):
    second.trigger("draw_arrow")
    second.drag((10, 5), (20, 8), (30, 10))
    assert len(second.controller._markings.shown) == 1
    write_note(second, "Cyst?")
    assert second.labels == [("Cyst?",)]
    second.trigger("undo")
    assert second.labels == []
    second.drag((10, 5), (20, 8), (30, 10))
    write_note(second, "", accept=False)
    assert second.labels == []


def test_that_a_double_click_in_the_list_writes_a_note(second):
    second.store.add(Marking("distance", ((10, 5), (40, 5)), Place(1, 0, 1)))
    second.window.marking_panel.note_requested.emit(0)
    write_note(second, "short axis")
    assert second.labels == [("short axis", "30 mm")]


def test_that_a_click_selects_del_deletes_and_undo_brings_back(second):
    for row in (5, 20):
        second.store.add(Marking("distance", ((10, row), (40, row)), Place(1, 0, 1)))
    second.click(25, 5)
    assert second.store.selected == 0
    second.qtbot.keyClick(second.window, Qt.Key.Key_Delete)
    assert [one.points_index[0][1] for one in second.store.markings] == [20]
    second.qtbot.keyClick(second.window, "z", Qt.KeyboardModifier.ControlModifier)
    assert len(second.store.markings) == 2
    second.qtbot.keyClick(second.window, "y", Qt.KeyboardModifier.ControlModifier)
    assert len(second.store.markings) == 1


def test_that_the_list_leads_to_series_volume_and_slice(hand):
    panel = hand.window.marking_panel
    assert not panel.isVisible()
    hand.store.add(Marking("distance", ((10, 5), (40, 5)), Place(1, 1, 2)))
    assert panel.isVisible()
    hand.wait(lambda: "30 mm" in panel.rows[0])
    assert panel.rows[0].endswith("Series 2 · Slice 3 · Volume 2")
    assert hand.labels == []
    panel.measurement_requested.emit(0)
    hand.wait(lambda: hand.session.slice is not None)
    session = hand.session
    assert (session.series_index, session.volume_index, session.slice.index) == (1, 1, 2)
    assert hand.labels == [("30 mm",)]
    assert hand.store.selected == 0


def test_that_a_marking_is_seen_on_its_own_slice_only(second):
    second.store.add(Marking("distance", ((10, 5), (40, 5)), Place(1, 0, 1)))
    second.trigger("next_slice")
    second.wait(lambda: second.session.slice is not None and second.session.slice.index == 2)
    assert second.labels == []
    second.trigger("previous_slice")
    second.wait(lambda: second.labels == [("30 mm",)])


def test_that_the_line_is_drawn_where_its_points_are_after_a_zoom(second):
    second.trigger("turn_right")
    second.trigger("zoom_in")
    second.see()
    second.store.add(Marking("distance", ((20, 15), (40, 15)), Place(1, 0, 1)))
    color = second.see().pixelColor(second.at(30, 15))
    assert color.red() > 200
    assert color.blue() < 120


def test_that_another_study_has_none_of_the_measurements_before(second):
    second.store.add(Marking("distance", ((10, 5), (40, 5)), Place(1, 0, 1)))
    second.store.mark_saved(second.store.markings)
    second.study = Study((series(),))
    second.controller.open([Path("other")])
    second.wait(lambda: len(second.session.study.series) == 1)
    assert second.store.markings == ()
    assert not second.window.marking_panel.isVisible()


def test_that_markings_stay_on_their_slices_while_more_are_read(hand):
    def part(keys):
        volume = Volume((len(keys), 30, 60), uneven, slice_keys=tuple(keys))
        return Study((Series("u", "MR", (volume,), "DICOM"),), is_complete=False)

    hand.session.open(part("bd"))
    hand.wait(lambda: hand.session.slice is not None)
    assert hand.session.slice_index == 1
    hand.store.add(Marking("distance", ((10, 5), (40, 5)), Place(0, 0, 1)))
    hand.session.grow(part("abcd"))
    assert hand.store.markings[0].place == Place(0, 0, 3)
    assert hand.labels == [("30 mm",)]


def test_that_a_slice_which_cannot_be_read_leaves_its_value_open(hand):
    def broken(_index):
        raise ImagingError("It is damaged.")

    study = Study((series(), Series("u", "MR", (Volume((3, 30, 60), broken),), "NIfTI")))
    hand.session.open(study)
    marking = Marking("distance", ((10, 5), (40, 5)), Place(1, 0, 1))
    hand.store.add(marking)
    hand.wait(lambda: marking in hand.controller._markings._values)
    assert hand.window.marking_panel.rows[0].startswith("Distance\n")


def test_that_measurements_are_saved_and_come_back_once(second, tmp_path):
    files, path = second.controller._markings.files, tmp_path / "measurements.json"
    second.store.add(Marking("ellipse", ((10, 5), (40, 15)), Place(1, 0, 1), "here"))
    kept = second.store.markings
    files.save(kept, second.controller._markings._values, second.session.study, path)
    second.wait(lambda: path.exists() and not files._saving.is_busy)
    second.trigger("delete_marking")
    for _ in range(2):
        files.load(path, second.session.study)
        second.wait(lambda: not files._loading.is_busy)
        assert second.store.markings == kept


def test_that_a_file_which_is_none_is_told_in_the_message_bar(second, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    second.controller._markings.files.load(tmp_path / "a.json", second.session.study)
    second.wait(lambda: "no file of measurements" in second.window.message_bar.text)


def test_that_saving_nothing_says_so(second):
    second.trigger("save_markings")
    assert "no measurements" in second.window.message_bar.text


def test_that_the_saved_view_shows_the_markings_turned_as_on_screen(second, tmp_path):
    second.trigger("turn_right")
    second.store.add(Marking("rectangle", ((10, 5), (20, 10)), Place(1, 0, 1)))
    path = tmp_path / "view.png"
    second.controller.save_view(path)
    second.wait(lambda: path.exists() and not second.controller._saving.is_busy)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # Turned right, 120 mm of rows go leftwards over the width and 60 mm of columns down.
    scale = 768 / 120
    column, row = 28 + (120 - 4 * 7.5) * scale, 28 + 10.5 * scale
    red, green, blue = pixels[round(row) - 2 : round(row) + 3, round(column)].max(axis=0)
    assert min(red, green) > 200
    assert blue < 120
