"""What an older version has kept still works, and what a newer one has kept is left alone."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from PySide6.QtCore import QSettings

from magic_viewer.pipeline.library import OLDER
from magic_viewer.ui.backend import real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.preferences import (
    FORMAT,
    NEWEST_FORMAT,
    PREFERENCES,
    REMEMBER_RECENT,
    THEME,
    Preferences,
)
from magic_viewer.ui.settings_file import SettingsOfThisRun, open_settings

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

# As the version before formats had a number has left it on Linux.
_BEFORE = """[General]
columns=@ByteArray(\\0\\0\\0\\xff)
ct_presets=
file_overlays=false
mouse_profile=research
noncommercial="[\\"side\\"]"
notice_accepted=1
radiological=false
recent="[{\\"paths\\":[\\"SCAN\\"],\\"opened\\":\\"2026-03-01T12:00:00\\"}]"
remember_recent=true
scale_bar=false
smooth=false
theme=light
window_panel=false
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "MAGIC Viewer.conf"


def settings_in(file):
    return QSettings(str(file), QSettings.Format.IniFormat)


def test_that_every_setting_of_the_format_before_still_holds(file, scan):
    file.write_text(_BEFORE.replace("SCAN", str(scan)))
    preferences = Preferences(open_settings(settings_in(file)))
    told = {one.key: preferences.get(one) for one in PREFERENCES}
    assert told == {
        "theme": "light",
        "radiological": False,
        "file_overlays": False,
        "mouse_profile": "research",
        "smooth": False,
        "scale_bar": False,
        "window_panel": False,
        "ct_presets": "",
        "remember_recent": True,
        "recent": json.dumps(
            [{"paths": [str(scan)], "opened": "2026-03-01T12:00:00"}], separators=(",", ":")
        ),
        "noncommercial": '["side"]',
        "notice_accepted": 1,
    }
    assert preferences.layout("columns") is not None
    preferences.settings.sync()
    assert FORMAT.parsed(settings_in(file).value(FORMAT.key)) == NEWEST_FORMAT


def test_that_after_an_upgrade_recent_studies_open_and_added_models_answer(
    file, scan, side_model, tmp_path, monkeypatch, qtbot
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home = tmp_path / "data" / "MAGIC Viewer" / "models"
    shutil.copytree(side_model, home / "a-side")
    config = home / "a-side" / "config.json"
    values = json.loads(config.read_text())
    # What the format before did not have.
    for name in ("made_for", "header"):
        values.pop(name, None)
    config.write_text(json.dumps(values))
    for older in OLDER:
        shutil.copytree(side_model, home / f"b-side-{older}")
        config = home / f"b-side-{older}" / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"format": older}))
    file.write_text(_BEFORE.replace("SCAN", str(scan)))

    settings = open_settings(settings_in(file))
    window = MainWindow(settings)
    controller = Controller(window, real_backend(), settings)
    qtbot.addWidget(window, before_close_func=lambda _: controller.end())
    window.show()
    controller.begin("a-side")
    qtbot.waitUntil(lambda: controller.session.model is not None, timeout=20_000)
    assert controller.session.model.name == "a-side"
    (recent,) = controller.program.recent.studies.all()
    controller.program.recent.open(recent)
    qtbot.waitUntil(lambda: controller.session.examination is not None, timeout=60_000)
    there = {entry.folder.name: entry for entry in real_backend().list_models()}
    assert all(there[f"b-side-{older}"].info is not None for older in OLDER)


# Settings of a newer version


def newer(file):
    text = (
        f"[General]\nformat={NEWEST_FORMAT + 1}\ntheme=solarised\nsmooth=auto\nnotice_accepted=9\n"
    )
    file.write_text(text)
    return text


def test_that_settings_of_a_newer_version_are_replaced_for_the_run_and_left_as_they_are(file, qapp):
    before = newer(file)
    kept = settings_in(file)
    preferences = Preferences(open_settings(kept))
    for preference in PREFERENCES:
        if preference is not REMEMBER_RECENT:
            assert preferences.get(preference) == preference.default
    assert preferences.get(REMEMBER_RECENT) is False
    preferences.set(THEME, "light")
    assert preferences.get(THEME) == "light"
    preferences.reset()
    assert preferences.get(THEME) == THEME.default
    kept.sync()
    assert file.read_text() == before


@pytest.mark.parametrize("kept", ["", "one", "-1", "@Invalid()", "1, 2"])
def test_that_a_format_that_is_no_number_counts_as_the_oldest(kept, file):
    file.write_text(f"[General]\nformat={kept}\ntheme=light\n")
    settings = open_settings(settings_in(file))
    assert not isinstance(settings, SettingsOfThisRun)
    assert Preferences(settings).get(THEME) == "light"


def test_that_the_window_says_so_and_a_whole_run_changes_nothing_in_a_newer_file(file, tmp_path):
    before = newer(file)
    code = f"""
import sys
from PySide6.QtCore import QSettings, QTimer
from magic_viewer.ui import app
from magic_viewer.ui.main_window import MainWindow

app.QSettings = lambda: QSettings({str(file)!r}, QSettings.Format.IniFormat)

def end():
    for window in app.application().topLevelWidgets():
        if isinstance(window, MainWindow) and window.message_bar.text:
            print(window.message_bar.text)
            window.commands["smooth"].trigger()
            window.close()

timer = QTimer(app.application(), interval=20)
timer.timeout.connect(end)
timer.start()
sys.exit(app.run([], is_new_window=True))
"""
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "newer MAGIC Viewer" in done.stdout
    assert file.read_text() == before
