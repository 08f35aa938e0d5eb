"""Whether a model, or a file of weights, is sound."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from magic_viewer.errors import MagicViewerError, ModelError
from magic_viewer.flow.base import draw_noise
from magic_viewer.flow.checkpoint import config_from_json, load_weights, weights_hash
from magic_viewer.flow.config import WEIGHTS
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.flow.weights_file import read_weights
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.library import CONFIG, read_bundle
from magic_viewer.progress import Progress, drain

TOLERANCE = 1e-4
"""Of the round trip, as a part of the grey range."""
TEMPERATURE = 0.7
_TESTING = "Testing the model"


def check_model(path: Path) -> dict[str, Any]:
    """Reads a model folder or a file of weights as if from a stranger.

    Returns:
        What was found, as JSON values.

    Raises:
        ModelError: saying what isn't sound.
    """
    if path.is_dir():
        return drain(check_steps(path))
    state = read_weights(path)
    _require_finite(path, state)
    return {"tensors": len(state), "parameters": sum(v.numel() for v in state.values())}


def check_steps(folder: Path) -> Generator[Progress, None, dict[str, Any]]:
    """`check_model` of a folder, class by class.

    Configuration and weights must fit, weights be finite, samples of every label come back from
    their latents, and a calibrated model classify one of them.
    """
    bundle = read_bundle(folder)
    steps = len(bundle.info.labels) + 2
    yield Progress(0, steps, _TESTING)
    try:
        flow = load_weights(config_from_json(bundle.flow), folder)
        _require_finite(folder / WEIGHTS, flow.state_dict())
        worst = 0.0
        for label in range(len(bundle.info.labels)):
            yield Progress(label + 1, steps, _TESTING)
            image, error = _round_trip(flow, label)
            worst = max(worst, error)
            if not worst <= TOLERANCE:
                raise ModelError(
                    f"{folder}: its samples don't come back from their latents (error {worst:.1e} "
                    f"of the grey range, at most {TOLERANCE:g} expected)."
                )
        found = {
            "model": bundle.info.name,
            "classes": list(bundle.info.labels),
            "licence": bundle.info.licence,
            "calibrated": bundle.calibration is not None,
            "parameters": sum(p.numel() for p in flow.parameters()),
            "round_trip": worst,
            "sha256": weights_hash(folder),
        }
        yield Progress(steps - 1, steps, _TESTING)
        if bundle.calibration is not None:
            Engine(bundle, flow, "", torch.device("cpu")).examine(Slice(image))
    except MagicViewerError:
        raise
    except Exception as error:
        raise ModelError(
            f"{folder}: {CONFIG} doesn't fit together or doesn't fit the weights."
        ) from error
    yield Progress(steps, steps, _TESTING)
    return found


@torch.no_grad()
def _round_trip(flow: ConditionalFlow, label: int) -> tuple[np.ndarray, float]:
    """A sample of a label, (size, size) float32, and how far off its latent's decoding is."""
    labels = torch.tensor([label])
    x = flow.decode(TEMPERATURE * draw_noise([label], flow.dimensions), labels)
    back = flow.decode(flow.encode(x, labels), labels)
    error = (back - x).abs().max().item() * flow.config.scale
    return x[0, 0].clamp(0, 255).numpy().astype(np.float32), error


def _require_finite(path: Path, state: dict[str, torch.Tensor]) -> None:
    for name, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ModelError(f"{path}: {name} has values that aren't finite.")
