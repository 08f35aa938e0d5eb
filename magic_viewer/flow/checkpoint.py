"""Weights of a flow as safetensors, its configuration as plain values, published checkpoints."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from magic_viewer.errors import ModelError
from magic_viewer.flow.config import KINDS, WEIGHTS, FlowConfig
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.flow.weights_file import read_weights


def config_to_json(config: FlowConfig) -> dict[str, Any]:
    """A configuration as JSON values."""
    kind = next(name for name, of in KINDS.items() if type(config) is of)
    return {"kind": kind, **asdict(config)}


def config_from_json(values: dict[str, Any]) -> FlowConfig:
    """Undoes `config_to_json`.

    Raises:
        ModelError: naming the entries that don't belong, or are missing.
    """
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(
            f"The flow's configuration is of kind {kind!r}; expected one of: {', '.join(KINDS)}."
        )
    known = {field.name for field in fields(KINDS[kind])}
    if unknown := sorted(set(values) - known - {"kind"}):
        raise ModelError(f"The flow's configuration has unknown entries: {', '.join(unknown)}.")
    if "labels" not in values:
        raise ModelError("The flow's configuration names no labels.")
    return KINDS[kind](**{k: _tuples(v) for k, v in values.items() if k != "kind"})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def save_weights(flow: ConditionalFlow, folder: Path, half: bool = True) -> None:
    """Writes the flow's weights into a model folder.

    Args:
        flow: not folded.
        folder: of the model.
        half: in half precision, half the size. What is loaded again is then the flow to
            calibrate and to evaluate: its numbers differ slightly.
    """
    state = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in flow.state_dict().items()
    }
    save_file(state, folder / WEIGHTS)


def load_weights(config: FlowConfig, folder: Path) -> ConditionalFlow:
    """Builds a flow and reads its weights from a model folder; on the CPU, for evaluation.

    Raises:
        ModelError: if the file is missing, damaged, or made for another configuration.
    """
    path = folder / WEIGHTS
    state = read_weights(path)
    flow = empty_flow(config)
    compare_shapes(path, "config.json", flow.state_dict(), state)
    dtypes = {name: value.dtype for name, value in flow.state_dict().items()}
    state = {name: value.to(dtypes[name]) for name, value in state.items()}
    flow.load_state_dict(state, assign=True)
    return flow.eval()


def empty_flow(config: FlowConfig, custom_mask: Tensor | None = None) -> ConditionalFlow:
    """A flow whose weights are about to be loaded.

    Raises:
        ModelError: for a configuration that doesn't fit together.
    """
    try:
        return ConditionalFlow(config, custom_mask)
    except ValueError as error:
        raise ModelError(f"The flow's configuration doesn't fit together: {error}.") from error


def compare_shapes(
    path: Path, against: str, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]
) -> None:
    """Refuses weights whose names or shapes aren't those expected.

    Raises:
        ModelError: naming the first of them.
    """
    words = []
    for name in dict.fromkeys([*expected, *found]):
        if name not in found:
            words.append(f"{name} is missing")
        elif name not in expected:
            words.append(f"{name} is not known")
        elif found[name].shape != expected[name].shape:
            came, wanted = _size(found[name]), _size(expected[name])
            words.append(f"{name} is {came}, expected {wanted}")
    if words:
        more = f" … ({len(words)} in all)" if len(words) > 5 else ""
        raise ModelError(f"{path}: doesn't fit {against}: {'; '.join(words[:5])}{more}.")


def _size(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "a single value"


def weights_hash(folder: Path) -> str:
    """SHA-256 of a model folder's weights, hex."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
