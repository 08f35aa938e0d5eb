"""What is open is kept while the program runs, and a crash does not lose it."""

import json
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QPushButton

from magic_viewer.imaging.marking import Marking, Place
from magic_viewer.imaging.study import Window
from magic_viewer.ui.crash_report import CrashReports
from magic_viewer.ui.message_bar import MessageBar
from magic_viewer.ui.open_session import OpenSession, decoded, encoded
from magic_viewer.ui.own_files import begin_own_files, left_files, write_own
from magic_viewer.ui.preferences import REMEMBER_RECENT, Preferences
from magic_viewer.ui.resume import Resume
from tests.ui.test_crash import home, program, wait_for  # noqa: F401

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
WINDOW = Window(120.0, 55.5)


# The file


def test_that_a_session_comes_back_as_it_was():
    odd = Path(os.fsdecode(b"/a/\xff.dcm"))
    session = OpenSession(
        (Path("/Ärzte/患者"), odd), 1, 2, 3, WINDOW, True, "planes", "side", "", 1
    )
    assert decoded(encoded(session)) == session
    assert decoded(encoded(OpenSession((odd,)))) == OpenSession((odd,))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"paths": []},
        {"paths": ["relative"]},
        {"paths": "/a"},
        {"slice": -1},
        {"slice": True},
        {"window": {"center": 1, "width": 0}},
        {"window": {"center": float("nan"), "width": 1}},
        {"window": [1, 2]},
        {"model": 3},
        {"unknown": 3},
    ],
)
def test_that_what_makes_no_sense_is_no_session(change):
    values = json.loads(encoded(OpenSession((Path("/a"),)))) | change
    assert decoded(json.dumps(values)) is None
    assert decoded("[" * 9999) is None


# Keeping


@pytest.fixture
def files(tmp_path, qapp):
    files = begin_own_files(tmp_path / "running")
    yield files
    files.forget()


@pytest.fixture
def kept(make_window, files, scan):
    """A window with a scan, of which is kept where it is open."""
    opened = make_window()
    opened.controller._keeping.begin(files)
    opened.open(scan)
    return opened


def told(files):
    return decoded(files.session.read_text()) if files.session.is_file() else None


def test_that_place_and_window_and_measurements_are_kept_where_only_the_user_reads_them(
    kept, files, scan
):
    kept.session.go_to_slice(3)
    kept.session.set_window(WINDOW)
    kept.wait(lambda: (one := told(files)) is not None and (one.slice, one.window) == (3, WINDOW))
    assert told(files).paths == (scan,)
    kept.controller._markings.store.add(
        Marking("distance", ((1.0, 2.0), (9.0, 9.0)), Place(0, 0, 3))
    )
    kept.wait(files.measurements.is_file)
    for file in (files.session, files.measurements):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.session.parent.stat().st_mode) == 0o700
    files.forget()
    assert list(files.session.parent.iterdir()) == []


def test_that_nothing_is_kept_of_who_does_not_want_studies_remembered(kept, files):
    kept.wait(files.session.is_file)
    kept.controller.program.preferences.set(REMEMBER_RECENT, False)
    kept.wait(lambda: not files.session.exists())
    kept.session.go_to_slice(2)
    kept.wait(lambda: not kept.controller._keeping._keeper._timer.isActive())
    kept.wait(lambda: not kept.controller._keeping._keeper.lanes[0].is_busy)
    assert not files.session.exists()


# Opening again


def crashed(tmp_path, scan, **facts):
    """The files of a run that crashed, as the next start finds them."""
    begun = begin_own_files(tmp_path / "crashed")
    write_own(begun.session, encoded(OpenSession((scan,), **facts)))
    return begun


def resume_in(opened, left, tmp_path):
    return Resume(
        left,
        CrashReports(tmp_path / "reports"),
        opened.controller.program.preferences,
        opened.window.message_bar,
        opened.controller.reopen,
    )


def test_that_a_crashed_session_is_opened_again_with_place_window_and_measurements(
    kept, files, scan, tmp_path, make_window
):
    marking = Marking("distance", ((1.0, 2.0), (9.0, 9.0)), Place(0, 0, 3))
    kept.controller._markings.store.add(marking)
    kept.wait(files.measurements.is_file)
    left = crashed(tmp_path, scan, slice=3, window=WINDOW, is_inverted=True, model="side")
    left.measurements.write_text(files.measurements.read_text())

    again = make_window()
    assert resume_in(again, [left], tmp_path).begin(may_open=True) == "side"
    assert "volume.nii.gz” was opened again" in again.window.message_bar.text
    again.wait(lambda: again.session.window == WINDOW)
    assert again.session.slice_index == 3
    assert again.session.is_inverted
    again.wait(lambda: again.controller._markings.store.markings == (marking,))
    assert again.controller._markings.is_unsaved
    assert list(left.session.parent.iterdir()) == []
    again.controller._markings.store.undo()


