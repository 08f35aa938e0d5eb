"""`started, progressed, succeeded | failed | cancelled, finished`: one of the three, always."""

import gc
import threading
import weakref
from collections.abc import Callable

import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.ui.job import Job, Lane, single_step

OUTCOMES = {"succeeded", "failed", "cancelled"}


class PanicFromRust(BaseException):
    pass


def raises(error):
    def work():
        yield 1
        raise error

    return work


def counts(result="done"):
    yield 1
    yield 2
    return result


def never_begins():
    raise StopIteration("before the first item")


class Held:
    """Work that stops at a gate, so that a test decides when it goes on."""

    def __init__(self):
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.closed = threading.Event()
        self.items = 0

    def __call__(self):
        try:
            self.begun.set()
            self.gate.wait(10)
            while True:
                self.items += 1
                yield self.items
        finally:
            self.closed.set()


def record(source):
    said = []
    for name in ("started", "progressed", "succeeded", "failed", "cancelled", "finished"):
        getattr(source, name).connect(lambda *values, name=name: said.append((name, *values)))
    return said


def names(said):
    return [entry[0] for entry in said]


def run(qtbot, job):
    said = record(job)
    job.start()
    qtbot.waitUntil(lambda: "finished" in names(said))
    return said


def test_that_a_job_says_what_it_yields_and_returns_in_order(qtbot):
    assert run(qtbot, Job(counts)) == [
        ("started",),
        ("progressed", 1),
        ("progressed", 2),
        ("succeeded", "done"),
        ("finished",),
    ]


@pytest.mark.parametrize(
    "work",
    [
        counts,
        raises(ImagingError("broken")),
        raises(RuntimeError("as torch does")),
        raises(StopIteration("inside")),
        raises(GeneratorExit()),
        raises(KeyboardInterrupt()),
        raises(PanicFromRust()),
        never_begins,
        lambda: None,
        single_step(lambda: 1),
    ],
)
def test_that_every_job_has_exactly_one_outcome_and_then_finishes(
    qtbot, work: Callable[[], object]
):
    said = names(run(qtbot, Job(work)))
    assert said[0] == "started"
    assert len(OUTCOMES.intersection(said)) == 1
    assert sum(name in OUTCOMES for name in said) == 1
    assert said[-1] == "finished"
    assert said[-2] in OUTCOMES
    assert said.count("finished") == 1


@pytest.mark.parametrize("work", [never_begins, raises(StopIteration("x")), lambda: None])
def test_that_work_which_did_not_end_by_returning_did_not_succeed(qtbot, work):
    assert "failed" in names(run(qtbot, Job(work)))


def test_that_a_failure_carries_the_exception(qtbot):
    error = ImagingError("broken")
    assert ("failed", error) in run(qtbot, Job(raises(error)))


def test_that_cancel_is_said_at_once_and_finished_after_cleaning_up(qtbot):
    held = Held()
    job = Job(held)
    said = record(job)
    job.start()
    held.begun.wait(10)
    job.cancel()
    assert names(said) == ["started", "cancelled"]
    held.gate.set()
    qtbot.waitUntil(lambda: "finished" in names(said))
    assert held.closed.is_set()
    assert held.items <= 1
    assert names(said) == ["started", "cancelled", "finished"]


def test_that_a_result_on_its_way_when_cancelled_is_not_reported(qtbot):
    job = Job(single_step(lambda: "too late"))
    said = record(job)
    job.start()
    assert job.wait(10)
    job.cancel()
    qtbot.waitUntil(lambda: "finished" in names(said))
    assert names(said) == ["started", "cancelled", "finished"]


def test_that_cleaning_up_badly_after_a_cancel_is_still_one_outcome(qtbot):
    gate = threading.Event()

    def work():
        try:
            gate.wait(10)
            yield 1
            yield 2
        finally:
            raise RuntimeError("while closing")

    job = Job(work)
    said = record(job)
    job.start()
    job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: "finished" in names(said))
    assert names(said) == ["started", "cancelled", "finished"]


def test_that_a_job_cancelled_before_its_start_never_begins():
    ran = []
    job = Job(single_step(ran.append, 1))
    said = record(job)
    job.cancel()
    job.start()
    assert names(said) == ["cancelled", "finished"]
    assert ran == []


def test_that_cancelling_a_finished_job_says_nothing_more(qtbot):
    job = Job(counts)
    said = run(qtbot, job)
    before = list(said)
    job.cancel()
    assert said == before


def test_that_signals_arrive_in_the_thread_of_the_window(qtbot):
    threads = []
    job = Job(counts)
    for name in ("started", "progressed", "succeeded", "finished"):
        getattr(job, name).connect(lambda *_: threads.append(threading.current_thread()))
    run(qtbot, job)
    assert set(threads) == {threading.main_thread()}


def test_that_a_lane_drops_what_an_old_request_answers(qtbot):
    lane = Lane()
    said = record(lane)
    old = Held()
    lane.submit(old)
    old.begun.wait(10)
    lane.submit(single_step(lambda: "new"))
    old.gate.set()
    qtbot.waitUntil(lambda: not lane.is_busy)
    assert said == [("started",), ("started",), ("succeeded", "new"), ("finished",)]


def test_that_of_many_requests_only_the_newest_waits(qtbot):
    lane = Lane()
    old, ran = Held(), []
    lane.submit(old)
    old.begun.wait(10)
    for number in range(5):
        lane.submit(single_step(ran.append, number))
    old.gate.set()
    qtbot.waitUntil(lambda: not lane.is_busy)
    assert ran == [4]


def test_that_a_newer_request_has_a_higher_generation(qtbot):
    lane = Lane()
    first = lane.submit(counts)
    assert lane.submit(counts) > first
    qtbot.waitUntil(lambda: not lane.is_busy)


def test_that_a_lane_passes_on_that_its_newest_request_was_cancelled(qtbot):
    lane = Lane()
    said = record(lane)
    held = Held()
    lane.submit(held)
    lane.cancel()
    held.gate.set()
    qtbot.waitUntil(lambda: not lane.is_busy)
    assert names(said) == ["started", "cancelled", "finished"]


def test_that_a_dropped_request_ends_without_a_word(qtbot):
    lane = Lane()
    said = record(lane)
    held = Held()
    lane.submit(held)
    lane.drop()
    held.gate.set()
    qtbot.waitUntil(lambda: not lane.is_busy)
    assert names(said) == ["started"]


def test_that_cancelling_while_an_old_request_lets_go_cancels_the_waiting_one(qtbot):
    lane = Lane()
    said = record(lane)
    held, ran = Held(), []
    lane.submit(held)
    held.begun.wait(10)
    lane.submit(single_step(ran.append, 1))
    lane.cancel()
    held.gate.set()
    qtbot.waitUntil(lambda: not lane.is_busy)
    assert ran == []
    assert names(said) == ["started", "cancelled", "finished"]


def test_that_a_finished_job_lets_go_of_its_work_and_answer(qtbot):
    class Large:
        pass

    lane, kept = Lane(), []

    def work():
        large = Large()
        kept.append(weakref.ref(large))
        return single_step(lambda: large)

    with qtbot.waitSignal(lane.finished):
        lane.submit(work())
    with qtbot.waitSignal(lane.finished):
        lane.submit(single_step(lambda: None))
    gc.collect()
    assert kept[0]() is None
