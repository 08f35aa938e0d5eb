"""Weights of a flow as safetensors, and its configuration as plain values."""

import hashlib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from magic_viewer.errors import ModelError
from magic_viewer.flow.config import FlowConfig
from magic_viewer.flow.model import ConditionalFlow

WEIGHTS = "weights.safetensors"


def config_to_json(config: FlowConfig) -> dict[str, Any]:
    """A configuration as JSON values."""
    return asdict(config)


def config_from_json(values: dict[str, Any]) -> FlowConfig:
    """Undoes `config_to_json`.

    Raises:
        ModelError: naming the entries that don't belong, or are missing.
    """
    known = {field.name for field in fields(FlowConfig)}
    if unknown := sorted(set(values) - known):
        raise ModelError(f"The flow's configuration has unknown entries: {', '.join(unknown)}.")
    if "labels" not in values:
        raise ModelError("The flow's configuration names no labels.")
    entries: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return FlowConfig(**entries)


def save_weights(flow: ConditionalFlow, folder: Path) -> None:
    """Writes the flow's weights into a model folder, in half precision to half its size.

    What is loaded again is the flow to calibrate and to evaluate: its numbers differ slightly.
    """
    state = {
        name: value.half().contiguous() if value.is_floating_point() else value.contiguous()
        for name, value in flow.state_dict().items()
    }
    save_file(state, folder / WEIGHTS)


def load_weights(config: FlowConfig, folder: Path) -> ConditionalFlow:
    """Builds a flow and reads its weights from a model folder; on the CPU, for evaluation.

    Raises:
        ModelError: if the file is missing, damaged, or made for another configuration.
    """
    path = folder / WEIGHTS
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: expected weights in safetensors form; can't be read.") from error
    flow = ConditionalFlow(config)
    expected = {name: tuple(value.shape) for name, value in flow.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items()}
    if expected != found:
        wrong = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
        raise ModelError(
            f"{path}: doesn't fit its config.json. Names or shapes that differ: "
            f"{', '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''} ({len(wrong)} in all)."
        )
    flow.load_state_dict(state)
    return flow.eval()


def weights_hash(folder: Path) -> str:
    """SHA-256 of a model folder's weights, hex."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
