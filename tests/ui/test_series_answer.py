"""A whole series in the window: progress, cancel, what stays and what goes."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.study import Study
from magic_viewer.pipeline.results import SeriesClassification
from magic_viewer.progress import Progress, drain
from magic_viewer.ui.series_answer_panel import SeriesAnswerPanel
from tests.ui.conftest import MakeWindow, Opened


@pytest.fixture
def panel(qtbot) -> SeriesAnswerPanel:
    made = SeriesAnswerPanel()
    qtbot.addWidget(made)
    made.set_labels(("FLAIR", "T1"))
    made.set_possible(True, "Classify all slices")
    return made


def answer(used: int, left_out: int) -> SeriesClassification:
    return SeriesClassification("T1", {"FLAIR": 0.2, "T1": 0.8}, used, left_out, "So it is.")


def test_that_the_button_asks_and_setters_do_not(qtbot, panel) -> None:
    with qtbot.assertNotEmitted(panel.classify_requested):
        panel.set_possible(True, "Go")
        panel.show_answer(answer(18, 6), is_whole=True)
    with qtbot.waitSignal(panel.classify_requested):
        qtbot.mouseClick(panel._classify, Qt.MouseButton.LeftButton)


def test_that_work_shows_its_progress_and_a_way_out(qtbot, panel) -> None:
    panel.set_busy(True)
    panel.set_progress(Progress(3, 12, "3 / 12 · 4 s left"))
    assert panel._bar.value() == 3
    assert panel._left.text() == "3 / 12 · 4 s left"
    with qtbot.waitSignal(panel.cancel_requested):
        qtbot.mouseClick(panel._cancel, Qt.MouseButton.LeftButton)
    panel.set_busy(False)
    assert panel._cancel.isHidden()


def test_that_the_series_answer_names_the_slices_it_rests_on(panel) -> None:
    panel.show_answer(answer(18, 6), is_whole=True)
    assert panel.text == "T1  80.0 %\nFrom 18 of 24 slices."
    assert panel._rows["FLAIR"].text() == "20.0 %"
    panel.show_answer(answer(3, 21), is_whole=True)
    assert "From only 3 of 24 slices: take the class with caution." in panel.text
    panel.show_answer(answer(3, 21), is_whole=False)
    assert "So far, from 3 of 24 slices." in panel.text


def test_that_no_reliable_slice_means_no_class(panel) -> None:
    panel.show_answer(answer(0, 24), is_whole=True)
    assert panel.text.startswith("No answer for the series\nNone of the 24 slices")
    assert "%" not in panel.text
    assert panel._rows["T1"].text() == "–"


# In the window


def series(opened: Opened):
    return opened.controller._series


def finish(opened: Opened) -> None:
    opened.wait(lambda: not series(opened).lanes[0].is_busy and series(opened).answer is not None)


def test_that_a_series_gets_the_answer_that_the_engine_gives_for_it(opened, scan) -> None:
    opened.open(scan)
    opened.window.commands["classify_all"].trigger()
    assert opened.window.series_answer_panel.is_busy
    finish(opened)
    engine = opened.controller._models._engine
    volume = opened.session.volume
    slices = [engine.examine(volume.read_slice(k)).classification for k in range(volume.shape[0])]
    assert series(opened).answer == engine.combine(slices, len(slices))
    assert sorted(series(opened).outcomes) == list(range(12))
    assert sorted(opened.window.viewer.series_strip._outcomes) == list(range(12))
    assert not opened.window.series_answer_panel.is_busy
    assert "slices" in opened.window.series_answer_panel.text


def test_that_a_click_in_the_strip_jumps_to_the_slice(qtbot, opened: Opened, scan) -> None:
    opened.open(scan)
    strip = opened.window.viewer.series_strip
    place = strip.column(9).center().toPoint()
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    assert opened.session.slice_index == 9
    opened.answered()
    assert set(series(opened).outcomes) >= {9}  # the slice in view needs no asking again


class Gated:
    """An engine's loader whose questions are written down and held up at a slice."""

    def __init__(self, held: int) -> None:
        self.held, self.asked, self.gate = held, [], threading.Event()

    def __call__(self, folder: Path):
        from magic_viewer.pipeline.engine import Engine

        engine = Engine.load(folder)
        examine = engine.examine

        def slow(image):
            self.asked.append(image.index)
            if image.index == self.held:
                self.gate.wait(20)
            return examine(image)

        engine.examine = slow
        return engine


