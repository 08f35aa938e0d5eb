"""Slices that go by."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt

from magic_viewer.imaging.study import Series, Slice, Study, Volume
from magic_viewer.ui.cine import Cine
from magic_viewer.ui.session import Session


def session_of(slices: int, volumes: int = 1) -> Session:
    def read(k: int) -> Slice:
        return Slice(np.zeros((4, 4), np.float32), k)

    volume = Volume((slices, 4, 4), read)
    session = Session()
    session.open(Study((Series("a", None, (volume,) * volumes, "DICOM"),)))
    session.set_slice(read(session.slice_index))
    return session


def test_that_it_waits_for_each_slice_and_begins_anew_at_the_end() -> None:
    session = session_of(3)
    cine = Cine(session)
    seen = []
    for _ in range(4):
        cine._go_on()
        seen.append(session.slice_index)
        cine._go_on()
        assert session.slice_index == seen[-1]
        session.set_slice(Slice(np.zeros((4, 4), np.float32), session.slice_index))
    assert seen == [2, 0, 1, 2]


def test_that_volumes_of_one_slice_are_played() -> None:
    session = session_of(1, volumes=3)
    cine = Cine(session)
    seen = []
    for _ in range(3):
        cine._go_on()
        seen.append(session.volume_index)
    assert seen == [1, 2, 0]


def test_that_one_image_is_not_played_and_another_series_stops_it(qtbot) -> None:
    cine = Cine(session_of(1))
    with qtbot.waitSignal(cine.playing_changed) as told:
        cine.set_playing(True)
    assert told.args == [False]
    session = session_of(3)
    cine = Cine(session)
    cine.set_playing(True)
    assert cine.is_playing
    session.select_series(0)
    assert not cine.is_playing


def test_that_c_plays_and_esc_stops(qtbot, opened, scan: Path) -> None:
    opened.open(scan)
    start = opened.session.slice_index
    qtbot.keyClick(opened.window, Qt.Key.Key_C)
    opened.wait(lambda: opened.session.slice_index != start)
    viewer = opened.window.viewer
    assert viewer._play.isChecked()
    assert viewer._speed.isVisible()
    viewer._speed.setValue(60)
    qtbot.keyClick(opened.window, Qt.Key.Key_Escape)
    assert not viewer._play.isChecked()
    assert not opened.window.commands["cine"].isChecked()
    viewer._play.click()
    assert opened.window.commands["cine"].isChecked()
    viewer._play.click()
