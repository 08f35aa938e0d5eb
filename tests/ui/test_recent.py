"""The studies opened last: kept as places and times alone, and only while they are wanted."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QPushButton

from magic_viewer.ui.preferences import RECENT, REMEMBER_RECENT, Preferences
from magic_viewer.ui.recent import MOST, RecentStudies, RecentStudy
from magic_viewer.ui.recent_controller import _look_for
from magic_viewer.ui.welcome import Welcome

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def preferences(tmp_path, qapp):
    return Preferences(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def studies(preferences):
    return RecentStudies(preferences)


def names(opened):
    return [action.text() for action in opened.window.recent_menu.actions() if action.text()]


def rows(welcome):
    buttons = welcome.findChildren(QPushButton)
    return [one for one in buttons if one.property("role") == "row"]


def test_that_the_newest_is_first_and_nothing_is_there_twice(studies):
    for name in ("/a/one", "/a/two", "/a/one"):
        studies.add([Path(name)])
    assert [study.paths[0].name for study in studies.all()] == ["one", "two"]


def test_that_the_list_does_not_grow_without_end(studies):
    for number in range(MOST + 5):
        studies.add([Path(f"/a/{number}")])
    assert len(studies.all()) == MOST
    assert studies.all()[0].paths[0].name == str(MOST + 4)


def test_that_a_name_from_any_language_comes_back(studies):
    path = Path("/Ärzte/患者 3/серия.nii")
    studies.add([path], NOON)
    assert studies.all() == [RecentStudy((path,), NOON)]
    assert studies.all()[0].name == "患者 3/серия.nii"


@pytest.mark.parametrize(
    "kept",
    [
        "no json",
        "[" * 5000,
        "{}",
        '[1, null, {"paths": []}, {"paths": ["/a"], "opened": "once"}]',
        '[{"paths": ["not/absolute"], "opened": "2026-03-01T12:00:00"}]',
        '[{"paths": [3], "opened": "2026-03-01T12:00:00"}]',
    ],
)
def test_that_a_list_which_makes_no_sense_is_empty(kept, studies, preferences):
    preferences.settings.setValue(RECENT.key, kept)
    assert studies.all() == []
    studies.add([Path("/a")])
    assert len(studies.all()) == 1


def test_that_nothing_but_places_and_times_is_kept(studies, preferences):
    studies.add([Path("/a/one"), Path("/a/two")], NOON)
    (entry,) = json.loads(preferences.settings.value(RECENT.key))
    assert entry == {"paths": ["/a/one", "/a/two"], "opened": "2026-03-01T12:00:00"}


def test_that_the_welcome_asks_for_the_study_that_is_clicked(qtbot):
    welcome = Welcome()
    qtbot.addWidget(welcome)
    welcome.show()
    studies = [RecentStudy((Path(f"/a/{name}"),), NOON) for name in ("one", "R&D")]
    with qtbot.assertNotEmitted(welcome.recent_requested):
        welcome.set_recent(studies)
    assert "R&&D" in rows(welcome)[1].text()
    with qtbot.waitSignal(welcome.recent_requested) as asked:
        rows(welcome)[1].click()
    assert asked.args == [studies[1]]
    welcome.set_recent(())
    assert not rows(welcome)


def test_that_a_row_which_goes_at_once_does_not_become_a_window(qtbot, qapp):
    welcome = Welcome()
    qtbot.addWidget(welcome)
    welcome.show()
    welcome.set_recent([RecentStudy((Path("/a/one"),), NOON)])
    gone = rows(welcome)[0]
    welcome.set_recent(())
    qapp.processEvents()
    assert not gone.isVisible()


def test_that_what_was_opened_is_in_the_menu_and_opens_again(opened, scan):
    opened.open(scan)
    assert names(opened)[0] == f"{scan.parent.name}/{scan.name}"
    before = opened.session.study
    opened.window.recent_menu.actions()[0].trigger()
    opened.wait(lambda: opened.session.study is not before)


def test_that_what_could_not_be_opened_is_not_remembered(opened, tmp_path):
    bad = tmp_path / "bad.nii"
    bad.write_bytes(b"nothing")
    opened.controller.open([bad])
    opened.wait(lambda: opened.window.message_bar.text != "")
    assert not opened.window.recent_menu.isEnabled()


def test_that_a_study_which_is_gone_says_so_and_leaves_the_list(opened, scan, tmp_path):
    opened.open(scan)
    scan.rename(tmp_path / "elsewhere.nii.gz")
    opened.window.recent_menu.actions()[0].trigger()
    opened.wait(lambda: "not there any more" in opened.window.message_bar.text)
    assert not opened.window.recent_menu.isEnabled()


def test_that_clear_list_clears_it(opened, scan):
    opened.open(scan)
    next(a for a in opened.window.recent_menu.actions() if a.text() == "Clear list").trigger()
    assert opened.controller.program.recent.studies.all() == []
    assert rows(opened.window.welcome) == []


def test_that_who_opts_out_leaves_nothing_behind(opened, scan):
    opened.open(scan)
    opened.controller.program.preferences.set(REMEMBER_RECENT, False)
    opened.open(scan)
    kept = opened.settings.value(RECENT.key)
    assert kept is None or json.loads(kept) == []
    assert not opened.window.recent_menu.isEnabled()


def test_that_a_study_that_cannot_be_looked_at_is_left_to_the_reader_to_refuse(monkeypatch):
    def forbidden(_path):
        raise PermissionError

    monkeypatch.setattr(Path, "exists", forbidden)
    study = RecentStudy((Path("/a/locked"),), NOON)
    assert _look_for(study) == (study, True)