def test_that_what_crashed_again_is_only_asked_about(make_window, scan, tmp_path):
    opened = make_window()
    left = crashed(tmp_path, scan, times_reopened=1)
    resume = resume_in(opened, [left], tmp_path)
    assert resume.begin(may_open=True) == ""
    assert told(left).times_reopened == 1
    button = offer(opened.window.message_bar)
    button.click()
    assert told(left) is None or told(left).times_reopened == 2
    opened.wait(lambda: opened.session.slice is not None)


def offer(bar):
    (button,) = [one for one in bar.findChildren(QPushButton) if one.text() == "Open it again"]
    assert button.isVisibleTo(bar)
    return button


@pytest.fixture
def preferences(tmp_path, qapp):
    return Preferences(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def bar(qtbot):
    bar = MessageBar()
    qtbot.addWidget(bar)
    return bar


def resumed(left, preferences, bar, tmp_path, may_open):
    opened = []
    resume = Resume(
        [left],
        CrashReports(tmp_path / "reports"),
        preferences,
        bar,
        lambda session, files: opened.append(session),
    )
    resume.begin(may_open)
    return resume, opened


def test_that_files_given_come_first_and_the_offer_waits_for_the_next_start(
    preferences, bar, tmp_path
):
    left = crashed(tmp_path, Path("/scans/one"))
    resume, opened = resumed(left, preferences, bar, tmp_path, may_open=False)
    assert not opened
    assert "scans/one” was open." in bar.text
    offer(bar)
    resume.end()
    assert [told(one) for one in left_files(tmp_path / "crashed")] == [told(left)]


def test_that_an_offer_that_is_dismissed_is_forgotten(preferences, bar, tmp_path):
    left = crashed(tmp_path, Path("/scans/one"))
    resumed(left, preferences, bar, tmp_path, may_open=False)
    next(one for one in bar.findChildren(QPushButton) if one.text() == "Dismiss").click()
    assert bar.text == ""
    assert list((tmp_path / "crashed").iterdir()) == []


def test_that_another_sentence_takes_the_button_along(preferences, bar, tmp_path):
    left = crashed(tmp_path, Path("/scans/one"))
    resumed(left, preferences, bar, tmp_path, may_open=False)
    button = offer(bar)
    bar.show_message("Something else.")
    assert button.isHidden()
    next(one for one in bar.findChildren(QPushButton) if one.text() == "Dismiss").click()
    assert told(left) is not None


def test_that_who_wants_no_studies_remembered_is_offered_none(preferences, bar, tmp_path):
    preferences.set(REMEMBER_RECENT, False)
    left = crashed(tmp_path, Path("/scans/one"))
    _, opened = resumed(left, preferences, bar, tmp_path, may_open=True)
    assert not opened
    assert bar.text == ""


def test_that_who_stops_remembering_takes_the_offer_back(preferences, bar, tmp_path):
    left = crashed(tmp_path, Path("/scans/one"))
    resumed(left, preferences, bar, tmp_path, may_open=False)
    preferences.set(REMEMBER_RECENT, False)
    assert list((tmp_path / "crashed").iterdir()) == []


# The program itself


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_that_a_killed_program_opens_its_scan_again_once(home, scan):  # noqa: F811
    running = home / "data" / "MAGIC Viewer" / "MAGIC Viewer" / "running"

    def sessions():
        found = [decoded(file.read_text()) for file in running.glob("*.json")]
        return [one for one in found if one is not None]

    started = [program(home, scan)]
    try:
        wait_for(lambda: [one.paths for one in sessions()] == [(scan,)])
        started[0].send_signal(signal.SIGKILL)
        started[0].wait(60)
        (file,) = running.glob("*.json")
        write_own(file, encoded(OpenSession((scan,), slice=3, window=WINDOW)))
        started.append(program(home))
        wait_for(lambda: sessions() and not file.exists())
        wait_for(lambda: [(one.slice, one.window) for one in sessions()] == [(3, WINDOW)])
        assert sessions()[0].times_reopened == 1
        started[1].send_signal(signal.SIGSEGV)
        started[1].wait(60)
        (file,) = running.glob("*.json")
        started.append(program(home))
        # The dump goes when it has become a report, which is when the session is looked at.
        wait_for(lambda: list((running.parent / "reports").glob("*.txt")))
        wait_for(lambda: len(list(running.glob("*.lock"))) == 2)
        assert decoded(file.read_text()).times_reopened == 1
        assert started[2].poll() is None
    finally:
        for process in started:
            process.kill()
            process.wait()
