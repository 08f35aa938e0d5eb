"""Checkpoints of the published MAGIC-Flow code become model folders."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from magic_viewer.errors import ModelError
from magic_viewer.flow.checkpoint import (
    config_from_json,
    config_to_json,
    load_weights,
    save_weights,
)
from magic_viewer.flow.interchange import (
    largest_differences,
    read_published_checkpoint,
    read_published_config,
)
from magic_viewer.pipeline.library import CARD, Bundle, read_bundle, write_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.pipeline.results import ModelInfo

PUBLISHED_SIZE = 184
TOLERANCE = 1e-4


def import_published(
    checkpoint: Path,
    config: Path,
    out: Path,
    mask: Path | None = None,
    labels: Sequence[str] | None = None,
) -> Bundle:
    """Writes a model folder with the weights of a published checkpoint, in full precision.

    It isn't calibrated yet: it can be verified and sampled, but gives no probabilities.

    Args:
        checkpoint: a `.pth` file.
        config: its configuration as JSON.
        out: the model folder to write.
        mask: image of the custom mask; white is passed to the network.
        labels: names of the classes, in their order.

    Raises:
        ModelError: if something can't be read, or doesn't fit together.
    """
    flow_config = read_published_config(config, tuple(labels) if labels else None)
    custom = None if mask is None else _read_mask(mask, flow_config.size)
    flow = read_published_checkpoint(checkpoint, flow_config, custom)
    out.mkdir(parents=True, exist_ok=True)
    save_weights(flow, out, half=False)
    name = out.resolve().name
    info = ModelInfo(
        name,
        name,
        flow_config.labels,
        f"Published MAGIC-Flow {flow_config.network} network, imported from {checkpoint.name}.",
        "unknown (that of the imported checkpoint)",
        flow_config.size,
    )
    border = 1 if flow_config.size == PUBLISHED_SIZE else 0
    bundle = Bundle(
        info,
        (),
        "sequence",
        config_to_json(flow_config),
        PreprocessConfig(size=flow_config.size, border=border),
        None,
        {},
    )
    write_bundle(out, bundle)
    (out / CARD).write_text(imported_card(bundle), encoding="utf-8")
    return bundle


def verify_published(folder: Path, expected: Path) -> dict[str, float]:
    """Largest relative difference of each quantity from the published code's own numbers.

    See `flow.interchange.largest_differences`; up to TOLERANCE is agreement.
    """
    flow = load_weights(config_from_json(read_bundle(folder).flow), folder)
    return largest_differences(flow, expected)


def _read_mask(path: Path, size: int) -> Tensor:
    try:
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"))
    except (OSError, UnidentifiedImageError) as error:
        raise ModelError(f"{path}: expected the mask as an image; can't be read.") from error
    if grey.shape != (size, size):
        came = f"{grey.shape[0]}×{grey.shape[1]}"
        raise ModelError(f"{path}: expected a mask of {size}×{size} pixels; came {came}.")
    return torch.from_numpy((grey > 127).astype(np.float32))


def imported_card(bundle: Bundle) -> str:
    """The card of an imported model, calibrated or not."""
    calibration = (
        f"none yet; `magic-viewer models calibrate {bundle.info.name} DATA` fits it on held-back\n"
        "  images. Until then the model gives no probabilities."
    )
    if bundle.calibration is not None:
        about = bundle.training
        calibration = (
            f"fitted on {about['calibration_images']} images of `{about['calibrated_on']}`\n"
            "  by `magic-viewer models calibrate`"
        )
    return f"""# {bundle.info.title}

{bundle.info.summary}

Research use. Not for diagnosis.

- **Classes:** {", ".join(bundle.info.labels)}
- **Licence of the weights:** {bundle.info.licence}
- **Calibration:** {calibration}

Written by `magic-viewer models import`.
"""
