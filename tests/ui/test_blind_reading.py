"""Blind reading: nothing of the model's answer is on screen before the reader has answered."""

import csv
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton

from magic_viewer.errors import ModelError
from magic_viewer.ui import blind_controller
from magic_viewer.ui.blind_panel import BlindPanel
from magic_viewer.ui.look import Look
from magic_viewer.ui.reading_log import Reading
from magic_viewer.ui.series_work import fingerprint
from magic_viewer.ui.snapshot import captions
from tests.ui.conftest import Opened

READING = Reading("t", 1, 1, 7, "brain", "ab12", "FLAIR", "T1", 0.9, 3.0, True, True, False)


@pytest.fixture
def panel(qtbot) -> BlindPanel:
    made = BlindPanel()
    qtbot.addWidget(made)
    made.set_labels(("FLAIR", "T1"))
    return made


def test_that_a_button_says_its_class_and_setters_ask_for_nothing(qtbot, panel) -> None:
    with qtbot.assertNotEmitted(panel.answer_requested):
        panel.ask(True, "")
        panel.show_reading(READING, True)
        panel.ask(True, "")
    with qtbot.waitSignal(panel.answer_requested) as asked:
        qtbot.mouseClick(panel._buttons["T1"], Qt.MouseButton.LeftButton)
    assert asked.args == ["T1"]
    with qtbot.waitSignal(panel.again_requested):
        qtbot.mouseClick(panel._again, Qt.MouseButton.LeftButton)


def test_that_reader_and_model_stand_beside_each_other_with_a_verdict(panel) -> None:
    panel.show_reading(READING, True)
    assert panel.text == "You: FLAIR · Model: T1 — you differ"
    panel.set_tally(7, 9, 2)
    assert panel.tally == "7 of 9 agree (78 %) + 2 not blind"


def test_that_no_answer_is_taken_before_the_model_has_one(qtbot, panel) -> None:
    panel.ask(False, "The model is still at work…")
    with qtbot.assertNotEmitted(panel.answer_requested):
        qtbot.mouseClick(panel._buttons["T1"], Qt.MouseButton.LeftButton)


# In the window


@pytest.fixture
def blind(opened: Opened, scan: Path, tmp_path: Path) -> Opened:
    """A slice in view whose answer waits for the reader."""
    controller(opened).start(tmp_path / "readings.csv")
    opened.wait(lambda: opened.session.is_blind)
    opened.open(scan)
    withheld(opened)
    return opened


def controller(opened: Opened):
    return opened.controller._blind


def withheld(opened: Opened) -> None:
    opened.wait(lambda: opened.session.withheld is not None)


def go_to(opened: Opened, index: int) -> None:
    opened.session.go_to_slice(index)
    opened.wait(lambda: opened.session.slice is not None and opened.session.slice.index == index)


def rows(opened: Opened) -> list[dict[str, str]]:
    opened.wait(lambda: not controller(opened)._log.pending)
    with controller(opened)._log.path.open(newline="") as file:
        return list(csv.DictReader(file))


def all_texts(opened: Opened) -> str:
    """Everything that the window says outside the list of classes to choose from."""
    shown = [w for w in opened.window.findChildren(QLabel) if w.isVisible()]
    blind = opened.window.blind_panel
    chooser = opened.window.model_chooser
    shown = [w for w in shown if not (blind.isAncestorOf(w) or chooser.isAncestorOf(w))]
    corners = opened.view._corners
    lines = [line.text for each in vars(corners).values() for line in each]
    return "\n".join(
        [w.text() for w in shown] + lines + list(captions(opened.session, None, Look()))
    )


def test_that_nothing_of_the_answer_is_told_until_the_reader_has_answered(blind: Opened) -> None:
    answer = blind.session.withheld.classification
    share = f"{100 * answer.probabilities[answer.label]:.1f}"
    assert blind.session.examination is None
    assert blind.window.classify_panel.isHidden()
    assert blind.window.overlay_panel.isHidden()
    assert blind.controller._models.painted is None
    assert blind.window.viewer.color_bar.accessibleDescription() == ""
    strip = blind.window.viewer.series_strip
    assert "not classified" in strip.words(6)
    assert share not in all_texts(blind)
    assert "Unlike" not in all_texts(blind)
    controller(blind).answer("left")
    assert blind.session.examination.classification is answer
    assert not blind.window.classify_panel.isHidden()
    assert share in all_texts(blind)
    assert "not classified" not in strip.words(6)
    blind.wait(lambda: blind.controller._models.painted is not None)


