"""A model that goes on elsewhere."""

from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from magic_viewer.ui.device_watch import DeviceWatch
from tests.ui.conftest import Opened


def test_that_a_move_is_said_once_and_another_model_is_none(qtbot: QtBot) -> None:
    watch, shown, said = DeviceWatch(), [], []
    watch.device_changed.connect(shown.append)
    watch.moved.connect(said.append)
    engine = SimpleNamespace(device="CUDA (A)")
    watch.look()
    watch.set_engine(engine)
    watch.look()
    engine.device = "CPU, as the GPU's memory doesn't suffice"
    watch.look()
    watch.look()
    watch.set_engine(None)
    watch.look()
    assert shown == ["CUDA (A)", engine.device, ""]
    assert said == ["The model now runs on: CPU, as the GPU's memory doesn't suffice."]


@pytest.mark.gui
def test_that_the_window_says_where_the_model_went_on(opened: Opened, scan) -> None:
    opened.open(scan)
    opened.answered()
    assert opened.window._device.text() == "CPU"
    opened.controller._models._engine._device = "CUDA (A)"
    opened.controller._device_watch.look()
    assert opened.window._device.text() == "CUDA (A)"
    opened.session.go_to_slice(0)
    opened.wait(lambda: opened.session.examination is not None)
    opened.wait(lambda: opened.window._device.text() == "CPU")
    assert "The model now runs on: CPU." in opened.window.message_bar.text
