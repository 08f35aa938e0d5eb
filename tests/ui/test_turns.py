"""Whose question comes next: told by the order of answers, never by time."""

import threading
from collections.abc import Callable

import pytest

from magic_viewer.progress import drain
from magic_viewer.ui.turns import Turns

_SECONDS = 20


def begun(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_that_the_slice_in_view_goes_before_what_has_waited_longer() -> None:
    turns, gate, order = Turns(), threading.Event(), []
    begun(lambda: turns.first(gate.wait, _SECONDS))
    while not turns._is_taken:
        pass
    series = turns.later(order.append, "series")
    next(series)  # waits, and says so
    in_view = begun(lambda: turns.first(order.append, "in view"))
    while not turns._waiting:
        pass
    waiting = begun(lambda: drain(series))
    gate.set()
    for thread in (in_view, waiting):
        thread.join(_SECONDS)
    assert order == ["in view", "series"]


def test_that_what_waits_can_be_given_up_and_takes_nothing_with_it() -> None:
    turns, gate = Turns(), threading.Event()
    busy = begun(lambda: turns.first(gate.wait, _SECONDS))
    while not turns._is_taken:
        pass
    series = turns.later(lambda: "never")
    assert next(series) is None
    series.close()
    gate.set()
    busy.join(_SECONDS)
    assert turns.first(lambda: "answer") == "answer"


def test_that_nothing_long_begins_while_a_question_is_expected() -> None:
    turns = Turns()
    turns.expect()
    series = turns.later(lambda: "answer")
    assert next(series) is None
    turns.first(lambda: None)
    assert drain(series) == "answer"


def test_that_a_question_that_never_comes_holds_nothing_up_for_ever() -> None:
    turns = Turns()
    series = turns.later(lambda: "answer")
    turns.expect()
    assert next(series) is None
    assert [turns.expect() for _ in series]  # ends, though expected at every beat


def test_that_an_error_gives_the_turn_back() -> None:
    turns = Turns()

    def fails() -> None:
        raise ValueError("wrong")

    for ask in (turns.first, lambda question: drain(turns.later(question))):
        with pytest.raises(ValueError, match="wrong"):
            ask(fails)
        assert turns.first(lambda: "answer") == "answer"
