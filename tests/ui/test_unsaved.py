"""Measurements are not lost without a question, and the question holds nothing up."""

import json

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from magic_viewer.imaging.marking import Marking, Place
from magic_viewer.ui.markings import MarkingStore

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
Button = QMessageBox.StandardButton
LINE = Marking("distance", ((2.0, 2.0), (9.0, 9.0)), Place(0, 0, 6))


@pytest.fixture
def measured(opened, scan):
    opened.open(scan)
    opened.controller._markings.store.add(LINE)
    return opened


def question(opened):
    boxes = [one for one in opened.window.findChildren(QMessageBox) if one.isVisible()]
    return boxes[0] if boxes else None


def answer(opened, button):
    question(opened).button(button).click()


def store(opened):
    return opened.controller._markings.store


def test_that_only_what_differs_from_the_file_is_unsaved():
    store = MarkingStore()
    assert not store.is_unsaved
    store.add(LINE)
    assert store.is_unsaved
    store.mark_saved(store.markings)
    assert not store.is_unsaved
    store.undo()
    assert store.is_unsaved
    store.redo()
    assert not store.is_unsaved
    store.clear()
    assert not store.is_unsaved


def test_that_slices_which_move_do_not_make_measurements_unsaved():
    store = MarkingStore()
    store.add(LINE)
    store.mark_saved(store.markings)
    store.move(lambda place: Place(place.series, place.volume, place.slice + 3))
    assert not store.is_unsaved


def test_that_nothing_is_asked_when_there_is_nothing_to_lose(opened, scan):
    opened.open(scan)
    opened.open(scan)
    opened.window.close()
    assert not opened.window.isVisible()


def test_that_another_study_waits_for_the_answer(measured, scan):
    before = measured.session.study
    measured.controller.open([scan])
    assert question(measured) is not None
    answer(measured, Button.Cancel)
    assert measured.session.study is before
    assert store(measured).markings == (LINE,)
    measured.controller.open([scan])
    answer(measured, Button.Discard)
    measured.wait(lambda: measured.session.study is not before)
    assert store(measured).markings == ()


def test_that_closing_waits_for_the_answer(measured):
    measured.window.close()
    assert measured.window.isVisible()
    answer(measured, Button.Cancel)
    assert measured.window.isVisible()
    measured.window.close()
    answer(measured, Button.Discard)
    assert not measured.window.isVisible()


def test_that_saving_goes_on_to_close_once_the_file_is_there(measured, tmp_path):
    path = tmp_path / "measurements.json"
    measured.window.close()
    answer(measured, Button.Save)
    dialog = measured.window.findChild(QFileDialog)
    assert dialog.isVisible()
    dialog.fileSelected.emit(str(path))
    measured.wait(lambda: not measured.window.isVisible())
    assert len(json.loads(path.read_text())["markings"]) == 1


def test_that_a_save_which_fails_keeps_the_window_and_the_measurements(measured, tmp_path):
    measured.window.close()
    answer(measured, Button.Save)
    measured.window.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "none" / "m.json"))
    measured.wait(lambda: measured.window.message_bar.text != "")
    assert measured.window.isVisible()
    assert store(measured).markings == (LINE,)
    measured.window.commands["save_markings"].trigger()
    dialog = measured.window.findChildren(QFileDialog)[-1]
    dialog.fileSelected.emit(str(tmp_path / "m.json"))
    measured.wait(lambda: not store(measured).is_unsaved)
    assert measured.window.isVisible()


def test_that_who_cancels_where_to_save_stays(measured, tmp_path):
    measured.window.close()
    answer(measured, Button.Save)
    measured.window.findChild(QFileDialog).reject()
    assert measured.window.isVisible()
    assert store(measured).is_unsaved


def test_that_what_was_saved_or_loaded_is_not_asked_for(measured, tmp_path, scan):
    path = tmp_path / "m.json"
    markings = measured.controller._markings
    markings.files.save(store(measured).markings, {}, measured.session.study, path)
    measured.wait(lambda: not store(measured).is_unsaved)
    measured.open(scan)
    markings.files.load(path, measured.session.study)
    measured.wait(lambda: len(store(measured).markings) == 1)
    assert not store(measured).is_unsaved
    measured.window.close()
    assert not measured.window.isVisible()


def test_that_a_second_request_takes_the_place_of_the_first(measured, scan):
    measured.controller.open([scan])
    measured.window.close()
    boxes = [one for one in measured.window.findChildren(QMessageBox) if one.isVisible()]
    assert len(boxes) == 1
    boxes[0].button(Button.Discard).click()
    assert not measured.window.isVisible()
