"""Whether a model, or a file of weights, is sound."""

from pathlib import Path
from typing import Any

import torch

from magic_viewer.errors import ModelError
from magic_viewer.flow.base import draw_noise
from magic_viewer.flow.checkpoint import WEIGHTS, config_from_json, load_weights, weights_hash
from magic_viewer.flow.weights_file import read_weights
from magic_viewer.pipeline.library import read_bundle

TOLERANCE = 1e-4
"""Of the round trip, as a part of the grey range."""
TEMPERATURE = 0.7


@torch.no_grad()
def check_model(path: Path) -> dict[str, Any]:
    """Reads a model folder or a file of weights as if from a stranger.

    A folder's configuration and weights must fit, weights be finite, and samples of every label
    come back from their latents.

    Returns:
        What was found, as JSON values.

    Raises:
        ModelError: saying what isn't sound.
    """
    if not path.is_dir():
        state = read_weights(path)
        _require_finite(path, state)
        return {"tensors": len(state), "parameters": sum(v.numel() for v in state.values())}
    bundle = read_bundle(path)
    flow = load_weights(config_from_json(bundle.flow), path)
    _require_finite(path / WEIGHTS, flow.state_dict())
    worst = 0.0
    for label in range(len(bundle.info.labels)):
        labels = torch.tensor([label])
        x = flow.decode(TEMPERATURE * draw_noise([label], flow.dimensions), labels)
        back = flow.decode(flow.encode(x, labels), labels)
        worst = max(worst, (back - x).abs().max().item() * flow.config.scale)
    if not worst <= TOLERANCE:
        raise ModelError(
            f"{path}: its samples don't come back from their latents (error {worst:.1e} of the "
            f"grey range, at most {TOLERANCE:g} expected)."
        )
    return {
        "model": bundle.info.name,
        "classes": list(bundle.info.labels),
        "licence": bundle.info.licence,
        "calibrated": bundle.calibration is not None,
        "parameters": sum(p.numel() for p in flow.parameters()),
        "round_trip": worst,
        "sha256": weights_hash(path),
    }


def _require_finite(path: Path, state: dict[str, torch.Tensor]) -> None:
    for name, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ModelError(f"{path}: {name} has values that aren't finite.")
