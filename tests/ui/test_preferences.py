"""What is kept from one start to the next."""

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QMessageBox, QPushButton

from magic_viewer.ui.first_notice import VERSION, show_first_notice
from magic_viewer.ui.preferences import (
    FILE_OVERLAYS,
    FORMAT,
    MOUSE_PROFILE,
    NOTICE_ACCEPTED,
    PREFERENCES,
    RADIOLOGICAL,
    REMEMBER_RECENT,
    THEME,
    Preferences,
)
from magic_viewer.ui.settings_dialog import SettingsDialog

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def preferences(settings, qapp):
    return Preferences(settings)


def other_than_default(preference):
    if preference.choices:
        return preference.choices[-1]
    if isinstance(preference.default, bool):
        return not preference.default
    return 7 if isinstance(preference.default, int) else "[1]"


@pytest.mark.parametrize("preference", PREFERENCES, ids=lambda one: one.key)
def test_that_a_setting_survives_a_restart(preference, preferences, tmp_path):
    assert preferences.get(preference) == preference.default
    preferences.set(preference, other_than_default(preference))
    preferences.settings.sync()
    again = Preferences(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    assert again.get(preference) == other_than_default(preference)


@pytest.mark.parametrize("preference", PREFERENCES, ids=lambda one: one.key)
@pytest.mark.parametrize("kept", [["a", "b"], {"a": 1}, 3.5, b"\x00", None])
def test_that_a_setting_of_a_wrong_type_counts_as_not_there(preference, kept, preferences):
    preferences.settings.setValue(preference.key, kept)
    assert preferences.get(preference) == preference.default


def test_that_a_word_of_a_newer_version_counts_as_not_there(preferences):
    preferences.settings.setValue(THEME.key, "solarised")
    preferences.settings.setValue(RADIOLOGICAL.key, "automatic")
    assert preferences.get(THEME) == "dark"
    assert preferences.get(RADIOLOGICAL) is True


@pytest.mark.parametrize("kept", ["--5", "-", "", "5.0", "five"])
def test_that_a_number_that_is_none_counts_as_not_there(kept, preferences):
    preferences.settings.setValue(NOTICE_ACCEPTED.key, kept)
    assert preferences.get(NOTICE_ACCEPTED) == 0


def test_that_every_key_is_there_once():
    keys = [one.key for one in PREFERENCES]
    assert len(keys) == len(set(keys))


def test_that_a_reset_takes_all_but_the_accepted_notice(qtbot, preferences):
    for preference in PREFERENCES:
        preferences.set(preference, other_than_default(preference))
    preferences.settings.setValue("of_a_newer_version", 3)
    changed = []
    preferences.changed.connect(changed.append)
    preferences.reset()
    assert {one.key for one in PREFERENCES} - {NOTICE_ACCEPTED.key} == set(changed)
    assert all(preferences.get(one) == one.default for one in PREFERENCES[:-1])
    assert preferences.get(NOTICE_ACCEPTED) == 7
    assert set(preferences.settings.allKeys()) == {NOTICE_ACCEPTED.key, FORMAT.key}


# The dialog, both ways


@pytest.fixture
def dialog(qtbot, preferences):
    dialog = SettingsDialog(preferences)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def box(dialog, text):
    return next(one for one in dialog.findChildren(QCheckBox) if one.text().startswith(text))


def test_that_the_dialog_writes_what_the_user_chooses(dialog, preferences):
    dialog.findChild(QComboBox).setCurrentIndex(1)
    box(dialog, "Radiological").click()
    box(dialog, "Show overlays").click()
    box(dialog, "Remember").click()
    assert preferences.get(THEME) == "light"
    for preference in (RADIOLOGICAL, FILE_OVERLAYS, REMEMBER_RECENT):
        assert preferences.get(preference) is False


def test_that_the_dialog_shows_what_has_changed_elsewhere(dialog, preferences):
    preferences.set(THEME, "system")
    preferences.set(RADIOLOGICAL, False)
    assert dialog.findChild(QComboBox).currentIndex() == 2
    assert not box(dialog, "Radiological").isChecked()


def test_that_a_reset_is_asked_for_only_after_a_question(qtbot, dialog):
    button = next(one for one in dialog.findChildren(QPushButton) if one.text().startswith("Reset"))
    with qtbot.assertNotEmitted(dialog.reset_requested):
        button.click()
    question = dialog.findChild(QMessageBox)
    with qtbot.waitSignal(dialog.reset_requested):
        next(one for one in question.buttons() if one.text() == "Reset").click()


# In the window


def test_that_menu_settings_and_slice_are_in_step(make_window):
    opened = make_window()
    program, action = opened.controller.program, opened.window.commands["radiological"]
    action.trigger()
    assert program.preferences.get(RADIOLOGICAL) is False
    assert opened.session.is_radiological is False
    program.reset()
    assert action.isChecked()
    assert opened.session.is_radiological is True


def test_that_the_next_window_starts_with_the_settings_of_the_last(make_window):
    make_window().window.commands["file_overlays"].trigger()
    again = make_window()
    assert again.session.shows_overlays is False
    assert not again.window.commands["file_overlays"].isChecked()


def test_that_the_mouse_profile_of_the_settings_is_that_of_the_view(make_window):
    opened = make_window()
    opened.controller.program.preferences.set(MOUSE_PROFILE, "research")
    assert opened.window.commands["research_mouse"].isChecked()
    assert opened.controller._view_controls.profile == "research"
    opened.controller.program.reset()
    assert opened.controller._view_controls.profile == "clinical"


def test_that_the_settings_open_by_their_key_and_do_not_block(make_window, qtbot):
    opened = make_window()
    opened.window.commands["settings"].trigger()
    dialog = opened.window.findChild(SettingsDialog)
    assert dialog.isVisible()
    dialog.close()


def test_that_a_setting_changed_after_the_dialog_was_closed_reaches_no_dead_dialog(
    make_window, qtbot
):
    opened = make_window()
    opened.window.commands["settings"].trigger()
    dialog = opened.window.findChild(SettingsDialog)
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
    # An exception in a slot fails the test.
    opened.window.commands["radiological"].trigger()
    assert opened.controller.program.preferences.get(RADIOLOGICAL) is False


# The first notice


def test_that_the_notice_comes_until_it_is_accepted_and_never_after(make_window):
    opened = make_window()
    preferences = opened.controller.program.preferences
    notice = show_first_notice(preferences, opened.window)
    assert "Not for diagnosis" in notice.text()
    notice.defaultButton().click()
    assert preferences.get(NOTICE_ACCEPTED) == VERSION
    assert show_first_notice(preferences, opened.window) is None
    assert opened.window.isVisible()


def test_that_declining_the_notice_quits_and_is_not_remembered_as_acceptance(make_window):
    opened = make_window()
    preferences = opened.controller.program.preferences
    notice = show_first_notice(preferences, opened.window)
    notice.escapeButton().click()
    assert not opened.window.isVisible()
    assert preferences.get(NOTICE_ACCEPTED) == 0


def test_that_a_newer_text_of_the_notice_is_shown_again(make_window):
    opened = make_window()
    preferences = opened.controller.program.preferences
    preferences.set(NOTICE_ACCEPTED, VERSION - 1)
    assert show_first_notice(preferences, opened.window) is not None
    assert QApplication.activeModalWidget() is not None
