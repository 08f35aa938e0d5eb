"""Time left, by a clock that the test turns."""

import pytest

from magic_viewer.progress import Progress
from magic_viewer.ui import time_left
from magic_viewer.ui.time_left import TimeLeft


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time_left.time, "monotonic", lambda: now[0])
    return now


def test_that_the_time_left_goes_by_how_long_the_units_before_took(clock) -> None:
    left = TimeLeft()
    assert left.words(Progress(1, 15, "")) == ""
    clock[0] += 10
    assert left.words(Progress(5, 15, "")) == " · 20 s left"
    clock[0] += 290
    assert left.words(Progress(5, 15, "")) == " · 10 min left"
    assert left.words(Progress(15, 15, "")) == ""


def test_that_another_phase_is_measured_anew(clock) -> None:
    left = TimeLeft()
    clock[0] += 1000
    assert left.words(Progress(0, 100, ""), "Reading headers") == ""
    clock[0] += 10
    assert left.words(Progress(50, 100, ""), "Reading headers") == " · 10 s left"
    assert left.words(Progress(10, 20, ""), "Decoding") == ""
    clock[0] += 5
    assert left.words(Progress(15, 20, ""), "Decoding") == " · 5 s left"


def test_that_work_of_unknown_size_has_no_time_left(clock) -> None:
    left = TimeLeft()
    clock[0] += 10
    assert left.words(Progress(50, None, "")) == ""
