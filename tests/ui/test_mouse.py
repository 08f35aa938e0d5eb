"""Buttons, tools and profiles, with real events in the window."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

from magic_viewer.ui import mouse
from magic_viewer.ui.preferences import MOUSE_PROFILE, Preferences
from magic_viewer.ui.shortcuts import ShortcutsDialog
from tests.ui.conftest import Opened
from tests.ui.test_window import drag

LEFT, MIDDLE, RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def move(widget, place: QPoint, modifiers=NONE) -> None:
    """Moves the pointer without a button."""
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        modifiers,
    )
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize(
    ("profile", "button", "modifiers", "action"),
    [
        ("clinical", LEFT, NONE, "window"),
        ("clinical", LEFT, CTRL, "region"),
        ("clinical", MIDDLE, NONE, "pan"),
        ("clinical", RIGHT, NONE, "zoom"),
        ("clinical", LEFT, SHIFT, "window"),
        ("research", LEFT, NONE, "crosshair"),
        ("research", LEFT, CTRL, "region"),
        ("research", MIDDLE, SHIFT, "pan"),
        ("research", RIGHT, CTRL, "zoom"),
        ("research", Qt.MouseButton.BackButton, NONE, None),
    ],
)
def test_that_a_button_does_what_its_profile_says(profile, button, modifiers, action) -> None:
    tool = mouse.own_tool(profile)
    assert mouse.action_for(profile, tool, button, modifiers) == action


def test_that_a_tool_changes_the_plain_left_drag_alone() -> None:
    assert mouse.action_for("research", "zoom", LEFT, NONE) == "zoom"
    assert mouse.action_for("research", "zoom", LEFT, CTRL) == "region"
    assert mouse.action_for("research", "zoom", MIDDLE, NONE) == "pan"


def test_that_an_unknown_kept_profile_is_the_clinical_one(tmp_path) -> None:
    preferences = Preferences(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    preferences.settings.setValue("mouse_profile", "gaming")
    assert mouse.saved_profile(preferences) == "clinical"
    preferences.set(MOUSE_PROFILE, "research")
    assert mouse.saved_profile(preferences) == "research"


@pytest.mark.parametrize("profile", ["clinical", "research"])
def test_that_the_list_of_keys_follows_the_profile(qtbot, profile) -> None:
    dialog = ShortcutsDialog(profile)
    qtbot.addWidget(dialog)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert texts[texts.index("Left drag") + 1] == mouse.words(mouse.own_tool(profile))
    assert texts[texts.index("Shift + move") + 1] == "Crosshair"


def test_that_z_makes_a_left_drag_zoom_and_w_a_window_again(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    port, box = opened.view.viewport(), opened.view._box
    window, width = opened.session.window, box.viewRect().width()
    qtbot.keyClick(opened.window, Qt.Key.Key_Z)
    assert "Zoom" in opened.view._corners.bottom_right[0].text
    drag(qtbot, port, QPoint(0, -60))
    assert box.viewRect().width() < width
    assert opened.session.window == window
    qtbot.keyClick(opened.window, Qt.Key.Key_W)
    drag(qtbot, port, QPoint(60, 0))
    assert opened.session.window.width > window.width
    assert len(opened.view._corners.bottom_right) == 1


def test_that_g_pans_and_escape_puts_the_tool_away(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    before = opened.view._box.viewRect().left()
    qtbot.keyClick(opened.window, Qt.Key.Key_G)
    drag(qtbot, opened.view.viewport(), QPoint(50, 0))
    assert opened.view._box.viewRect().left() < before
    qtbot.keyClick(opened.window, Qt.Key.Key_Escape)
    assert opened.window.commands["window_tool"].isChecked()
    assert not opened.window.commands["pan_tool"].isChecked()


def test_that_a_measuring_tool_wins_over_the_mouses(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    width = opened.view._box.viewRect().width()
    qtbot.keyClick(opened.window, Qt.Key.Key_Z)
    qtbot.keyClick(opened.window, Qt.Key.Key_M)
    drag(qtbot, opened.view.viewport(), QPoint(60, 40))
    assert len(opened.controller._markings.store.markings) == 1
    assert opened.view._box.viewRect().width() == width


def test_that_the_tool_stays_while_scrolling_and_over_a_reset(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    qtbot.keyClick(opened.window, Qt.Key.Key_Z)
    opened.window.commands["next_slice"].trigger()
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == 7)
    opened.window.commands["reset"].trigger()
    assert opened.window.commands["zoom_tool"].isChecked()


def test_that_the_profile_research_puts_the_crosshair_on_the_left_button(
    qtbot, opened: Opened, scan
) -> None:
    opened.open(scan)
    opened.window.commands["research_mouse"].trigger()
    before, moved = opened.session.window, []
    opened.view.crosshair_moved.connect(lambda *point: moved.append(point))
    drag(qtbot, opened.view.viewport(), QPoint(50, 0))
    assert opened.session.window == before
    assert len(moved) >= 2
    assert moved[0][0] < moved[-1][0]
    assert moved[0][1] == pytest.approx(moved[-1][1])
    assert opened.view._crosshair.point == moved[-1]
    assert opened.settings.value("mouse_profile") == "research"


def test_that_shift_and_a_move_take_the_crosshair_along_and_show_the_value(
    opened: Opened, scan
) -> None:
    opened.open(scan)
    center = opened.view.viewport().rect().center()
    move(opened.view.viewport(), center)
    assert opened.view._crosshair is None
    move(opened.view.viewport(), center, SHIFT)
    column, row = opened.view._crosshair.point
    assert column == pytest.approx(15.5, abs=0.2)
    assert row == pytest.approx(15.5, abs=0.2)
    value = opened.session.slice.modality_values[int(row + 0.5), int(column + 0.5)]
    assert opened.view._crosshair.text.endswith(f"{value:.6g}")


def test_that_the_crosshair_stays_while_scrolling_with_the_value_there(
    opened: Opened, scan
) -> None:
    opened.open(scan)
    move(opened.view.viewport(), opened.view.viewport().rect().center(), SHIFT)
    point = opened.view._crosshair.point
    opened.window.commands["next_slice"].trigger()
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == 7)
    assert opened.view._crosshair.point == point
    assert "S 21.0" in opened.view._crosshair.text
    opened.window.commands["reset"].trigger()
    assert opened.view._crosshair is None


def test_that_beside_the_slice_there_is_no_crosshair(opened: Opened, scan) -> None:
    opened.open(scan)
    move(opened.view.viewport(), QPoint(2, 2), SHIFT)
    assert opened.view._crosshair is None
