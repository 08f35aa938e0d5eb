"""Decoding ahead."""

import threading

import numpy as np
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging import prefetch as module
from magic_viewer.imaging.prefetch import prefetch
from magic_viewer.imaging.study import Slice, Volume


def make_volume(decode: object, count: int = 9) -> Volume:
    return Volume((count, 4, 4), lambda k: Slice(np.zeros((4, 4), np.float32)), prefetch=decode)


def test_that_every_slice_is_decoded_once_those_in_view_first() -> None:
    order: list[int] = []
    lock = threading.Lock()

    def decode(k: int) -> None:
        with lock:
            order.append(k)

    told = list(prefetch(make_volume(decode), first=6))
    assert sorted(order) == list(range(9))
    assert order.index(6) < order.index(0)
    assert (told[-1].done, told[-1].total) == (9, 9)


def test_that_a_slice_that_cannot_be_decoded_is_passed_over() -> None:
    def decode(k: int) -> None:
        if k == 4:
            raise ImagingError("damaged")

    assert list(prefetch(make_volume(decode)))[-1].done == 9


def test_that_a_fault_of_the_program_is_not_hidden() -> None:
    def decode(k: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(prefetch(make_volume(decode)))


def test_that_it_can_be_left_and_then_decodes_no_more() -> None:
    decoded: list[int] = []
    work = prefetch(make_volume(decoded.append, count=1000))
    next(work)
    work.close()
    assert 0 < len(decoded) < 1000


def test_that_no_more_is_decoded_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    monkeypatch.setattr(module, "MOST_BYTES", 3 * 4 * 4 * 4)
    list(prefetch(make_volume(decoded.append), first=4))
    assert sorted(decoded) in ([3, 4, 5], [2, 3, 4], [4, 5, 6])


def test_that_nothing_happens_where_nothing_needs_decoding() -> None:
    assert list(prefetch(make_volume(None))) == []
