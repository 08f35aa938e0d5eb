"""A model in a process of its own, which may die, hang or be told to stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.errors import ModelError, RequestError
from magic_viewer.imaging.study import Overlay, Slice
from magic_viewer.pipeline import engine_client, engine_line
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.engine_client import EngineClient, ModelProcess
from magic_viewer.pipeline.messages import Ask
from magic_viewer.pipeline.results import Sample, SampleRequest
from magic_viewer.progress import Stopped, drain, stop_when
from tests.training.conftest import draw

IMAGE = Slice(draw("left", np.random.default_rng(7)).astype(np.float32))
SOON = 0.1
# A child whose every step takes a minute, as that of a huge model would.
SLOW = """
import sys, time
from magic_viewer.pipeline import engine_child
engine_child.TASKS["examine"] = lambda engine, image: iter(lambda: time.sleep(60), 1)
engine_child.main()
"""


@pytest.fixture(scope="module")
def process() -> Iterator[ModelProcess]:
    process = ModelProcess()
    yield process
    process.close()


@pytest.fixture
def client(process: ModelProcess, side_model: Path) -> EngineClient:
    return EngineClient(process, side_model)


def child(process: ModelProcess) -> int:
    assert process._line is not None
    return process._line.pid


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def stopped_after(work: Callable[[], object], seconds: float) -> float:
    """Runs work in a thread of its own, and how long it went on when it was stopped."""
    stop, outcome = threading.Event(), []

    def run() -> None:
        stop_when(stop.is_set)
        try:
            outcome.append(work())
        except Stopped as stopped:
            outcome.append(stopped)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(seconds)
    began = time.monotonic()
    stop.set()
    thread.join()
    assert isinstance(outcome[0], Stopped)
    return time.monotonic() - began


def test_that_it_answers_as_the_engine_does(client: EngineClient, side_model: Path) -> None:
    engine = Engine.load(side_model, torch.device("cpu"))
    assert (client.info, client.model_hash) == (engine.info, engine.model_hash)
    assert client.device == engine.device
    here, there = engine.examine(IMAGE), client.examine(IMAGE)
    assert np.allclose(here.scale_maps, there.scale_maps, atol=1e-4)
    assert there.classification.label == here.classification.label
    assert np.array_equal(here.model_input, there.model_input)
    answers = [there.classification] * 2
    assert client.combine(answers, 3) == engine.combine(answers, 3)
    request = SampleRequest("right", count=3)
    pairs = zip(engine.generate(request), client.generate(request), strict=True)
    for one, other in pairs:
        assert type(one) is type(other)
        if isinstance(one, Sample) and isinstance(other, Sample):
            assert abs(one.pixels.astype(int) - other.pixels).max() <= 1
            assert (one.seed, one.model_hash) == (other.seed, other.model_hash)


def test_that_a_slice_is_sent_without_what_lies_over_it() -> None:
    over = Overlay("Segment", np.ones((32, 32), bool))
    view = Slice(IMAGE.modality_values[::2].T, overlays=(over,))
    sent = engine_client._lean(view)
    assert sent.overlays == ()
    assert np.array_equal(sent.modality_values, view.modality_values)


def test_that_a_view_of_a_volume_is_sent_whole(client: EngineClient) -> None:
    turned = Slice(np.asfortranarray(IMAGE.modality_values)[:, ::-1])
    copied = Slice(turned.modality_values.copy())
    assert client.examine(turned).classification.probabilities == pytest.approx(
        client.examine(copied).classification.probabilities
    )


def test_that_an_error_of_ours_keeps_its_class_and_sentence(
    client: EngineClient, process: ModelProcess, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="no label 'up'; expected one of: left, right"):
        drain(client.generate(SampleRequest("up")))
    with pytest.raises(ModelError, match=r"config\.json: expected the model's configuration"):
        EngineClient(process, tmp_path)
    assert client.examine(IMAGE).classification.label == "left"


def test_that_a_foreign_error_keeps_its_class_and_loses_its_text(
    client: EngineClient, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError) as caught:
        client.examine(Slice(np.zeros((2, 2, 2, 2), np.float32)))
    assert str(caught.value) == ""
    assert "in examine_steps" in caplog.text


def test_that_a_slice_is_answered_while_samples_are_drawn(client: EngineClient) -> None:
    drawing = client.generate(SampleRequest("left", count=1000))
    next(drawing)
    assert client.examine(IMAGE).classification.label == "left"
    drawing.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_that_a_death_is_a_sentence_and_the_next_request_is_answered(
    client: EngineClient, process: ModelProcess, number: int
) -> None:
    drawing = client.generate(SampleRequest("left", count=1000))
    next(drawing)
    os.kill(child(process), number)
    with pytest.raises(ModelError, match="came to a sudden end"):
        drain(drawing)
    assert client.examine(IMAGE).classification.label == "left"


def test_that_a_child_that_died_at_rest_is_replaced_without_a_word(
    client: EngineClient, process: ModelProcess
) -> None:
    dead = child(process)
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: process._line is not None and not process._line.is_alive)
    assert client.examine(IMAGE).classification.label == "left"
    assert child(process) != dead


def test_that_a_child_that_cannot_start_is_a_sentence(
    side_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ModelProcess()
    monkeypatch.setattr(engine_client, "engine_child_command", lambda: ["/no/such/program"])
    with pytest.raises(ModelError, match="can't be started"):
        EngineClient(process, side_model)
    monkeypatch.setattr(engine_client, "engine_child_command", lambda: [sys.executable, "-c", ""])
    with pytest.raises(ModelError, match="sudden end"):
        EngineClient(process, side_model)


def test_that_drawing_stops_at_once_and_the_child_stays(
    client: EngineClient, process: ModelProcess
) -> None:
    same = child(process)
    drawing = SampleRequest("left", count=100_000)
    assert stopped_after(lambda: drain(client.generate(drawing)), 0.2) < SOON
    assert client.examine(IMAGE).classification.label == "left"
    assert child(process) == same
    assert process._line is not None
    assert not process._line._stopping


def test_that_an_answer_that_crosses_its_stop_is_not_held_against_the_child(
    client: EngineClient, process: ModelProcess, side_model: Path
) -> None:
    line = process._living()
    work = line.ask(Ask(10**9, str(side_model), "generate", SampleRequest("left", count=1)))
    next(work)
    wait_until(lambda: line._waiting[10**9].qsize() == 3)  # the sample, progress, the end
    work.close()
    wait_until(lambda: not line._stopping)
    assert line.is_alive


def test_that_a_child_that_does_not_stop_is_not_waited_for_and_is_replaced(
    side_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_line, "_PATIENCE_SECONDS", 0.3)
    process = ModelProcess()
    with monkeypatch.context() as other:
        other.setattr(engine_client, "engine_child_command", lambda: [sys.executable, "-c", SLOW])
        client = EngineClient(process, side_model)
    stuck = child(process)
    assert stopped_after(lambda: client.examine(IMAGE), 0.2) < SOON
    assert client.examine(IMAGE).classification.label == "left"
    assert child(process) != stuck
    assert not is_running(stuck)
    process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)", "sys.exit()"])
def test_that_the_child_ends_with_the_window(side_model: Path, end: str) -> None:
    code = f"""
import os, sys
from pathlib import Path
from magic_viewer.pipeline.engine_client import load_engine, model_process
from magic_viewer.pipeline.results import SampleRequest
engine = load_engine(Path({str(side_model)!r}))
next(engine.generate(SampleRequest("left", count=100000)))
print(model_process()._line.pid, "torch" in sys.modules, flush=True)
{end}
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    pid, has_torch = done.stdout.split()
    assert has_torch == "False"
    wait_until(lambda: not is_running(int(pid)))
    assert done.stderr == ""
