"""The markings of a study: steps back and on, and what they are called."""

import pytest

from magic_viewer.imaging.marking import Marking, Place
from magic_viewer.imaging.measure import Angle, Length, Statistics
from magic_viewer.ui.marking_words import heading, lines, number, short
from magic_viewer.ui.markings import MarkingStore

ONE = Marking("distance", ((0, 0), (3, 4)))
TWO = Marking("angle", ((0, 0), (3, 4), (5, 0)), Place(0, 0, 2))
REGION = Statistics(102.349, 12.0, -80.0, 1405.0, 0.05, "mm²", 9, "HU", (4, 5))


@pytest.fixture
def store(qtbot):
    store = MarkingStore()
    store.add(ONE)
    store.add(TWO)
    return store


def test_that_what_is_added_is_selected_and_each_step_can_be_taken_back(store):
    assert (store.markings, store.selected) == ((ONE, TWO), 1)
    store.undo()
    assert (store.markings, store.selected) == ((ONE,), None)
    store.undo()
    store.undo()
    assert store.markings == ()
    store.redo()
    store.redo()
    store.redo()
    assert store.markings == (ONE, TWO)


def test_that_deleting_and_changing_are_steps_too(store):
    store.select(0)
    store.delete_selected()
    store.delete_selected()
    assert store.markings == (TWO,)
    store.replace(0, ONE)
    store.undo()
    store.undo()
    assert store.markings == (ONE, TWO)


def test_that_a_change_after_going_back_forgets_what_was_ahead(store):
    store.undo()
    store.add(ONE)
    store.redo()
    assert store.markings == (ONE, ONE)


def test_that_a_change_into_the_same_is_no_step(store, qtbot):
    with qtbot.assertNotEmitted(store.markings_changed):
        store.replace(0, ONE)
        store.add()


def test_that_markings_follow_their_slices_in_all_steps(store):
    store.undo()
    store.move(lambda place: place._replace(slice=place.slice + 5))
    store.redo()
    assert [one.place.slice for one in store.markings] == [5, 7]
    store.move(lambda place: place if place.slice == 7 else None)
    assert len(store.markings) == 1


def test_that_another_study_begins_without_any_step_back(store):
    store.clear()
    store.undo()
    assert (store.markings, store.selected) == ((), None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.3456, "12.35"),
        (1234.56, "1235"),
        (20307.4, "20307"),
        (-0.01234, "−0.01234"),
        (5.0, "5"),
        (1e-7, "1e−07"),
        (3e38, "3e+38"),
    ],
)
def test_that_numbers_have_the_digits_that_count(value, text):
    assert number(value) == text


def test_that_a_label_tells_all_and_a_list_the_one_value():
    assert lines(ONE, Length(5.0, "mm")) == ("5 mm",)
    assert lines(Marking("ellipse", ((0, 0), (1, 1)), text="a\nb"), REGION) == (
        "a b",
        "Mean 102.3 HU  SD 12",
        "Min −80  Max 1405",
        "Area 0.05 mm²",
    )
    assert short(REGION) == "Mean 102.3 HU"
    assert heading(TWO, Angle(45.04)) == "Angle · 45.0°"
    assert heading(Marking("arrow", ((0, 0), (1, 1)), text="here"), None) == "Arrow · here"
