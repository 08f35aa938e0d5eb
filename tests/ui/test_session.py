"""What stays and what starts afresh; every change is told in the past tense."""

import numpy as np
import pytest

from magic_viewer.imaging.study import Series, Slice, Study, VoiLut, Volume, Window
from magic_viewer.ui.session import Session

AXIAL = np.diag([1.0, 1.0, 3.0, 1.0])
NEUROLOGICAL = np.diag([-1.0, 1.0, 3.0, 1.0])


def make_slice(index=0, affine=AXIAL, **facts):
    values = np.arange(16, dtype=np.float32).reshape(4, 4) + index
    return Slice(values, index=index, affine=affine, **facts)


def make_series(slices=9, volumes=1):
    volume = Volume((slices, 4, 4), make_slice)
    return Series("title", "MR", (volume,) * volumes, "NIfTI")


@pytest.fixture
def session(qapp):
    session = Session()
    session.open(Study((make_series(), make_series(3, volumes=2))))
    return session


def heard(signal):
    said = []
    signal.connect(lambda *values: said.append(values))
    return said


def test_that_a_study_opens_in_the_middle_of_its_first_series(session):
    assert (session.series_index, session.slice_index) == (0, 4)


def test_that_the_users_window_and_turn_stay_while_scrolling(session):
    session.set_slice(make_slice(4))
    session.set_window(Window(3, 5))
    session.turn(session.orientation.turned(1))
    turned = session.orientation
    session.set_slice(make_slice(5))
    assert session.window == Window(3, 5)
    assert session.orientation == turned


def test_that_another_volume_of_the_series_keeps_slice_and_window(session):
    session.select_series(1)
    session.set_slice(make_slice(1))
    session.go_to_slice(2)
    session.set_window(Window(3, 5))
    session.select_volume(1)
    session.set_slice(make_slice(2))
    assert session.slice_index == 2
    assert session.window == Window(3, 5)


def test_that_a_new_series_starts_afresh(session):
    session.set_slice(make_slice(4))
    session.set_window(Window(3, 5))
    session.invert()
    session.turn(session.orientation.flipped_horizontally())
    session.select_series(1)
    session.set_slice(make_slice(1, windows=(Window(7, 8),)))
    assert session.window == Window(7, 8)
    assert not session.is_inverted
    assert not session.orientation.mirrored


def test_that_a_new_series_shows_nothing_until_its_slice_is_read(session):
    session.set_slice(make_slice(4))
    shown = heard(session.slice_changed)
    session.select_series(1)
    assert shown == [(None,)]


def test_that_a_files_own_table_is_its_window(session):
    lut = VoiLut(0, np.linspace(0, 1, 16, dtype=np.float32))
    session.set_slice(make_slice(voi_lut=lut, windows=(Window(7, 8),)))
    assert session.window is None


@pytest.mark.parametrize(("asked", "given"), [(-5, 0), (99, 8), (3, 3)])
def test_that_scrolling_stops_at_the_ends(session, asked, given):
    session.go_to_slice(asked)
    assert session.slice_index == given


def test_that_asking_for_the_slice_in_view_reads_nothing(session):
    asked = heard(session.slice_index_changed)
    session.go_to_slice(4)
    assert asked == []


@pytest.mark.parametrize("index", [-1, 2])
def test_that_a_series_which_is_not_there_changes_nothing(session, index):
    changes = heard(session.series_changed)
    session.select_series(index)
    assert changes == []


def test_that_the_convention_turns_a_neurological_slice_and_follows_the_toggle(session):
    session.set_slice(make_slice(affine=NEUROLOGICAL))
    assert session.orientation.mirrored
    session.set_radiological(False)
    assert not session.orientation.mirrored


def test_that_an_empty_session_takes_every_request_calmly(qapp):
    session = Session()
    session.go_to_slice(3)
    session.select_volume(1)
    session.set_radiological(False)
    session.invert()
    assert session.series is None
    assert session.volume is None