def test_that_the_series_answer_stays_hidden_and_the_strip_shows_only_slices_read(blind) -> None:
    blind.window.commands["classify_all"].trigger()
    blind.wait(lambda: blind.controller._series.answer is not None)
    blind.wait(lambda: not blind.window.series_answer_panel.is_busy)
    strip, panel = blind.window.viewer.series_strip, blind.window.series_answer_panel
    assert strip._outcomes == {}
    assert "%" not in panel.text
    controller(blind).answer("left")
    assert set(strip._outcomes) == {6}
    assert "%" not in panel.text
    blind.window.commands["blind"].setChecked(False)
    assert len(strip._outcomes) == 12


def test_that_an_answer_is_written_at_once_without_file_names(blind: Opened, scan: Path) -> None:
    answer = blind.session.withheld.classification
    other = next(label for label in answer.probabilities if label != answer.label)
    controller(blind).answer(other)
    (row,) = rows(blind)
    assert (row["series"], row["volume"], row["slice"]) == ("1", "1", "7")
    assert (row["reader"], row["model_answer"], row["agreement"]) == (other, answer.label, "no")
    assert row["model_hash"] == blind.controller._models._engine.model_hash
    assert row["blind"] == "yes"
    assert float(row["seconds"]) > 0
    assert scan.stem not in controller(blind)._log.path.read_text()
    panel = blind.window.blind_panel
    assert panel.text == f"You: {other} · Model: {answer.label} — you differ"
    assert panel.tally == "0 of 1 agree (0 %)"


def test_that_the_next_slice_is_hidden_again_and_one_already_read_is_not(blind: Opened) -> None:
    controller(blind).answer("left")
    go_to(blind, 7)
    withheld(blind)
    assert blind.session.examination is None
    assert blind.window.classify_panel.isHidden()
    go_to(blind, 6)
    blind.answered()
    assert blind.window.blind_panel.text.startswith("You: left")


def test_that_a_second_reading_is_marked_as_not_blind(qtbot, blind: Opened) -> None:
    controller(blind).answer("left")
    qtbot.mouseClick(blind.window.blind_panel._again, Qt.MouseButton.LeftButton)
    assert blind.session.examination is None
    assert "not blind" in blind.window.blind_panel.note
    controller(blind).answer("right")
    assert [(row["reader"], row["blind"]) for row in rows(blind)] == [
        ("left", "yes"),
        ("right", "no"),
    ]
    assert "+ 1 not blind" in blind.window.blind_panel.tally


def test_that_a_slice_whose_answer_was_seen_before_is_not_blind(opened, scan, tmp_path) -> None:
    opened.open(scan)
    opened.answered()
    controller(opened).start(tmp_path / "readings.csv")
    withheld(opened)
    controller(opened).answer("left")
    assert [row["blind"] for row in rows(opened)] == ["no"]


def test_that_slices_seen_in_the_strip_are_not_blind_and_others_are(opened, scan, tmp_path):
    opened.open(scan)
    opened.window.commands["classify_all"].trigger()
    opened.wait(lambda: len(opened.controller._series.outcomes) == 12)
    controller(opened).start(tmp_path / "readings.csv")
    opened.wait(lambda: opened.session.is_blind)
    go_to(opened, 2)
    withheld(opened)
    controller(opened).answer("left")
    assert [row["blind"] for row in rows(opened)] == ["no"]


def test_that_reopening_the_file_does_not_make_a_slice_unread(blind: Opened, scan: Path) -> None:
    controller(blind).answer("left")
    blind.open(scan)
    blind.answered()
    assert blind.window.blind_panel.text.startswith("You: left")


def test_that_reading_again_is_about_the_slice_and_not_about_an_edited_copy(blind) -> None:
    controller(blind).answer("left")
    blind.window.commands["what_if"].setChecked(True)
    image = blind.session.slice
    blind.session.set_edited(replace(image, modality_values=image.modality_values[::-1].copy()))
    blind.answered()
    blind.window.blind_panel.again_requested.emit()
    assert blind.session.edited is None
    assert blind.session.examination is None
    withheld(blind)
    assert len(blind.controller._series.outcomes) == 1


