"""Our flow, trained for so many CPU minutes, and one that lies in a model folder."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.rivals.judge import Parts
from magic_viewer.errors import RequestError
from magic_viewer.flow.checkpoint import config_from_json, load_weights
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.library import Bundle, read_bundle
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.generation import require_held_back
from magic_viewer.training.loop import train

VALIDATIONS = 4
PROBED = 5
"""Steps that are timed to tell how many a budget holds."""
PLAN = "plan.json"


def trained_flow(
    parts: Parts, run: Path, minutes: float, say: Callable[[str], None]
) -> tuple[ConditionalFlow, float, int]:
    """Trains our flow, or goes on.

    The schedule is that of `parts.config`, with as many steps as the CPU minutes hold.

    Args:
        parts: images.
        run: folder for checkpoints.
        minutes: CPU minutes, with the setting up and all validations.
        say: is told how far it is.

    Returns:
        The flow, the CPU minutes it took over all resumes, and its steps.
    """
    run.mkdir(parents=True, exist_ok=True)
    plan = run / PLAN
    if not plan.is_file():
        steps = _steps_within(parts, 60 * minutes)
        plan.write_text(json.dumps({"steps": steps, "seconds": 0.0}), encoding="utf-8")
    spent = json.loads(plan.read_text(encoding="utf-8"))
    work = train(parts.training, parts.validation, _for(parts.config, spent["steps"]), run)
    began, before = time.process_time(), spent["seconds"]
    while True:
        try:
            told = next(work)
        except StopIteration as stop:
            return stop.value.flow, spent["seconds"] / 60, stop.value.steps
        if told.message.startswith("validation"):
            spent["seconds"] = before + time.process_time() - began
            plan.write_text(json.dumps(spent), encoding="utf-8")
            say(f"ours: step {told.done} of {told.total}, {told.message}")


def _for(config: TrainConfig, steps: int) -> TrainConfig:
    """The configuration with its schedule shrunk to so many steps."""
    return replace(
        config,
        steps=steps,
        warmup=max(1, min(config.warmup, steps // 10)),
        validate_every=max(1, -(-steps // VALIDATIONS)),
        ema=min(config.ema, 1 - 8 / max(steps, 16)),
    )


def _steps_within(parts: Parts, seconds: float) -> int:
    """How many steps a budget holds, by timing a few, the setting up and a validation."""
    config = replace(_for(parts.config, PROBED), validate_every=PROBED)
    laps = [time.process_time()]
    with tempfile.TemporaryDirectory() as kept:
        for _ in train(parts.training, parts.validation, config, Path(kept)):
            laps.append(time.process_time())
    setting_up, *steps, validation = [b - a for a, b in pairwise(laps)]
    left = seconds - setting_up - VALIDATIONS * validation
    return max(VALIDATIONS, int(left / statistics.median(steps)))


def bundled_flow(folder: Path, parts: Parts) -> tuple[ConditionalFlow, Bundle]:
    """The flow of a model folder.

    Raises:
        RequestError: if it wasn't trained here on the same kind of inputs, with the same images
            held back.
    """
    bundle = read_bundle(folder)
    require_held_back(bundle, parts.split)
    same = bundle.info.labels == parts.names and bundle.preprocess == parts.config.preprocess
    if not same or "steps" not in bundle.training:
        raise RequestError(
            f"Model {bundle.info.name} can't be compared: it wasn't trained here, or its classes "
            "or preprocessing are not those of the preset."
        )
    return load_weights(config_from_json(bundle.flow), folder), bundle