@pytest.fixture
def gated(make_window: MakeWindow, scan: Path) -> tuple[Opened, Gated]:
    loader = Gated(held=3)
    opened = make_window(load_engine=loader)
    opened.wait(lambda: opened.session.model is not None)
    opened.open(scan)
    opened.answered()
    return opened, loader


def test_that_cancel_is_heard_at_once_and_going_on_keeps_what_was_done(gated) -> None:
    opened, loader = gated
    opened.window.commands["classify_all"].trigger()
    opened.wait(lambda: loader.asked[-1] == 3 and 2 in series(opened).outcomes)
    opened.window.commands["cancel"].trigger()
    assert not opened.window.series_answer_panel.is_busy  # though the model is still at it
    loader.gate.set()
    finish(opened)  # of what was done
    assert series(opened).answer.used + series(opened).answer.left_out == 12
    assert set(series(opened).outcomes) == {0, 1, 2, 6}
    asked = len(loader.asked)
    opened.window.commands["classify_all"].trigger()
    opened.wait(lambda: len(series(opened).outcomes) == 12)
    assert loader.asked[asked:] == [3, 4, 5, 7, 8, 9, 10, 11]


def test_that_the_slice_in_view_is_answered_before_the_next_of_the_series(gated) -> None:
    opened, loader = gated
    opened.window.commands["classify_all"].trigger()
    opened.wait(lambda: loader.asked[-1] == 3)
    opened.session.go_to_slice(10)
    opened.wait(lambda: opened.controller._models.turns._waiting == 1)
    loader.gate.set()
    opened.wait(lambda: len(loader.asked) > 6)
    assert loader.asked[5:7] == [10, 4]


def test_that_another_series_drops_the_answers_and_the_work(gated) -> None:
    opened, loader = gated
    opened.window.commands["classify_all"].trigger()
    opened.wait(lambda: loader.asked[-1] == 3)
    opened.session.select_series(0)
    assert series(opened).outcomes == {}
    assert not opened.window.series_answer_panel.is_busy
    loader.gate.set()
    opened.answered()
    opened.wait(lambda: not series(opened).lanes[0].is_busy)
    assert set(series(opened).outcomes) == {6}
    assert series(opened).answer is None


def test_that_another_model_drops_the_answers(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.window.commands["classify_all"].trigger()
    finish(opened)
    opened.controller._models._load(0)
    assert series(opened).outcomes == {}
    assert series(opened).answer is None
    assert opened.window.viewer.series_strip.isHidden()


def test_that_a_slice_that_fails_says_so_and_the_others_go_on(make_window, scan) -> None:
    def open_broken(paths):
        from magic_viewer.imaging.load import open_study

        study = drain(open_study(paths))
        volume = study.series[0].volumes[0]

        def read(index):
            if index in (2, 4):
                raise ImagingError("The file ends early.")
            return volume.read_slice(index)

        broken = replace(study.series[0], volumes=(replace(volume, read_slice=read),))
        yield Progress(0, None, "Opening")
        return Study((broken,))

    opened = make_window(open_study=open_broken)
    opened.wait(lambda: opened.session.model is not None)
    opened.open(scan)
    opened.window.commands["classify_all"].trigger()
    finish(opened)
    text = opened.window.series_answer_panel.text
    assert "2 slices have no answer, the first is 3. The file ends early." in text
    assert len(series(opened).outcomes) == 12
    assert "The file ends early." in opened.window.viewer.series_strip.words(2)