def test_that_alt_and_a_number_answer(qtbot, blind: Opened) -> None:
    second = blind.session.model.labels[1]
    qtbot.keyClick(blind.window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    blind.wait(lambda: bool(controller(blind).readings))
    assert controller(blind).readings[0].reader == second


def test_that_an_unwritable_file_keeps_the_answer_and_another_file_takes_it(
    qtbot, blind: Opened, tmp_path: Path
) -> None:
    path = controller(blind)._log.path
    path.unlink()
    path.mkdir()  # for root, too, no file can be written here
    controller(blind).answer("left")
    panel = blind.window.blind_panel
    blind.wait(lambda: "can't be written" in panel.problem)
    assert len(controller(blind)._log.pending) == 1
    assert panel.text.startswith("You: left")
    controller(blind).start(tmp_path / "other.csv")
    blind.wait(lambda: controller(blind)._log.path.name == "other.csv")
    assert [row["reader"] for row in rows(blind)] == ["left"]
    blind.wait(lambda: panel.problem == "")


def test_that_a_reading_given_while_another_file_is_prepared_goes_into_it(
    blind: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = controller(blind)._log.path
    path.unlink()
    path.mkdir()
    gate, prepare = threading.Event(), blind_controller._prepared
    monkeypatch.setattr(blind_controller, "_prepared", lambda log: gate.wait(20) and prepare(log))
    controller(blind).start(tmp_path / "other.csv")
    controller(blind).answer("left")
    gate.set()
    blind.wait(lambda: controller(blind)._log.path.name == "other.csv")
    assert [row["reader"] for row in rows(blind)] == ["left"]


def test_that_a_window_with_readings_in_no_file_closes_only_when_told_twice(blind: Opened) -> None:
    path = controller(blind)._log.path
    path.unlink()
    path.mkdir()
    controller(blind).answer("left")
    blind.wait(lambda: "can't be written" in blind.window.blind_panel.problem)
    blind.window.close()
    assert blind.window.isVisible()
    assert "close again" in blind.window.message_bar.text
    blind.window.close()
    assert not blind.window.isVisible()


def test_that_a_slice_seen_while_others_were_read_is_known_by_its_place(blind: Opened) -> None:
    image = blind.session.slice
    assert fingerprint(replace(image, index=image.index + 1)) == fingerprint(image)
    moved = image.affine.copy()
    moved[2, 3] += 1
    assert fingerprint(replace(image, affine=moved)) != fingerprint(image)


def test_that_writing_is_tried_again_by_itself(blind: Opened) -> None:
    path = controller(blind)._log.path
    path.unlink()
    path.mkdir()
    controller(blind)._retry.setInterval(10)
    controller(blind).answer("left")
    blind.wait(lambda: "can't be written" in blind.window.blind_panel.problem)
    path.rmdir()
    blind.wait(lambda: blind.window.blind_panel.problem == "")
    assert [row["reader"] for row in rows(blind)] == ["left"]


def test_that_what_still_waits_is_written_when_the_window_closes(blind: Opened) -> None:
    path = controller(blind)._log.path
    path.unlink()
    path.mkdir()
    controller(blind).answer("left")
    blind.wait(lambda: "can't be written" in blind.window.blind_panel.problem)
    path.rmdir()
    blind.window.close()
    assert "left" in path.read_text()


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_that_the_file_is_asked_for_once_and_without_one_reading_is_not_blind(
    qtbot, opened: Opened, scan: Path, tmp_path: Path
) -> None:
    opened.open(scan)
    switch = opened.window.commands["blind"]
    switch.trigger()
    dialog = opened.window.findChild(QFileDialog)
    assert dialog is not None
    dialog.reject()
    assert not switch.isChecked()
    assert not opened.session.is_blind
    controller(opened).start(tmp_path / "readings.csv")
    opened.wait(lambda: opened.session.is_blind)
    assert switch.isChecked()
    switch.trigger()
    assert not opened.session.is_blind
    assert opened.window.blind_panel.isHidden()
    switch.trigger()
    assert opened.session.is_blind


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_that_a_file_of_anything_else_is_refused_in_a_sentence(opened, tmp_path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("name,born\n")
    opened.window.commands["blind"].setChecked(True)
    controller(opened).start(path)
    opened.wait(lambda: "something else" in opened.window.message_bar.text)
    assert not opened.session.is_blind
    assert not opened.window.commands["blind"].isChecked()
    assert path.read_text() == "name,born\n"


def test_that_a_slice_the_model_cannot_take_asks_nothing(make_window, scan, tmp_path) -> None:
    def load(folder):
        from magic_viewer.pipeline.engine import Engine

        engine = Engine.load(folder)

        def fails(_image):
            raise ModelError("Too small.")

        engine.examine = fails
        return engine

    opened = make_window(load_engine=load)
    opened.wait(lambda: opened.session.model is not None)
    controller(opened).start(tmp_path / "readings.csv")
    opened.wait(lambda: opened.session.is_blind)
    opened.open(scan)
    opened.wait(lambda: "Too small." in opened.window.blind_panel.note)
    buttons = opened.window.blind_panel.findChildren(QPushButton)
    assert not [button for button in buttons if not button.isHidden()]
