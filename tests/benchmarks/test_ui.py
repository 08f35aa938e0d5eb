"""The benchmark of the window, on so little that it says nothing of speed."""

import json
from pathlib import Path

import pytest

from benchmarks.ui import __main__ as ui
from benchmarks.ui.figures import Measured, longest_stall, of_frames, of_runs
from benchmarks.ui.frames import frames
from benchmarks.ui.memory import growth, megabytes
from benchmarks.ui.stalls import stalls
from benchmarks.ui.start import CHILD, THREAD, starts


def test_that_frames_and_runs_are_told_by_median_and_worst() -> None:
    assert of_runs("start", [3.0, 1.0, 2.0]).text == "2 (worst 3) ms"
    assert of_frames("scroll", [10.0] * 19 + [50.0]).text == "10.0 / 10.0 ms, 100 fps"
    assert of_frames("scroll", [10.0] * 10 + [50.0] * 9).text == "10.0 / 50.0 ms, 100 fps"


def test_that_growth_is_the_slope_after_the_first_series() -> None:
    assert growth([500.0, 900.0, 1000.0, *(1000.0 + 2 * n for n in range(7))]) == pytest.approx(2)
    assert growth([100.0, 300.0] + [400.0] * 8) == pytest.approx(0)


def test_that_platforms_stand_beside_each_other() -> None:
    one, other = Measured("a", "1 ms", [1.0], "2 ms"), Measured("a", "3 ms", [3.0], "2 ms")
    titles, rows = ui.table({"offscreen": [one], "xcb": [other]})
    assert titles == ("", "offscreen", "xcb", "aim")
    assert rows == [["a", "1 ms", "3 ms", "2 ms"]]


@pytest.mark.gui
def test_that_a_stall_is_as_long_as_the_loop_was_held_up(qtbot) -> None:
    import time

    def hold_up() -> None:
        qtbot.wait(20)
        time.sleep(0.15)
        qtbot.wait(20)

    assert 148 < longest_stall(hold_up) < 1000


@pytest.mark.gui
@pytest.mark.slow
def test_that_every_figure_of_the_window_is_measured(tmp_path: Path) -> None:
    names = [m.name for m in frames(2, sides=(64,))]
    assert names == [
        f"{what} 64²{more}" for more in ("", " with map") for what in ("windowing", "scrolling")
    ]
    found = stalls(1, series=(4, 32, 32))
    assert {m.name.rpartition(", ")[2] for m in found} == {f"engine {CHILD}", f"engine {THREAD}"}
    assert len(found) == 10
    assert [len(m.values) for m in starts(1)] == [1] * 6
    ui.measure_here("memory", ui.Extent(1, 1, 1, 3), tmp_path / "f.json")
    window, model = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert len(window["values"]) == len(model["values"]) == 3
    assert megabytes(0) != megabytes(0)  # nobody's
