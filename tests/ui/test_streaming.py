"""Opening that shows what it has while the rest is still being read."""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from magic_viewer.imaging.study import Series, Slice, Study, Volume
from magic_viewer.progress import Progress

from .conftest import MakeWindow, Opened


def make_series(*numbers: int) -> Series:
    """A series whose slice `n` is filled with `n`."""

    def read(k: int) -> Slice:
        return Slice(np.full((16, 16), numbers[k], np.float32), index=k, modality="CT")

    volume = Volume((len(numbers), 16, 16), read, slice_keys=numbers)
    return Series("Head", "CT", (volume,), "DICOM", uid="1.2")


class Feed:
    """An opening that goes on when it is told to."""

    def __init__(self, *studies: Study) -> None:
        self.studies = studies
        self.gates = [threading.Event() for _ in studies]

    def __call__(self, _: Sequence[Path]) -> Generator[Progress | Study, None, Study]:
        for number, study in enumerate(self.studies):
            while not self.gates[number].wait(0.01):
                yield Progress(number, len(self.studies), "Reading headers")
            if study.is_complete:
                return study
            yield study
        raise AssertionError


@pytest.fixture
def parts() -> list[Study]:
    """A study as it comes in: slice 3 first, then more on both sides, then all."""
    other = replace(make_series(100), uid="1.3", title="Scout")
    return [
        Study((make_series(3),), is_complete=False),
        Study((other, make_series(1, 2, 3)), is_complete=False),
        Study((other, make_series(0, 1, 2, 3, 4))),
    ]


@pytest.fixture
def start(make_window: MakeWindow) -> Callable[..., tuple[Opened, Feed]]:
    def begin(*studies: Study) -> tuple[Opened, Feed]:
        feed = Feed(*studies)
        opened = make_window(open_study=feed)
        opened.controller.open([Path("folder")])
        feed.gates[0].set()
        opened.wait(lambda: opened.session.slice is not None)
        return opened, feed

    return begin


def shown(opened: Opened) -> float:
    return float(opened.session.slice.modality_values[0, 0])


def test_that_the_slice_in_view_stays_in_view_while_more_slices_come(start, parts) -> None:
    opened, feed = start(*parts)
    # What the model brings into the right column may move the edge of the view.
    opened.wait(lambda: opened.session.examination is not None)
    opened.view.zoom_in()
    extent = opened.view._box.viewRect()
    assert shown(opened) == 3
    for number, (series, at, count) in enumerate([(1, 2, 3), (1, 3, 5)], start=1):
        feed.gates[number].set()
        opened.wait(lambda n=number: opened.session.study is parts[n])
        session = opened.session
        assert (session.series_index, session.slice_index, session.slice.index) == (series, at, at)
        assert shown(opened) == 3
        assert session.volume.shape[0] == count
        assert opened.window.viewer._slider.maximum() == count - 1
        assert opened.window.viewer._slider.value() == at
    assert opened.view._box.viewRect() == extent
    assert opened.window.study_panel._list.currentRow() == 1


def test_that_a_slice_is_shown_under_the_number_it_got_while_it_was_read(
    make_window, parts
) -> None:
    gate = threading.Event()
    first = parts[0].series[0]
    volume = first.volumes[0]

    def read_late(k: int) -> Slice:
        gate.wait(20)
        return volume.read_slice(k)

    late = replace(first, volumes=(replace(volume, read_slice=read_late),))
    feed = Feed(replace(parts[0], series=(late,)), parts[2])
    opened = make_window(open_study=feed)
    opened.controller.open([Path("folder")])
    feed.gates[0].set()
    opened.wait(lambda: opened.session.volume is not None)
    feed.gates[1].set()
    opened.wait(lambda: opened.session.study is parts[2])
    gate.set()
    opened.wait(lambda: opened.session.slice is not None)
    assert shown(opened) == 3
    assert (opened.session.slice_index, opened.session.slice.index) == (3, 3)


def test_that_scrolling_works_while_headers_are_read(start, parts) -> None:
    opened, feed = start(*parts)
    feed.gates[1].set()
    opened.wait(lambda: opened.session.study is parts[1])
    opened.session.go_to_slice(0)
    opened.wait(lambda: opened.session.slice is not None and shown(opened) == 1)
    feed.gates[2].set()
    opened.wait(lambda: opened.session.study is parts[2])
    assert opened.session.slice_index == 1


def test_that_what_was_stopped_half_way_stays_open_and_marked(start, parts) -> None:
    opened, _ = start(*parts)
    opened.controller._cancel()
    opened.wait(lambda: opened.session.study.is_complete)
    assert shown(opened) == 3
    assert "images may be missing" in opened.window.study_panel.notes


def test_that_a_study_half_read_is_marked_when_the_next_one_fails(start, parts) -> None:
    opened, feed = start(*parts)
    feed.studies, feed.gates = (Study(),), [threading.Event()]
    feed.gates[0].set()
    opened.controller.open([Path("other")])
    opened.wait(lambda: opened.session.study.is_complete)
    assert "images may be missing" in opened.window.study_panel.notes


def test_that_the_rest_of_a_volume_is_decoded_ahead(make_window: MakeWindow) -> None:
    decoded: set[int] = set()
    series = make_series(*range(9))
    volume = replace(series.volumes[0], prefetch=decoded.add)
    study = Study((replace(series, volumes=(volume,)),))

    def open_study(_: Sequence[Path]) -> Generator[Progress, None, Study]:
        yield from ()
        return study

    opened = make_window(open_study=open_study)
    opened.controller.open([Path("folder")])
    opened.wait(lambda: decoded == set(range(9)))
