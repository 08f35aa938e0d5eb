"""The group "Window": values, histogram, colours; and the CT presets."""

import json
from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from magic_viewer.imaging.display import CT_PRESETS
from magic_viewer.imaging.histogram import Histogram
from magic_viewer.imaging.study import Series, Slice, Study, VoiLut, Volume, Window
from magic_viewer.ui.colors import LIGHT
from magic_viewer.ui.histogram_view import HistogramView
from magic_viewer.ui.preferences import Preferences
from magic_viewer.ui.preset_dialog import PresetDialog
from magic_viewer.ui.presets import load_presets, preset_words, save_presets
from magic_viewer.ui.window_panel import WindowPanel
from tests.ui.conftest import MakeWindow, Opened

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def opened(make_window: MakeWindow) -> Opened:
    """The window, without waiting for a model."""
    return make_window()


@pytest.fixture
def panel(qtbot) -> WindowPanel:
    panel = WindowPanel()
    _show(qtbot, panel)
    panel.set_unfolded(True)
    panel.set_window(Window(40, 400), "")
    return panel


def _show(qtbot, widget: QWidget) -> None:
    """In a window, as the panel is in the program."""
    window = QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(widget)
    window.resize(320, 400)
    window.show()
    widget.window_ = window
    qtbot.waitExposed(window)


@pytest.mark.parametrize(("modifiers", "step"), [(None, 1), (SHIFT, 10), (CTRL, 100)])
def test_that_arrows_step_by_one_ten_and_a_hundred(qtbot, panel, modifiers, step) -> None:
    asked = []
    panel.center_requested.connect(asked.append)
    panel.width_requested.connect(asked.append)
    modifiers = modifiers or Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(panel._center, Qt.Key.Key_Up, modifiers)
    qtbot.keyClick(panel._width, Qt.Key.Key_Down, modifiers)
    assert asked == [40 + step, 400 - step]


def test_that_a_narrow_window_moves_by_its_last_decimal(qtbot, panel) -> None:
    panel.set_window(Window(0.5, 1.0, "LINEAR_EXACT"), "")
    asked = []
    panel.center_requested.connect(asked.append)
    qtbot.keyClick(panel._center, Qt.Key.Key_Up)
    assert asked == [pytest.approx(0.51)]


def test_that_showing_a_window_asks_for_nothing(panel) -> None:
    asked = []
    panel.center_requested.connect(asked.append)
    panel.width_requested.connect(asked.append)
    panel.colors_requested.connect(asked.append)
    panel.set_window(Window(-600, 1500), "")
    panel.set_color_maps(("grey", "viridis"))
    panel.set_colors("viridis", True)
    assert (panel._center.value(), panel._width.value()) == (-600, 1500)
    assert asked == []


def test_that_without_a_window_the_values_are_grey_and_the_reason_is_told(panel) -> None:
    panel.set_window(None, "A colour image has no window.")
    assert not panel._center.isEnabled()
    assert not panel._width.isEnabled()
    assert panel.reason == "A colour image has no window."
    assert panel._width.text() == ""
    panel.set_window(Window(40, 400), "")
    assert panel._width.text() == "400"
    assert panel.reason == ""


def test_that_the_band_is_dragged_by_its_edge_and_as_a_whole(qtbot) -> None:
    view = HistogramView()
    _show(qtbot, view)
    view.set_histogram(Histogram(np.ones(128, np.int64), 0, 100))
    view.set_edges(40, 60)
    asked = []
    view.edges_requested.connect(lambda low, high: asked.append((low, high)))
    view.set_edges(30, 60)
    assert asked == []
    _drag(qtbot, view, 30, 20)
    assert asked[-1][0] == pytest.approx(20, abs=2)
    assert asked[-1][1] == 60
    view.set_edges(30, 60)
    assert view.edges == (30, 60)
    _drag(qtbot, view, 45, 55)
    low, high = asked[-1]
    assert low == pytest.approx(40, abs=2)
    assert high - low == pytest.approx(30)


def test_that_the_histogram_follows_a_change_of_the_look(qtbot, monkeypatch) -> None:
    view = HistogramView()
    _show(qtbot, view)
    monkeypatch.setattr("magic_viewer.ui.histogram_view.Color", LIGHT)
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(LIGHT.PANEL))
    view.setPalette(palette)
    shown = view.viewport().grab().toImage().pixelColor(1, 1)
    assert shown == QColor(LIGHT.PANEL)


