"""The main job in the window, with a real model that is small."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from magic_viewer.errors import ImagingError, ModelError
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.progress import Progress
from magic_viewer.ui.overlay_panel import OverlaySettings
from magic_viewer.ui.preferences import REMEMBER_RECENT
from tests.ui.conftest import MakeWindow, Opened

LEFT = Qt.MouseButton.LeftButton


def drag(qtbot: QtBot, widget, moved: QPoint, button=LEFT) -> None:
    """Presses in the middle, moves in several steps, lets go."""
    start = widget.rect().center()
    qtbot.mousePress(widget, button, pos=start)
    for step in range(1, 6):
        qtbot.mouseMove(widget, start + moved * (step / 5))
    qtbot.mouseRelease(widget, button, pos=start + moved)


def wheel(widget, notches: int, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    """Turns the wheel in the middle; positive is away from the user."""
    center = QPointF(widget.rect().center())
    event = QWheelEvent(
        center,
        QPointF(widget.mapToGlobal(center.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_that_a_scan_gets_its_class_its_map_and_their_sum(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.answered()
    answer = opened.session.examination.classification
    assert opened.window.classify_panel.headline != "…"
    assert answer.model == "side"
    models = opened.controller._models
    opened.wait(lambda: models.painted is not None)
    assert models.painted.map_sum == pytest.approx(answer.log_likelihoods[answer.label])
    assert opened.session.slice_index == 6


def test_that_the_patients_right_is_on_screen_left_until_toggled(opened, scan) -> None:
    opened.open(scan)
    opened.window.commands["full_range"].trigger()
    shown = opened.view.picture.display_values
    letters = opened.view._letters
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")
    row, column = np.unravel_index(shown.argmax(), shown.shape)
    # RAS index 5 of 32 lies to the patient's left, index 28 of 32 in front.
    assert (row, column) == (3, 26)
    opened.window.commands["radiological"].setChecked(False)
    assert opened.view._letters.left == "L"
    opened.window.commands["flip_horizontal"].trigger()
    assert opened.view._letters.left == "R"


def test_that_the_window_stays_while_scrolling_and_starts_afresh_with_a_series(
    qtbot: QtBot, opened: Opened, scan: Path
) -> None:
    opened.open(scan)
    before = opened.session.window
    drag(qtbot, opened.view.viewport(), QPoint(120, 40))
    mine = opened.session.window
    assert mine.width > before.width
    assert mine.center > before.center
    opened.window.commands["next_slice"].trigger()
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == 7)
    assert opened.session.window == mine
    opened.open(scan)
    assert opened.session.window == before


def test_that_the_wheel_scrolls_and_with_ctrl_zooms(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    port = opened.view.viewport()
    wheel(port, -1)
    assert opened.session.slice_index == 7
    wheel(port, 2)
    assert opened.session.slice_index == 5
    extent = opened.view._box.viewRect().width()
    wheel(port, 1, Qt.KeyboardModifier.ControlModifier)
    assert opened.view._box.viewRect().width() < extent
    assert opened.session.slice_index == 5


def test_that_middle_drag_pans_and_right_drag_zooms(qtbot, opened: Opened, scan: Path) -> None:
    opened.open(scan)
    box, port = opened.view._box, opened.view.viewport()
    before = box.viewRect()
    drag(qtbot, port, QPoint(50, 0), Qt.MouseButton.MiddleButton)
    panned = box.viewRect()
    assert panned.left() < before.left()
    assert panned.width() == pytest.approx(before.width())
    drag(qtbot, port, QPoint(0, -60), Qt.MouseButton.RightButton)
    assert box.viewRect().width() < panned.width()


def test_that_keys_work_after_a_number_box_was_touched(qtbot, opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.window.show_generation()
    opened.window.generate_panel._seed.setFocus()
    qtbot.keyClick(opened.window.generate_panel._seed, Qt.Key.Key_I)
    assert opened.session.is_inverted


def test_that_a_new_slice_supersedes_the_question_about_the_old(
    make_window: MakeWindow, scan: Path
) -> None:
    asked, gate = [], threading.Event()

    def load_slowly(folder: Path):
        from magic_viewer.pipeline.engine import Engine

        engine = Engine.load(folder)
        examine = engine.examine

        def slow(image):
            asked.append(image.index)
            gate.wait(20)
            return examine(image)

        engine.examine = slow
        return engine

    opened = make_window(load_engine=load_slowly)
    opened.wait(lambda: opened.session.model is not None)
    opened.open(scan)
    opened.wait(lambda: asked == [6])
    opened.session.go_to_slice(2)
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == 2)
    shown = []
    opened.session.examination_changed.connect(lambda _: shown.append(opened.session.slice.index))
    gate.set()
    opened.answered()
    assert asked == [6, 2]
    assert shown == [2]


def test_that_synthetic_images_arrive_marked_and_are_saved_with_their_facts(
    opened: Opened, tmp_path: Path
) -> None:
    panel, gallery = opened.window.generate_panel, opened.window.gallery
    panel.set_request(SampleRequest("right", 0.7, 3, 11))
    panel.ask()
    opened.wait(lambda: panel.status == "Done.")
    assert [(s.label, s.temperature, s.seed) for s in gallery.samples] == [
        ("right", 0.7, 11),
        ("right", 0.7, 12),
        ("right", 0.7, 13),
    ]
    (tmp_path / "out").mkdir()
    opened.controller._samples.save_all(gallery.samples, tmp_path / "out")
    opened.wait(lambda: "saved" in panel.status)
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 3
    with Image.open(files[0]) as image:
        assert image.text["synthetic"] == "true"
        assert image.text["seed"] == "11"
        assert image.text["model hash"] == gallery.samples[0].model_hash


def test_that_cancel_stops_drawing_and_keeps_what_came(opened: Opened) -> None:
    panel, gallery = opened.window.generate_panel, opened.window.gallery
    panel.set_request(SampleRequest("left", 0.7, 64, 0))
    panel.ask()
    opened.wait(lambda: len(gallery.samples) >= 2)
    opened.window.commands["cancel"].trigger()
    opened.wait(lambda: panel.status == "Cancelled.")
    assert 2 <= len(gallery.samples) < 64


def test_that_an_error_in_a_worker_becomes_a_sentence(make_window: MakeWindow, scan) -> None:
    def fails(_paths):
        yield Progress(0, None, "Opening")
        raise ImagingError("This file is damaged.")

    opened = make_window(open_study=fails)
    opened.controller.open([scan])
    opened.wait(lambda: opened.window.message_bar.text == "This file is damaged.")


def test_that_a_model_which_cannot_be_loaded_is_said_so(make_window: MakeWindow) -> None:
    def fails(_folder):
        raise ModelError("The weights are damaged.")

    opened = make_window(load_engine=fails)
    opened.wait(lambda: "damaged" in opened.window.message_bar.text)
    assert opened.session.model is None


def test_that_an_exception_nobody_expected_is_no_traceback(make_window: MakeWindow, scan) -> None:
    def fails(_paths):
        raise RuntimeError("shape '[3]' is invalid for Patient^Name")
        yield

    opened = make_window(open_study=fails)
    opened.controller.open([scan])
    opened.wait(lambda: bool(opened.window.message_bar.text))
    assert "Patient^Name" not in opened.window.message_bar.text


def test_that_what_cannot_be_opened_leaves_the_scan_in_view(opened, scan, tmp_path) -> None:
    opened.open(scan)
    study = opened.session.study
    (tmp_path / "notes.txt").write_text("no image")
    opened.controller.open([tmp_path / "notes.txt"])
    opened.wait(lambda: "notes.txt" in opened.window.message_bar.text)
    assert opened.session.study is study


def test_that_a_contrast_is_shown_over_the_slice_and_the_map_can_be_hidden(opened, scan) -> None:
    opened.open(scan)
    opened.answered()
    models = opened.controller._models
    models.set_settings(OverlaySettings(target="left", against="right"))
    opened.wait(lambda: models.painted is not None and models.painted.attribution.is_contrast)
    low, high = models.painted.limits
    assert low == -high
    opened.window.commands["overlay"].setChecked(False)
    opened.wait(lambda: models.painted is None)


def test_that_neither_title_nor_settings_tell_what_was_opened(opened, scan) -> None:
    opened.controller.program.preferences.set(REMEMBER_RECENT, False)
    opened.open(*[path for path in sample_scans() if path.suffix == ".dcm"][:1])
    opened.window.close()
    opened.settings.sync()
    assert opened.window.windowTitle() == "MAGIC Viewer"
    kept = Path(opened.settings.fileName()).read_text()
    assert set(opened.settings.allKeys()) <= {"geometry", "columns", "remember_recent"}
    assert ".dcm" not in kept


def test_that_the_window_shows_before_torch_and_pyqtgraph_are_imported() -> None:
    code = """
import sys
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QMainWindow
from magic_viewer.ui.app import application, run

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched, QMainWindow):
            heavy = {"torch", "pyqtgraph", "pydicom", "nibabel"} & set(sys.modules)
            print("painted", *sorted(heavy))
            application().exit(len(heavy))
        return False

watch = Watch()
application().installEventFilter(watch)
sys.exit(run([], is_new_window=True))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.startswith("painted"), done.stderr
    assert done.returncode == 0, done.stdout
