"""Flows trained for the same CPU time, whatever else the machine does meanwhile."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from magic_viewer.flow.config import FlowConfig
from magic_viewer.progress import drain
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import Trained, train

TIMED_STEPS = 4
VALIDATIONS = 3
PLAN = "plan.json"


def train_for(
    minutes: float,
    training: Sequence[Example],
    validation: Sequence[Example],
    config: TrainConfig,
    run: Path,
    flow: FlowConfig | None = None,
) -> tuple[Trained, float]:
    """Trains for as many steps as fit into some CPU minutes; takes up a run that was ended.

    A few steps are timed first, so that the learning rate has fallen by the end. Validations
    don't count.

    Args:
        minutes: of CPU time.
        training: see `training.loop.train`.
        validation: the same.
        config: its steps, warm-up and validations are replaced.
        run: folder for the checkpoint and for the number of steps.
        flow: see `training.loop.train`.

    Returns:
        What training gives, and the median CPU milliseconds of the timed steps.
    """
    plan = run / PLAN
    if plan.exists():
        milliseconds = float(json.loads(plan.read_text(encoding="utf-8"))["ms_per_step"])
    else:
        with tempfile.TemporaryDirectory() as trial:
            work = train(training, validation, config, Path(trial), flow=flow)
            milliseconds = 1000 * statistics.median(
                islice(_cpu_seconds_between(work), 1, TIMED_STEPS + 1)
            )
        run.mkdir(parents=True, exist_ok=True)
        plan.write_text(json.dumps({"ms_per_step": milliseconds}) + "\n", encoding="utf-8")
    steps = max(VALIDATIONS, int(60_000 * minutes / milliseconds))
    config = replace(
        config, steps=steps, warmup=1 + steps // 10, validate_every=-(-steps // VALIDATIONS)
    )
    return drain(train(training, validation, config, run, flow=flow)), milliseconds


def _cpu_seconds_between(work: Iterator[object]) -> Iterator[float]:
    next(work)
    while True:
        began = time.process_time()
        next(work)
        yield time.process_time() - began


def cpu_milliseconds(work: Callable[[], object], runs: int) -> tuple[float, ...]:
    """CPU time of each of some runs, after one to warm up."""
    work()
    values = []
    for _ in range(runs):
        began = time.process_time()
        work()
        values.append(1000 * (time.process_time() - began))
    return tuple(values)