def _drag(qtbot, view: HistogramView, start: float, end: float) -> None:
    """Presses at one value, moves to another, lets go."""
    qtbot.waitUntil(lambda: view.box.viewRect().width() > 90)
    scene = [view.box.mapViewToScene(QPointF(value, 0.3)) for value in (start, end)]
    first, last = (view.mapFromScene(point) for point in scene)
    port = view.viewport()
    qtbot.mouseMove(port, first)
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=first)
    for step in range(1, 9):
        qtbot.mouseMove(port, first + QPoint(round((last.x() - first.x()) * step / 8), 0))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=last)


def test_that_values_histogram_and_slice_show_one_window(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    panel, histogram = opened.window.window_panel, opened.controller._window_controls._histogram
    window = opened.session.window
    opened.wait(lambda: histogram.edges[1] == pytest.approx(window.center + window.width / 2))
    opened.session.set_window(Window(100, 80))
    opened.wait(lambda: panel._center.value() == 100)
    assert histogram.edges == (60, 140)
    histogram.edges_requested.emit(50.0, 150.0)
    assert (opened.session.window.center, opened.session.window.width) == (100, 100)
    panel._width.value_requested.emit(60.0)
    assert (opened.session.window.center, opened.session.window.width) == (100, 60)
    assert opened.view._window == opened.session.window


def test_that_a_typed_value_is_taken_with_return_and_keys_go_back(
    qtbot, opened: Opened, scan
) -> None:
    opened.open(scan)
    panel = opened.window.window_panel
    opened.wait(panel._center.isEnabled)
    panel._center.setFocus()
    panel._center.selectAll()
    qtbot.keyClicks(panel._center, "123")
    qtbot.keyClick(panel._center, Qt.Key.Key_Return)
    assert opened.session.window.center == 123
    assert not panel._center.hasFocus()


def test_that_escape_leaves_what_was_typed(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    panel, before = opened.window.window_panel, opened.session.window
    opened.wait(panel._center.isEnabled)
    panel._center.setFocus()
    panel._center.selectAll()
    qtbot.keyClicks(panel._center, "123")
    qtbot.keyClick(panel._center, Qt.Key.Key_Escape)
    assert opened.session.window == before
    assert panel._center.text() != "123"
    assert not panel._center.hasFocus()


def test_that_arrows_in_a_value_scroll_no_slices_and_elsewhere_do(
    qtbot, opened: Opened, scan
) -> None:
    opened.open(scan)
    panel, before = opened.window.window_panel, opened.session.window
    opened.wait(panel._center.isEnabled)
    panel._center.setFocus()
    qtbot.keyClick(panel._center, Qt.Key.Key_Up, SHIFT)
    assert opened.session.window.center == pytest.approx(before.center + 10, abs=0.5)
    assert opened.session.slice_index == 6
    qtbot.keyClick(panel._center, Qt.Key.Key_Return)
    qtbot.keyClick(opened.window, Qt.Key.Key_Up)
    assert opened.session.slice_index == 5


def test_that_a_value_the_panel_only_rounds_is_not_changed_by_the_other(
    opened: Opened, scan
) -> None:
    opened.open(scan)
    opened.session.set_window(Window(40.4, 400.4))
    opened.wait(lambda: opened.window.window_panel._width.value() == 400)
    opened.window.window_panel._center.stepUp()
    assert opened.session.window == Window(41, 400.4)


def test_that_a_folded_panel_counts_nothing_until_it_is_unfolded(
    qtbot, opened: Opened, scan
) -> None:
    panel, controls = opened.window.window_panel, opened.controller._window_controls
    panel.set_unfolded(False)
    opened.open(scan)
    assert not controls._histogram_is_due.isActive()
    assert controls._counted is None
    panel.set_unfolded(True)
    opened.wait(lambda: controls._counted is opened.session.slice)
    assert opened.settings.value("window_panel", type=bool) is True


def test_that_colours_are_chosen_in_the_panel_and_a_reset_takes_them_back(
    opened: Opened, scan
) -> None:
    opened.open(scan)
    combo = opened.window.window_panel._colors
    combo.setCurrentText("viridis")
    assert opened.view.look.colors == "viridis"
    opened.window.commands["reset"].trigger()
    opened.wait(lambda: combo.currentText() == "grey")


def _open(opened: Opened, image: Slice, modality: str | None) -> None:
    """Shows one slice."""
    volume = Volume((1, *image.shape), lambda _: image)
    opened.session.open(Study((Series("made", modality, (volume,), "PNG"),)))
    opened.wait(lambda: opened.session.slice is not None)


def test_that_a_colour_image_has_no_window_and_says_why(opened: Opened) -> None:
    _open(opened, Slice(np.zeros((8, 8, 3), np.uint8)), None)
    panel = opened.window.window_panel
    opened.wait(lambda: "colour image" in panel.reason)
    assert not panel._center.isEnabled()
    assert not panel._colors.isEnabled()
    assert not opened.controller._window_controls._histogram.isVisible()


def test_that_a_table_of_the_file_is_named_until_a_window_replaces_it(opened: Opened) -> None:
    table = VoiLut(0, np.linspace(0, 1, 64, dtype=np.float32))
    _open(opened, Slice(np.arange(64, dtype=np.float32).reshape(8, 8), voi_lut=table), "CR")
    panel = opened.window.window_panel
    opened.wait(lambda: "table of the file" in panel.reason)
    assert "VOI LUT" in opened.view._corners.bottom_right[-1].text
    panel._center.stepUp()
    opened.wait(lambda: panel.reason == "")
    assert opened.session.window is not None


# Presets


def _kept(tmp_path) -> Preferences:
    return Preferences(QSettings(str(tmp_path / "presets.ini"), QSettings.Format.IniFormat))


def test_that_presets_are_kept_and_put_back(tmp_path) -> None:
    kept = _kept(tmp_path)
    assert load_presets(kept) == CT_PRESETS
    mine = (Window(50, 350, name="Abdomen"), *CT_PRESETS[1:])
    save_presets(kept, mine)
    kept.settings.sync()
    assert load_presets(_kept(tmp_path)) == mine
    save_presets(kept, CT_PRESETS)
    assert load_presets(kept) == CT_PRESETS


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[1, 2]", "[]", json.dumps([["a", 0, 0]] * 5), json.dumps([["a", 0, "x"]] * 5)],
)
def test_that_presets_which_cannot_be_read_are_the_usual_ones(tmp_path, kept) -> None:
    preferences = _kept(tmp_path)
    preferences.settings.setValue("ct_presets", kept)
    assert load_presets(preferences) == CT_PRESETS


def test_that_the_dialog_says_what_was_changed_and_resets(qtbot) -> None:
    dialog = PresetDialog(CT_PRESETS)
    qtbot.addWidget(dialog)
    asked = MagicMock()
    dialog.presets_requested.connect(asked)
    name, width, center = dialog._rows[2]
    name.setText("Temporal bone")
    width.setValue(4000)
    center.setValue(700)
    changed = list(CT_PRESETS)
    changed[2] = Window(700, 4000, name="Temporal bone")
    assert dialog.presets() == tuple(changed)
    dialog.show_presets(CT_PRESETS)
    assert dialog.presets() == CT_PRESETS
    dialog.accept()
    asked.assert_called_once_with(CT_PRESETS)


def test_that_presets_name_their_values_and_work_in_ct_alone(qtbot, opened: Opened, scan) -> None:
    commands = opened.window.commands
    opened.open(scan)
    before = opened.session.window
    assert not commands["preset_1"].isEnabled()
    assert commands["preset_1"].text().endswith("only for CT")
    qtbot.keyClick(opened.window, Qt.Key.Key_2)
    assert opened.session.window == before
    values = np.linspace(-1000, 1000, 64, dtype=np.float32).reshape(8, 8)
    _open(opened, Slice(values, modality="CT"), "CT")
    assert commands["preset_1"].text() == "CT lung (1500 / −600)"
    qtbot.keyClick(opened.window, Qt.Key.Key_2)
    assert opened.session.window == CT_PRESETS[1]


def test_that_edited_presets_are_on_the_keys_at_once(qtbot, opened: Opened) -> None:
    values = np.linspace(-1000, 1000, 64, dtype=np.float32).reshape(8, 8)
    _open(opened, Slice(values, modality="CT"), "CT")
    dialog = opened.controller._window_controls.edit_presets()
    dialog._rows[0][1].setValue(350)
    dialog.accept()
    mine = replace(CT_PRESETS[0], width=350)
    assert opened.window.commands["preset_0"].text() == preset_words(mine)
    qtbot.keyClick(opened.window, Qt.Key.Key_1)
    assert opened.session.window == mine
    opened.controller.program.preferences.reset()
    assert opened.window.commands["preset_0"].text() == preset_words(CT_PRESETS[0])
