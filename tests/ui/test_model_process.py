"""The window beside the process of its model."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from magic_viewer.pipeline.engine_client import model_process
from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.progress import Stopped, is_stopped
from magic_viewer.ui.job import Job, single_step
from tests.ui.conftest import Opened


def test_that_work_that_waits_hears_of_its_end(qtbot) -> None:
    def wait() -> None:
        while not is_stopped():
            time.sleep(0.001)
        raise Stopped

    job, heard = Job(single_step(wait)), []
    for name in ("succeeded", "failed", "cancelled", "finished"):
        getattr(job, name).connect(lambda *_, name=name: heard.append(name))
    job.start()
    job.cancel()
    qtbot.waitUntil(lambda: "finished" in heard)
    assert heard == ["cancelled", "finished"]
    assert not is_stopped()


@pytest.mark.gui
def test_that_the_window_stays_usable_when_the_model_dies(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.answered()
    window = opened.window
    window.generate_panel.set_request(SampleRequest("left", count=64))
    window.generate_panel.ask()
    opened.wait(lambda: len(window.gallery.samples) > 0)
    os.kill(model_process()._line.pid, signal.SIGKILL)
    opened.wait(lambda: "came to a sudden end" in window.message_bar.text)
    drawn = len(window.gallery.samples)
    window.generate_panel.set_request(SampleRequest("left", count=2))
    window.generate_panel.ask()
    opened.wait(lambda: len(window.gallery.samples) == drawn + 2)
    opened.session.go_to_slice(2)
    opened.answered()
    assert opened.session.examination.classification.label in ("left", "right")


@pytest.mark.gui
def test_that_drawing_can_be_cancelled_within_a_tenth_of_a_second(opened: Opened) -> None:
    opened.window.generate_panel.set_request(SampleRequest("left", count=64))
    opened.window.generate_panel.ask()
    drawing = opened.controller._samples.lanes[0]
    opened.wait(lambda: len(opened.window.gallery.samples) > 0)
    began = time.monotonic()
    opened.window.commands["cancel"].trigger()
    opened.wait(lambda: not drawing.is_busy)
    assert time.monotonic() - began < 0.1


@pytest.mark.slow
def test_that_the_window_never_imports_torch(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.ui.tour import Tour
tour = Tour(Path({str(tmp_path / "s.ini")!r}), "brain-sequence")
tour.open(sample_scans()[:1])
tour.show_contrast()
tour.draw(SampleRequest("FLAIR", count=2))
print(tour.session.examination.classification.label, "torch" in sys.modules)
tour.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split()[1:] == ["False"], done.stderr


def test_that_no_class_of_qt_is_left_to_be_made_in_another_thread() -> None:
    code = """
import threading
from PySide6 import QtCore, QtGui, QtWidgets
from magic_viewer.ui.qt_types import make_types
modules = (QtCore, QtGui, QtWidgets)
before = sum(len(vars(module)) for module in modules)
pauses = sum(1 for _ in make_types())
after = sum(len(vars(module)) for module in modules)
for module in modules:
    for name in dir(module):
        getattr(module, name)
print(after > before, pauses > 1, sum(len(vars(module)) for module in modules) == after)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3
