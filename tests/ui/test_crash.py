"""What nobody caught leaves a report that names no patient, and a window that can be used."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.ui.crash_report import MOST, CrashReports
from magic_viewer.ui.fault_watch import FaultWatch
from magic_viewer.ui.own_files import begin_own_files, left_files

ROOT = Path(__file__).parents[2]
SECRET = "/scans/Mustermann^Erika.dcm"


def caught(kind=ValueError):
    try:
        try:
            raise OSError(2, "No such file", SECRET)
        except OSError as error:
            raise kind(f"can't read {SECRET}") from error
    except kind as error:
        return error


@pytest.fixture
def reports(tmp_path):
    return CrashReports(tmp_path / "reports")


# Reports


def test_that_a_report_has_types_places_and_versions_but_no_message_and_no_path(reports):
    text = reports.keep(caught()).read_text()
    assert "builtins.ValueError" in text
    assert "came from\nbuiltins.FileNotFoundError" in text
    assert f"{__name__}:" in text
    assert "in caught" in text
    assert "MAGIC Viewer " in text
    assert "PySide6 " in text
    assert "Mustermann" not in text
    assert str(ROOT) not in text


def test_that_what_happens_again_and_again_is_reported_once(reports, tmp_path):
    assert len({reports.keep(caught()) for _ in range(50)}) == 1
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_that_only_the_newest_reports_stay(tmp_path):
    paths = [CrashReports(tmp_path / "reports").keep(caught()) for _ in range(MOST + 3)]
    assert sorted((tmp_path / "reports").iterdir()) == paths[-MOST:]


def test_that_a_place_that_cannot_be_written_costs_only_the_report(tmp_path):
    (tmp_path / "reports").write_text("a file")
    assert CrashReports(tmp_path / "reports").keep(caught()) is None


def test_that_a_dump_keeps_its_places_without_where_the_program_lies(reports):
    dump = f"""Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/home/erika mustermann/magic_viewer/lib/magic_viewer/ui/app.py", line 7 in run
  File "C:\\\\Users\\\\Erika\\\\site-packages\\\\numpy\\\\core.py", line 8 in <lambda>
  File "/home/erika/own.py", line 9 in start
Extension modules: {SECRET}
"""
    text = reports.keep_fault(dump).read_text()
    assert "Fatal Python error: Segmentation fault\nCurrent thread 0x00007f\n" in text
    assert "  magic_viewer/ui/app.py:7 in run\n" in text
    assert "  own.py:9 in start" in text
    assert "rika" not in text


# In the window


def test_that_what_was_not_foreseen_is_reported_and_what_was_is_not(make_window, reports, tmp_path):
    opened = make_window()
    opened.controller.keep_report = reports.keep
    opened.controller.report(ImagingError("This file is no scan."))
    assert not (tmp_path / "reports").exists()
    opened.controller.report(caught())
    (report,) = (tmp_path / "reports").iterdir()
    assert str(report) in opened.window.message_bar.text
    assert opened.window.isEnabled()


def test_that_an_exception_in_any_thread_reaches_the_window(qtbot, qapp, monkeypatch):
    for module, name in ((sys, "excepthook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    watch, told = FaultWatch(None), []
    watch.raised.connect(lambda error: told.append((error, threading.current_thread())))
    watch.begin()
    try:
        threading.Thread(target=caught_nowhere).start()
        qtbot.waitUntil(lambda: len(told) == 1)
        error = caught()
        sys.excepthook(ValueError, error, error.__traceback__)
        assert told[1][0] is error
    finally:
        watch.end()
    assert isinstance(told[0][0], ZeroDivisionError)


def caught_nowhere():
    return 1 / 0


# Files of a run


def test_that_files_of_a_run_that_goes_on_are_left_alone_and_go_at_its_end(tmp_path, qapp):
    files = begin_own_files(tmp_path)
    files.fault.write_text("x")
    assert left_files(tmp_path) == []
    files.forget()
    assert list(tmp_path.iterdir()) == []


def test_that_where_nothing_can_be_kept_nothing_is_kept(tmp_path, qapp):
    (tmp_path / "file").write_text("")
    assert begin_own_files(tmp_path / "file" / "running") is None


# The program itself


@pytest.fixture
def home(tmp_path, side_model, monkeypatch):
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(side_model.parent))
    return tmp_path / "home"


def program(home, *words):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "magic_viewer", "view", *map(str, words)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_that_a_crash_is_reported_by_the_next_start(home, tmp_path):
    own = home / "data" / "MAGIC Viewer" / "MAGIC Viewer"
    started = [program(home)]
    try:
        wait_for(lambda: any((tmp_path / "run").iterdir()) and any((own / "running").iterdir()))
        started[0].send_signal(signal.SIGSEGV)
        assert started[0].wait(60) == -signal.SIGSEGV
        assert list((own / "running").glob("*.fault"))
        started.append(program(home))
        wait_for(lambda: list((own / "reports").glob("*.txt")))
        (report,) = (own / "reports").glob("*.txt")
        wait_for(lambda: "Segmentation fault" in report.read_text())
        assert "magic_viewer/ui/app.py:" in report.read_text()
        assert str(ROOT) not in report.read_text()
    finally:
        for process in started:
            process.kill()
            process.wait()
